package quorum

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"troupe/bench/client"
	"troupe/bench/process/mesh"
	"troupe/wire"
)

// TestPause_Leader: a leader that is stopped and goes on later finds another one in its place, and learns
// what it has missed; what it had proposed and nobody has is forgotten.
func TestPause_Leader(t *testing.T) {
	t.Parallel()
	e := start(t, mesh.Spec{})
	l := e.load(6, 10)
	for begun, round := time.Now(), 0; round < 2 || time.Since(begun) < minutes(t); round++ {
		l.more(200)
		leader := e.leader()
		e.signal(syscall.SIGSTOP, leader)
		l.moreWithin(200, 20*time.Second)
		e.signal(syscall.SIGCONT, leader)
		e.until("the old leader follows", patience, func() bool { return e.mode(leader) == "follower" })
	}
	l.more(200)
	l.end()
	l.account(e.agree())
}

// flood sets a few znodes over and over, as fast as it goes, over the leader: a tree that does not grow.
func (e *ensemble) flood(leader, bytes int) (sets *atomic.Int64) {
	e.Helper()
	const sessions, each = 6, 8
	sets = new(atomic.Int64)
	data := make([]byte, bytes)
	for i := range sessions {
		conn := e.session(leader, 30*time.Second)
		path := fmt.Sprintf("/flood%d", i)
		_, err := conn.Create(e.within(patience), path, nil, wire.OpenACL, wire.ModePersistent)
		e.must(err)
		var again func(client.Reply)
		again = func(r client.Reply) {
			if r.Err() == nil {
				sets.Add(1)
				_ = conn.Go(&wire.SetData{Path: path, Data: data, Version: client.AnyVersion}, again) // ends with the connection
			}
		}
		for range each {
			e.must(conn.Go(&wire.SetData{Path: path, Data: data, Version: client.AnyVersion}, again))
		}
	}
	return sets
}

// peakRSS is the most memory that a server has for a while, which sees work done.
func (e *ensemble) peakRSS(server int, d time.Duration) (peak int64) {
	e.Helper()
	e.never("the server has ended", d, func() bool {
		rss, err := e.Servers[server].RSS()
		e.must(err)
		peak = max(peak, rss)
		return false
	})
	return peak
}

// TestPause_Follower: while one follower is stopped under full load the others go on, and the leader's
// memory does not grow by what it misses.
func TestPause_Follower(t *testing.T) {
	e := start(t, mesh.Spec{})
	const bytes, most = 10 << 10, 100 << 20
	pause, warm := 2500*time.Millisecond, 1500*time.Millisecond
	if minutes(t) > 0 {
		pause, warm = time.Minute, 20*time.Second
	}
	leader := e.leader()
	victim := e.others(leader)[0]
	sets := e.flood(leader, bytes)
	before := e.peakRSS(leader, warm)
	e.signal(syscall.SIGSTOP, victim)
	was := sets.Load()
	peak := e.peakRSS(leader, pause)
	written := sets.Load() - was
	e.signal(syscall.SIGCONT, victim)
	began := time.Now()
	e.until("the follower is back", patience, func() bool { return e.mode(victim) == "follower" && e.elections(victim) > 1 })
	t.Logf("stopped for %v while %d MiB were written: the leader's resident memory was at most %d MiB before and %d then; back after %v",
		pause, written*bytes>>20, before>>20, peak>>20, time.Since(began).Round(time.Millisecond))
	if peak-before > most {
		t.Errorf("the leader's memory grew by %d MiB", (peak-before)>>20)
	}
	if e.mode(leader) != "leader" || written == 0 {
		t.Errorf("the leader is %q now; %d writes", e.mode(leader), written)
	}
}

// TestIsolate cuts the leader off without a sign, both ways and one way: the others go on, it does not, and
// all is well once it is back.
func TestIsolate(t *testing.T) {
	t.Parallel()
	e := start(t, mesh.Spec{Cuttable: true})
	l := e.load(6, 10)
	cuts := []func(leader int){
		e.Isolate,
		func(leader int) { // it is heard and does not hear
			for _, i := range e.others(leader) {
				e.Cut(i, leader)
			}
		},
		func(leader int) { // it hears and is not heard
			for _, i := range e.others(leader) {
				e.Cut(leader, i)
			}
		},
	}
	for _, cut := range cuts {
		l.more(200)
		leader := e.leader()
		cut(leader)
		e.until("another leads, alone", 20*time.Second, func() bool {
			leading := e.With(e.ctx, "leader")
			return len(leading) == 1 && leading[0] != leader
		})
		l.moreWithin(200, 20*time.Second)
		e.Heal()
		e.until("the old leader follows", patience, func() bool { return e.mode(leader) == "follower" })
	}
	l.more(200)
	l.end()
	l.account(e.agree())
}

// TestIsolate_OneLink: two servers that do not reach each other, and a third that both reach, serve.
func TestIsolate_OneLink(t *testing.T) {
	e := start(t, mesh.Spec{Cuttable: true})
	l := e.load(3, 10)
	l.more(100)
	leader := e.leader()
	other := e.others(leader)[0]
	e.Cut(leader, other)
	e.Cut(other, leader)
	l.moreWithin(2000, 30*time.Second)
	e.Heal()
	e.up()
	e.until("all serve with one leader", patience, func() bool {
		return len(e.With(e.ctx, "leader")) == 1 && len(e.With(e.ctx, "follower")) == 2
	})
	l.end()
	l.account(e.agree())
}
