// Package expiry decides when sessions are over. It is pure: time is given, as
// a monotonic duration since some fixed point, and the caller acts.
//
// Sessions lie in buckets of one tick, by the tick in which they run out
// (rounded up), so a tick looks only at what is due.
package expiry

import (
	"slices"
	"time"

	"troupe/wire"
)

// Tracker knows the timeouts of sessions and when each was last heard of.
type Tracker struct {
	tick     time.Duration
	now      time.Duration // at the last tick
	lost     time.Duration // what ticks came too late by, in all
	sessions map[wire.SessionID]*entry
	buckets  map[int64]map[wire.SessionID]struct{}
	next     int64 // first bucket not looked at yet
	spared   bool  // by the last tick, which was late
}

type entry struct {
	timeout time.Duration
	bucket  int64
}

// NewTracker starts at now, with buckets of one tick.
func NewTracker(tick, now time.Duration) *Tracker {
	t := &Tracker{tick: tick, now: now, sessions: make(map[wire.SessionID]*entry),
		buckets: make(map[int64]map[wire.SessionID]struct{})}
	t.next = t.bucket(now)
	return t
}

// bucket is the first tick that ends at or after a time.
func (t *Tracker) bucket(at time.Duration) int64 { return int64((at + t.tick - 1) / t.tick) }

// Add starts or restarts a session's time, as of now, which lies between two ticks.
func (t *Tracker) Add(id wire.SessionID, timeout, now time.Duration) {
	e := t.sessions[id]
	if e == nil {
		e = &entry{bucket: -1}
		t.sessions[id] = e
	}
	e.timeout = timeout
	t.place(id, e, now-t.lost)
}

// Touch tells that a session was heard of now; false if there is none.
func (t *Tracker) Touch(id wire.SessionID, now time.Duration) bool {
	e := t.sessions[id]
	if e == nil {
		return false
	}
	t.place(id, e, now-t.lost)
	return true
}

// place puts a session into the bucket its time runs out in.
func (t *Tracker) place(id wire.SessionID, e *entry, now time.Duration) {
	b := max(t.bucket(now+e.timeout), t.next)
	if b == e.bucket {
		return
	}
	t.leave(id, e)
	e.bucket = b
	in := t.buckets[b]
	if in == nil {
		in = make(map[wire.SessionID]struct{})
		t.buckets[b] = in
	}
	in[id] = struct{}{}
}

func (t *Tracker) leave(id wire.SessionID, e *entry) {
	if in := t.buckets[e.bucket]; in != nil {
		delete(in, id)
		if len(in) == 0 {
			delete(t.buckets, e.bucket)
		}
	}
}

// Has tells whether a session is tracked.
func (t *Tracker) Has(id wire.SessionID) bool { return t.sessions[id] != nil }

// Remove forgets a session.
func (t *Tracker) Remove(id wire.SessionID) {
	if e := t.sessions[id]; e != nil {
		t.leave(id, e)
		delete(t.sessions, id)
	}
}

// Len is the number of sessions tracked.
func (t *Tracker) Len() int { return len(t.sessions) }

// longPause is a pause after which everybody's time starts anew: clients have
// noticed it, and need time to come back.
const longPause = time.Second

// Tick moves time on and returns the sessions that are over, which are then
// forgotten. A tick that comes more than one tick late means that this server
// was held up and could hear no one: what it is late by does not count. One that
// is late at all ends nothing, unless the last one did so, too: what came while
// the server was held up is to be heard first.
func (t *Tracker) Tick(now time.Duration) []wire.SessionID {
	late := now - t.now - t.tick
	t.now = max(now, t.now)
	if late > t.tick {
		t.lost += late
	}
	if late > max(longPause, t.tick) {
		for id, e := range t.sessions {
			t.place(id, e, t.now-t.lost)
		}
	}
	if t.spared = late > t.tick/4 && !t.spared; t.spared {
		return nil
	}
	var over []wire.SessionID
	for last := int64((t.now - t.lost) / t.tick); t.next <= last; t.next++ {
		for id := range t.buckets[t.next] {
			over = append(over, id)
		}
		for _, id := range over {
			t.Remove(id)
		}
	}
	slices.Sort(over) // so that a run can be repeated
	return over
}
