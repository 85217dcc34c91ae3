package crash

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"troupe/bench/client"
	"troupe/bench/process"
	"troupe/wire"
)

const (
	workers   = 6
	patience  = 60 * time.Second // for anything but the load
	mostLoad  = 120 * time.Millisecond
	mostStart = 60 * time.Millisecond // when a start is to be killed
)

// siege is one server and all that is done to it.
type siege struct {
	*testing.T
	server  *process.Server
	rng     *rand.Rand
	workers []*worker
	guests  []*guest
	before  *observation
	parent  string // of this round's shared sequential nodes

	acknowledged, unknown, carriedOut, starts int
	slowest                                   time.Duration // start
}

func newSiege(t *testing.T, spec process.Spec) *siege {
	seed := rand.Uint64()
	server, err := process.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Kill(); err != nil {
			t.Error(err)
		}
	})
	s := &siege{T: t, server: server, rng: rand.New(rand.NewPCG(seed, 0))}
	s.with(func(ctx context.Context, conn *client.Conn) error {
		paths := []string{sharedRoot, contended, guestRoot}
		for i := range workers {
			w := newWorker(server.Addr, fmt.Sprintf("/w%d", i), seed+uint64(i))
			s.workers = append(s.workers, w)
			paths = append(paths, w.root)
		}
		for _, path := range paths {
			if _, err := conn.Create(ctx, path, nil, wire.OpenACL, wire.ModePersistent); err != nil {
				return err
			}
		}
		s.before, err = observe(ctx, conn)
		return err
	})
	for _, w := range s.workers {
		w.base = &state{nodes: map[string]node{}}
		for path, n := range s.before.below(w.root) {
			w.base.nodes[path] = node{n.data, withoutTimes(n.stat)}
		}
	}
	return s
}

// with does something over a connection of its own.
func (s *siege) with(do func(context.Context, *client.Conn) error) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	conn, err := client.Dial(ctx, client.Options{Servers: []string{s.server.Addr}, SessionTimeout: longTimeout})
	if err != nil {
		s.Fatal(err)
	}
	if err := errors.Join(do(ctx, conn), conn.Close(ctx)); err != nil {
		s.Fatal(err)
	}
}

func (s *siege) run(kills int) {
	for round := range kills {
		s.prepare(round)
		s.loadAndKill(time.Duration(s.rng.Int64N(int64(mostLoad))))
		s.killStarts()
		s.restart()
		s.account(round)
		if s.Failed() {
			return
		}
	}
	s.expireGuests()
	s.Logf("%d kills, %d starts (the slowest to its end took %v), %d requests acknowledged, %d unknown of which %d were carried out",
		kills, s.starts, s.slowest.Round(time.Millisecond), s.acknowledged, s.unknown, s.carriedOut)
	if s.acknowledged < kills*workers {
		s.Errorf("only %d requests were acknowledged: there was no load", s.acknowledged)
	}
}

// prepare makes the round's shared parent, removes the one that two restarts
// have shown, and lets guests in.
func (s *siege) prepare(round int) {
	s.parent = fmt.Sprintf("%s/%d", sharedRoot, round)
	s.with(func(ctx context.Context, conn *client.Conn) error {
		if _, err := conn.Create(ctx, s.parent, nil, wire.OpenACL, wire.ModePersistent); err != nil {
			return err
		}
		old := fmt.Sprintf("%s/%d", sharedRoot, round-2)
		if _, found := s.before.nodes[old]; found {
			if err := s.remove(ctx, conn, old); err != nil {
				return err
			}
		}
		for _, long := range []bool{true, false} {
			g, err := invite(ctx, s.server.Addr, round, long)
			if err != nil {
				return err
			}
			s.guests = append(s.guests, g)
		}
		for _, w := range s.workers {
			w.ops, w.gen.parent, w.gen.guess = nil, s.parent, w.base.clone()
			if w.id == 0 {
				if err := w.open(ctx); err != nil {
					return err
				}
			}
		}
		var err error
		s.before, err = observe(ctx, conn)
		return err
	})
}

// remove deletes a shared parent with all below it, in one transaction.
func (s *siege) remove(ctx context.Context, conn *client.Conn, parent string) error {
	var ops []wire.Request
	for path := range s.before.below(parent) {
		if path != parent {
			ops = append(ops, &wire.Delete{Path: path, Version: 0})
		}
	}
	_, err := conn.Multi(ctx, append(ops, &wire.Delete{Path: parent, Version: 0})...)
	return err
}

// loadAndKill has all workers load the server for a while, until it is killed.
func (s *siege) loadAndKill(while time.Duration) {
	var all sync.WaitGroup
	for _, w := range s.workers {
		all.Go(func() { w.load(s.Context()) })
	}
	<-time.After(while)
	if err := s.server.Kill(); err != nil {
		s.Fatal(err)
	}
	all.Wait()
}

// killStarts starts the server, and kills it before it serves, or just after.
func (s *siege) killStarts() {
	for s.rng.IntN(3) == 0 {
		s.starts++
		ctx, cancel := context.WithTimeout(s.Context(), time.Duration(s.rng.Int64N(int64(mostStart))))
		err := s.server.Restart(ctx)
		cancel()
		switch {
		case err == nil: // it was faster
			err = s.server.Kill()
		case errors.Is(err, context.DeadlineExceeded):
			err = nil
		}
		if err != nil {
			s.Fatal(err)
		}
	}
}

// restart starts the server again.
func (s *siege) restart() {
	s.starts++
	begin := time.Now()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	if err := s.server.Restart(ctx); err != nil {
		s.Fatal(err)
	}
	s.slowest = max(s.slowest, time.Since(begin))
}

// examine resumes the sessions and reads the tree.
func (s *siege) examine() (*round, error) {
	r := &round{before: s.before, parent: s.parent}
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	for _, w := range s.workers {
		h := &history{root: w.root, base: w.base, ops: w.ops, session: w.id}
		var err error
		if h.resumed, err = w.resume(ctx); err != nil {
			return nil, fmt.Errorf("resume session %v: %w", h.session, err)
		}
		r.histories = append(r.histories, h)
	}
	conn, err := client.Dial(ctx, client.Options{Servers: []string{s.server.Addr}})
	if err != nil {
		return nil, err
	}
	r.after, err = observe(ctx, conn)
	return r, errors.Join(err, conn.Close(ctx))
}

// account has the round judged.
func (s *siege) account(number int) {
	r, err := s.examine()
	if err != nil {
		s.Fatalf("after kill %d: %v", number+1, err)
	}
	v := r.judge()
	for _, c := range v.complaints {
		s.Errorf("after kill %d: %s", number+1, c)
	}
	if s.Failed() {
		return
	}
	for i, w := range s.workers {
		w.base = v.states[i]
		s.count(w.ops)
	}
	s.carriedOut += v.carriedOut
	s.before = r.after
	s.receive(number)
}

func (s *siege) count(ops []*op) {
	for _, o := range ops {
		if o.known {
			s.acknowledged++
		} else {
			s.unknown++
		}
	}
}

// receive looks after the guests; those that have stayed long enough leave.
func (s *siege) receive(round int) {
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	var stay []*guest
	for _, g := range s.guests {
		if err := g.inspect(s.before); err != nil {
			s.Error(err)
		}
		if !g.long || round < g.round+guestStay {
			stay = append(stay, g)
			continue
		}
		if err := g.leave(ctx, s.server.Addr); err != nil {
			s.Error(err)
		}
		left := *g
		left.long, left.gone = false, true // closed is gone at once
		stay = append(stay, &left)
	}
	s.guests = stay
}

// expireGuests waits until all with a short timeout are gone.
func (s *siege) expireGuests() {
	s.with(func(ctx context.Context, conn *client.Conn) error {
		ticker := time.NewTicker(20 * time.Millisecond)
		defer ticker.Stop()
		for {
			names, _, err := conn.Children(ctx, guestRoot, false)
			if err != nil || !strings.Contains(strings.Join(names, " "), "long=false") {
				return err
			}
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return fmt.Errorf("sessions with a timeout of %v do not expire: %q", shortTimeout, names)
			}
		}
	})
}
