// Package sessions is what a leader knows of clients' sessions beside the
// replicated table: when each was last heard of, anywhere, and which of its
// connections is the present one. Each attachment of a connection gets a
// generation, an epoch and a counter, without a record or a zxid. The higher
// generation is the present one, and what an earlier connection sent gets no
// zxid any more: a write that was on its way when the client moved cannot come
// after what it sent since.
//
// None of it is replicated. A new leader asks the servers which connections they
// have, and gives every session its whole time anew.
//
// Pure: time is given, as a monotonic duration and, for new ids, as wall time.
package sessions

import (
	"time"

	"troupe/cluster/expiry"
	"troupe/wire"
)

// Table is a leader's knowledge of sessions.
type Table struct {
	tracker *expiry.Tracker
	slack   func(timeout time.Duration) time.Duration
	live    map[wire.SessionID]wire.Generation
	last    wire.Generation
	next    map[wire.ServerID]wire.SessionID
}

// New starts in an epoch, with the sessions that exist and their timeouts in
// milliseconds. Ticks come every tick. Slack is what is granted on top of a
// timeout, because others hear of clients first.
func New(e wire.Epoch, existing map[wire.SessionID]int32, tick, now time.Duration, slack func(time.Duration) time.Duration) *Table {
	t := &Table{tracker: expiry.NewTracker(tick, now), slack: slack, live: make(map[wire.SessionID]wire.Generation),
		next: make(map[wire.ServerID]wire.SessionID)}
	t.Step(e)
	for id, timeout := range existing {
		t.track(id, timeout, now)
	}
	return t
}

// Step goes over to a later epoch.
func (t *Table) Step(e wire.Epoch) { t.last = max(t.last, wire.Generation(uint64(e)<<32)) }

func (t *Table) track(id wire.SessionID, ms int32, now time.Duration) {
	timeout := time.Duration(ms) * time.Millisecond
	t.tracker.Add(id, timeout+t.slack(timeout), now)
}

// Report takes a connection that a server has. It is false if the session has a
// later one, which is returned.
func (t *Table) Report(a wire.Attachment) (wire.Generation, bool) {
	if have := t.live[a.Session]; have > a.Generation {
		return have, false
	}
	t.live[a.Session] = a.Generation
	return a.Generation, true
}

// Admit attaches a connection on a server to a session, to a new one if id is 0,
// under a new generation. Wall is the wall clock, milliseconds since 1970. A
// session that is over, or about to be, is none: then both are 0.
func (t *Table) Admit(at wire.ServerID, id wire.SessionID, timeout int32, now time.Duration, wall int64) (wire.SessionID, wire.Generation) {
	if id != 0 && !t.tracker.Has(id) {
		return 0, 0
	}
	t.last++
	if id == 0 {
		id = t.fresh(at, wall)
	}
	t.live[id] = t.last
	t.track(id, timeout, now)
	return id, t.last
}

// fresh gives out an id that no session has: the server in the top byte, then 40
// bits of milliseconds, then a counter. It starts from the epoch, since clocks
// differ: no earlier leader's sessions had these.
func (t *Table) fresh(at wire.ServerID, wall int64) wire.SessionID {
	id, started := t.next[at]
	if !started {
		id = wire.SessionID(uint64(at)<<56 | uint64(wall)<<24>>8 | uint64(t.last)>>32&0xff<<8)
	}
	for t.tracker.Has(id) {
		id++
	}
	t.next[at] = id + 1
	return id
}

// Pass tells whether a write may get a zxid: not if its connection has been
// replaced. A session that closes is forgotten.
func (t *Table) Pass(d *wire.Record) bool {
	if d.Generation < t.live[d.Session] {
		return false
	}
	if d.Op == wire.OpCloseSession {
		t.tracker.Remove(d.Session)
		delete(t.live, d.Session)
	}
	return true
}

// Touch tells that a session was heard of.
func (t *Table) Touch(id wire.SessionID, now time.Duration) { t.tracker.Touch(id, now) }

// Tick lets time pass and returns the sessions that are over, which are then
// forgotten.
func (t *Table) Tick(now time.Duration) []wire.SessionID {
	over := t.tracker.Tick(now)
	for _, id := range over {
		delete(t.live, id)
	}
	return over
}
