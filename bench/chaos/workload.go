package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"troupe/bench/client"
	"troupe/wire"
)

const (
	root           = "/chaos"
	sessionTimeout = 10 * time.Second
	shortTimeout   = 4 * time.Second        // of sessions that are to be seen dying: two ticks, the shortest there is
	connectTimeout = 200 * time.Millisecond // for one server, then the next is tried
	retryPause     = 10 * time.Millisecond
	closeTime      = 20 * time.Second // for a session to end
	// pace is between two operations of a session: histories must stay short
	// enough to be judged.
	pace = 4 * time.Millisecond
	// Registers are replaced after a while for the same reason.
	registers     = 4
	registerSpell = 5 * time.Second
	// hopEvery is after how many operations, about, a session leaves its server
	// though nothing is wrong with it.
	hopEvery = 400
)

// duty is what a worker does.
type duty struct {
	many    int // workers; those of the first duty are as many as the run is asked for
	timeout time.Duration
	pace    time.Duration // between two steps
	step    func(*worker, context.Context) error
}

var duties = []duty{
	{0, sessionTimeout, pace, (*worker).one},
	{2, shortTimeout, pace, (*worker).mortal},
	{2, sessionTimeout, 10 * pace, (*worker).pipeline},
	{3, shortTimeout, 5 * pace, (*worker).lock},
	{3, shortTimeout, 5 * pace, (*worker).candidate},
	{3, sessionTimeout, 5 * pace, (*worker).watch},
}

// What a step may say besides the session's end: that it shall be closed, or left
// to its timeout.
var (
	errClose = errors.New("the session has done its work")
	errDrop  = errors.New("the session is to die")
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
	c.history.began = c.began
	place := 0
	for i := range duties {
		d := duties[i]
		if i == 0 {
			d.many = sessions
		}
		for range d.many {
			w := &worker{crowd: c, duty: d, place: place, pinned: i == 0 && place < len(addrs), rnd: rand.New(rand.NewPCG(seed, uint64(place)+1))}
			c.works.Go(func() { c.note(w.work(ctx)) })
			place++
		}
	}
	return c, nil
}

// prepare makes the registers, and parents for what sessions create.
func (c *crowd) prepare(ctx context.Context) error {
	conn, err := client.Dial(ctx, client.Options{Servers: c.addrs, SessionTimeout: sessionTimeout})
	if err != nil {
		return err
	}
	paths := []string{root, root + "/made", root + "/numbered", lives, ordered, pairs, quotaed, counter}
	paths = slices.Concat(paths, groupPaths(), lockPaths(), watchedPaths(), quotaPaths())
	for spell := range c.spells {
		for k := range registers {
			paths = append(paths, registerPath(spell, k))
		}
	}
	for _, p := range paths {
		var data []byte
		if strings.HasPrefix(p, quotaRoot) {
			data = []byte(noLimits)
		}
		if _, err := conn.Create(ctx, p, data, wire.OpenACL, wire.ModePersistent); err != nil {
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

// worker is one session after the other: one that has ended is followed by the next.
type worker struct {
	*crowd
	duty   duty
	place  int
	pinned bool
	rnd    *rand.Rand
	made   int      // texts
	own    []string // what it has made and not cleared, the oldest first

	// Of the session that there is:
	session *client.Session
	number  int
	seen    map[string]int32 // versions of registers
	fired   chan struct{}    // a watch
	conn    *client.Conn     // on which requests are pipelined
	conns   int
	sent    int
	ready   bool // what the duty needs has been set up
}

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
	w.number, w.seen, w.fired = int(w.numbers.Add(1)), make(map[string]int32), make(chan struct{}, 1)
	w.conn, w.conns, w.sent, w.ready = nil, 0, 0, false
	options := client.Options{Servers: w.servers(), SessionTimeout: w.duty.timeout, ConnectTimeout: connectTimeout,
		RetryPause: retryPause, OnEvent: w.event}
	session, err := client.Open(options, func(s client.State) {
		if s == client.Connecting {
			w.tell(Op{Kind: Lost})
		}
	})
	if err != nil {
		return err
	}
	w.session = session
	if conn, err := session.Wait(ctx); err == nil {
		_, err = w.ask(ctx, Op{Kind: Live, Path: fmt.Sprintf("%s/%d", lives, w.number), Timeout: conn.SessionTimeout()})
		for tick := time.NewTicker(w.duty.pace); ctx.Err() == nil && !over(err); <-tick.C {
			if w.rnd.IntN(hopEvery) == 0 {
				w.hop(ctx)
			}
			err = w.duty.step(w, ctx)
		}
		return w.leave(ctx, err)
	}
	session.Abandon()
	return nil
}

// over tells whether a step was the session's last.
func over(err error) bool {
	return errors.Is(err, client.ErrSessionExpired) || errors.Is(err, errClose) || errors.Is(err, errDrop)
}

// hop has the session go to its next server.
func (w *worker) hop(ctx context.Context) {
	if conn, err := w.session.Wait(ctx); err == nil {
		conn.Abandon()
	}
}

// leave ends the session as the last step wants it.
func (w *worker) leave(ctx context.Context, last error) error {
	defer w.session.Abandon()
	switch {
	case errors.Is(last, client.ErrSessionExpired):
		w.tell(Op{Kind: Dead})
		return nil
	case errors.Is(last, errDrop):
		w.session.Abandon()
		w.tell(Op{Kind: Drop})
		return nil
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	// One that is not closed expires; nothing waits for that.
	_, err := w.ask(late, Op{Kind: Close})
	if err == nil || ctx.Err() == nil || errors.Is(err, client.ErrSessionExpired) || errors.Is(err, client.ErrConnectionLost) {
		return nil
	}
	return fmt.Errorf("session %d does not close: %w", w.number, err)
}

// servers is what the session may connect to. The first sessions keep to one server
// each: if all could gather on one that falls silent, their patience with it would
// be measured, and not the ensemble.
func (w *worker) servers() []string {
	first := w.place % len(w.addrs)
	if w.pinned {
		return w.addrs[first : first+1]
	}
	return slices.Concat(w.addrs[first:], w.addrs[:first])
}

// event is called where replies come in.
func (w *worker) event(e wire.WatchEvent) {
	w.tell(Op{Kind: Fired, Path: e.Path, Value: happened[e.Type]})
	select {
	case w.fired <- struct{}{}:
	default:
	}
}

// mix is what one operation may be, and how often in a hundred.
var mix = []struct {
	often int
	plan  func(*worker) Op
}{
	{18, func(w *worker) Op { return Op{Kind: Read, Path: w.register()} }},
	{16, func(w *worker) Op { return Op{Kind: Peek, Path: w.register()} }},
	{16, func(w *worker) Op { return Op{Kind: Write, Path: w.register(), Value: w.fresh()} }},
	{16, (*worker).swap},
	{6, func(w *worker) Op { return Op{Kind: Create, Path: root + "/made/" + w.fresh()} }},
	{4, func(w *worker) Op { return Op{Kind: Sequence, Path: root + "/numbered/n-"} }},
	{6, (*worker).look},
	{8, (*worker).group},
	{6, (*worker).fill},
	{4, (*worker).count},
}

// one does one operation.
func (w *worker) one(ctx context.Context) error {
	if len(w.own) > kept {
		oldest := w.own[0]
		w.own = w.own[1:]
		_, err := w.ask(ctx, Op{Kind: Clear, Path: oldest})
		return err
	}
	n, i := w.rnd.IntN(100), 0
	for ; n >= mix[i].often; i++ {
		n -= mix[i].often
	}
	o, err := w.ask(ctx, mix[i].plan(w))
	if o.Outcome == Done && slices.Contains(versioned, o.Kind) {
		w.seen[o.Path] = o.Version
	}
	if path := o.makes(); path != "" && (o.Outcome == Done || o.Outcome == Unknown) {
		w.own = append(w.own, path)
	}
	return err
}

// register is one of those in use.
func (w *worker) register() string {
	spell := min(int(time.Since(w.began)/registerSpell), w.spells-1)
	return registerPath(spell, w.rnd.IntN(registers))
}

func (w *worker) swap() Op {
	path := w.register()
	return Op{Kind: Swap, Path: path, Value: w.fresh(), If: w.seen[path]}
}

// fresh is a text that nobody else writes.
func (w *worker) fresh() string {
	w.made++
	return fmt.Sprintf("%d.%d", w.number, w.made)
}
