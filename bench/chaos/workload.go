package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"troupe/bench/client"
	"troupe/wire"
)

const (
	root           = "/chaos"
	sessionTimeout = 10 * time.Second
	connectTimeout = 200 * time.Millisecond // for one server, then the next is tried
	retryPause     = 10 * time.Millisecond
	// pace is between two operations of a session: histories must stay short
	// enough to be judged.
	pace = 4 * time.Millisecond
	// Registers are replaced after a while for the same reason.
	registers     = 4
	registerSpell = 5 * time.Second
)

// crowd is the sessions of a run.
type crowd struct {
	began   time.Time
	addrs   []string
	spells  int // for which there are registers
	history History
	numbers atomic.Int64 // of sessions

	cancel context.CancelFunc
	works  sync.WaitGroup
	mu     sync.Mutex
	failed error // of a worker
}

// gather makes the znodes and sets sessions to work until the crowd is dismissed.
func gather(ctx context.Context, addrs []string, sessions int, seed uint64, span time.Duration) (*crowd, error) {
	c := &crowd{addrs: addrs, spells: int(span/registerSpell) + 1}
	if err := c.prepare(ctx); err != nil {
		return nil, fmt.Errorf("prepare the tree: %w", err)
	}
	ctx, c.cancel = context.WithCancel(ctx)
	c.began = time.Now()
	for i := range sessions {
		w := &worker{crowd: c, place: i, rnd: rand.New(rand.NewPCG(seed, uint64(i)+1))}
		c.works.Go(func() { c.note(w.work(ctx)) })
	}
	return c, nil
}

// prepare makes the registers, and parents for what sessions create.
func (c *crowd) prepare(ctx context.Context) error {
	conn, err := client.Dial(ctx, client.Options{Servers: c.addrs, SessionTimeout: sessionTimeout})
	if err != nil {
		return err
	}
	paths := []string{root, root + "/made", root + "/numbered", root + "/live"}
	for spell := range c.spells {
		for k := range registers {
			paths = append(paths, registerPath(spell, k))
		}
	}
	for _, p := range paths {
		if _, err := conn.Create(ctx, p, nil, wire.OpenACL, wire.ModePersistent); err != nil {
			return errors.Join(err, conn.Close(ctx))
		}
	}
	return conn.Close(ctx)
}

func registerPath(spell, k int) string { return fmt.Sprintf("%s/register%d-%d", root, spell, k) }

func (c *crowd) note(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed = errors.Join(c.failed, err)
}

// dismiss ends all sessions and tells what they have done.
func (c *crowd) dismiss() ([]Op, error) {
	c.cancel()
	c.works.Wait()
	return c.history.All(), c.failed
}

// worker is one session after the other: an expired one is followed by the next.
type worker struct {
	*crowd
	place   int
	rnd     *rand.Rand
	session *client.Session
	number  int
	made    int
	seen    map[string]int32 // versions of registers
}

// closeTime is how long a session may take to end.
const closeTime = 20 * time.Second

func (w *worker) work(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := w.live(ctx); err != nil {
			return err
		}
	}
	return nil
}

// live is the life of one session.
func (w *worker) live(ctx context.Context) error {
	session, err := client.Open(client.Options{Servers: w.servers(),
		SessionTimeout: sessionTimeout, ConnectTimeout: connectTimeout, RetryPause: retryPause}, nil)
	if err != nil {
		return err
	}
	w.session, w.number, w.seen = session, int(w.numbers.Add(1)), make(map[string]int32)
	_, err = session.Create(ctx, fmt.Sprintf("%s/live/%d", root, w.number), nil, wire.OpenACL, wire.ModeEphemeral)
	for tick := time.NewTicker(pace); ctx.Err() == nil && !errors.Is(err, client.ErrSessionExpired); <-tick.C {
		err = w.one(ctx)
	}
	// A session that is not closed expires; the end of the run waits for neither.
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	if err := session.Close(late); err != nil && !errors.Is(err, client.ErrSessionExpired) && !errors.Is(err, client.ErrConnectionLost) {
		return fmt.Errorf("session %d does not close: %w", w.number, err)
	}
	return nil
}

// servers is what the session may connect to. The first sessions keep to one server
// each: if all could gather on one that falls silent, their patience with it would
// be measured, and not the ensemble.
func (w *worker) servers() []string {
	if w.place < len(w.addrs) {
		return w.addrs[w.place : w.place+1]
	}
	first := w.place % len(w.addrs)
	return slices.Concat(w.addrs[first:], w.addrs[:first])
}

// one does one operation.
func (w *worker) one(ctx context.Context) error {
	spell := min(int(time.Since(w.began)/registerSpell), w.spells-1)
	o := Op{Session: w.number, Path: registerPath(spell, w.rnd.IntN(registers))}
	switch n := w.rnd.IntN(100); {
	case n < 25:
		o.Kind = Read
	case n < 45:
		o.Kind = Peek
	case n < 65:
		o.Kind, o.Value = Write, w.fresh()
	case n < 85:
		o.Kind, o.Value, o.If = Swap, w.fresh(), w.seen[o.Path]
	case n < 95:
		o.Kind, o.Path = Create, fmt.Sprintf("%s/made/%s", root, w.fresh())
	default:
		o.Kind, o.Path = Sequence, root+"/numbered/n-"
	}
	if conn, err := w.session.Wait(ctx); err == nil {
		o.Server = conn.Server()
	}
	o.Begun = time.Since(w.began)
	err := w.call(ctx, &o)
	o.Ended = time.Since(w.began)
	o.settle(err)
	w.history.add(o)
	if o.Outcome == Done && o.Kind != Create && o.Kind != Sequence {
		w.seen[o.Path] = o.Version
	}
	return err
}

// fresh is a text that nobody else writes.
func (w *worker) fresh() string {
	w.made++
	return fmt.Sprintf("%d.%d", w.number, w.made)
}

func (w *worker) call(ctx context.Context, o *Op) (err error) {
	var stat wire.Stat
	var data []byte
	switch o.Kind {
	case Read:
		if err = w.session.Sync(ctx, o.Path); err == nil {
			data, stat, err = w.session.Get(ctx, o.Path, false)
		}
	case Peek:
		data, stat, err = w.session.Get(ctx, o.Path, false)
	case Write:
		stat, err = w.session.Set(ctx, o.Path, []byte(o.Value), client.AnyVersion)
	case Swap:
		stat, err = w.session.Set(ctx, o.Path, []byte(o.Value), o.If)
	case Create:
		_, err = w.session.Create(ctx, o.Path, nil, wire.OpenACL, wire.ModePersistent)
	case Sequence:
		o.Got, err = w.session.Create(ctx, o.Path, nil, wire.OpenACL, wire.ModePersistentSequential)
	}
	if o.Version = stat.Version; o.Kind == Read || o.Kind == Peek {
		o.Got = string(data)
	}
	return err
}
