package chaos

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"troupe/wire"
)

// Every session makes an ephemeral, for which all sessions look now and then on
// their servers: it must be there while the session lives, and not for long after.

const (
	lives    = root + "/live"
	tick     = 2 * time.Second // tickTime of all servers
	lifetime = 100             // operations, about, of a session that is to die
	recent   = 12              // sessions for which is looked more often
)

// mortal does one operation of those that all do, and may then end the session in
// one way or the other.
func (w *worker) mortal(ctx context.Context) error {
	switch n := w.rnd.IntN(3 * lifetime); n {
	case 0:
		return errClose
	case 1, 2:
		return errDrop
	}
	return w.one(ctx)
}

// look asks for the life of some session.
func (w *worker) look() Op {
	newest := int(w.numbers.Load())
	number := 1 + w.rnd.IntN(newest)
	if w.rnd.IntN(2) == 0 {
		number = max(1, newest-w.rnd.IntN(recent))
	}
	return Op{Kind: Look, Path: fmt.Sprintf("%s/%d", lives, number)}
}

// life is what is known of a session.
type life struct {
	path    string
	timeout time.Duration
	made    time.Duration // when its ephemeral was there, for certain; 0 if that is not known
	heard   time.Duration // what was answered last had not been sent before
	closing time.Duration // when it asked to be closed; 0 if it did not
	died    time.Duration // since when nothing comes from it; 0 if it lives
	closed  bool          // for certain, by then
	dead    time.Duration // when it was told that it has expired
}

// biographies are those of all sessions, by number.
func biographies(ops []Op) map[int]*life {
	all := make(map[int]*life)
	for i := range ops {
		o := &ops[i]
		l := all[o.Session]
		if l == nil {
			l = &life{}
			all[o.Session] = l
		}
		if o.Outcome == Done && !o.noted() && o.Kind != Close {
			l.heard = max(l.heard, o.Begun)
		}
		switch o.Kind {
		case Live:
			l.path, l.timeout = o.Path, o.Timeout
			if o.Outcome == Done {
				l.made = o.Ended
			}
		case Close:
			l.closing, l.died, l.closed = o.Begun, o.Ended, o.Outcome == Done
		case Drop:
			l.died = o.Ended
		case Dead:
			l.dead, l.died = o.Ended, o.Ended
		}
	}
	return all
}

// lifetimes compares what was seen of sessions' ephemerals with what the sessions
// have done. A new leader gives every session its whole time again; a server that
// fails takes half a tick of what it has heard with it.
func lifetimes(e *Evidence) (found []Violation) {
	unrest := unrests(e)
	of := make(map[string]*life)
	all := biographies(e.Ops)
	for _, number := range slices.Sorted(maps.Keys(all)) {
		l := all[number]
		of[l.path] = l
		if l.dead > 0 && l.timeout > 0 && l.dead < l.heard+l.timeout-tick/2 {
			found = append(found, Violation{What: fmt.Sprintf("session %d, heard since %v, has expired by %v, before its timeout of %v",
				number, l.heard, l.dead, l.timeout)})
		}
	}
	for i := range e.Ops {
		o := &e.Ops[i]
		l := of[o.Path]
		if o.Kind != Look || o.Outcome != Done || l == nil || l.made == 0 {
			continue
		}
		due := max(l.died, before(unrest, o.Begun)) + l.timeout*3/2 + tick
		switch there := o.Made != 0; {
		case there && l.closed && o.Begun > l.died:
			found = append(found, Violation{What: fmt.Sprintf("%s is on %s at %v, its session was closed at %v", o.Path, o.Server, o.Begun, l.died)})
		case there && l.died > 0 && o.Begun > due:
			found = append(found, Violation{What: fmt.Sprintf("%s is on %s at %v, its session left at %v and was to be gone by %v",
				o.Path, o.Server, o.Begun, l.died, due)})
		case !there && o.Begun > l.made && (l.closing == 0 || o.Ended < l.closing) && o.Ended < l.heard+l.timeout-tick/2:
			found = append(found, Violation{What: fmt.Sprintf("%s is not on %s at %v, its session was heard since %v, with a timeout of %v",
				o.Path, o.Server, o.Ended, l.heard, l.timeout)})
		}
	}
	return found
}

// unrests are the moments at which there was no leader, or a new one.
func unrests(e *Evidence) (at []time.Duration) {
	last := 0
	for _, s := range e.Seats {
		if s.Leader == 0 || s.Leader != last {
			at = append(at, s.At)
		}
		last = s.Leader
	}
	epoch := wire.Epoch(0) // a leader may be followed by itself
	for i := range e.Ops {
		if o := &e.Ops[i]; o.Zxid.Epoch() > epoch {
			epoch = o.Zxid.Epoch()
			at = append(at, o.Ended)
		}
	}
	slices.Sort(at)
	return at
}

// before is the last of some times that is not later; 0 if there is none.
func before(times []time.Duration, at time.Duration) time.Duration {
	i, found := slices.BinarySearchFunc(times, at, cmp.Compare)
	if found {
		return at
	}
	if i == 0 {
		return 0
	}
	return times[i-1]
}

// ephemerals looks for some: all sessions are closed.
func ephemerals(e *Evidence) (found []Violation) {
	for _, server := range slices.Sorted(maps.Keys(e.Trees)) {
		for p, n := range e.Trees[server] {
			if n.Stat.EphemeralOwner != 0 {
				found = append(found, Violation{What: fmt.Sprintf("%s of session %#x is on %s", p, n.Stat.EphemeralOwner, server)})
			}
		}
	}
	return found
}
