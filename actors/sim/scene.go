package sim

import "time"

// Scene is a special beginning, or an accident that is not one of every day.
type Scene int

// The scenes.
const (
	Ordinary       Scene = iota
	FirstStart           // only as many as are needed are there at first
	WipedOne             // one of three has lost its disk
	WipedTwo             // two of five have
	Stepping             // the counter is spent soon, again and again
	SpoiltFollower       // a follower's tree is not the others'
	SpoiltLeader         // the leader's is not
	Lonely               // one voter, one observer
	Unsteady             // crashes at the worst moments, more often than not
	Stalled              // who leads is held up again and again
	Restless             // clients move a lot, and what they sent before takes long
	Scenes               // how many come in turn
	ShakyStart           // servers crash while the ensemble starts for the first time
)

// shape fixes what the scene needs.
func (s Scene) shape(w *world, voters, observers *int) {
	switch s {
	case ShakyStart:
		w.params.faultsFrom, w.params.nerves = 0, 2
	case WipedOne, SpoiltFollower, SpoiltLeader:
		*voters = 3
	case WipedTwo:
		*voters = 5
	case Stepping:
		w.params.lastCounter = uint32(3 + w.rnd.IntN(20))
	case Unsteady:
		*voters, *observers = 3, 0
		w.params.nerves, w.params.windowBytes = 1, 250
		w.params.think, w.params.pipes = 10*time.Millisecond, 4
		w.params.lag, w.params.disk = 80*time.Millisecond, 2*time.Millisecond
	case Restless:
		w.params.restless = true
	case Lonely:
		*voters, *observers = 1, 1
	}
}

// corrupts tells whether trees are changed behind everybody's back.
func (s Scene) corrupts() bool { return s == SpoiltFollower || s == SpoiltLeader }

// prepare starts the servers, and plans the accident.
func (s Scene) prepare(w *world) {
	late := 0
	if s == FirstStart || s == ShakyStart {
		late = (len(w.voters) - 1) / 2
	}
	for i, n := range w.nodes {
		if i < late {
			w.at(w.between(2*time.Second, 4*time.Second), n.boot)
		} else {
			w.at(w.upTo(200*time.Millisecond), n.boot)
		}
		if w.params.trims {
			w.trimming(n)
		}
	}
	switch s {
	case WipedOne:
		w.at(w.between(2*time.Second, 8*time.Second), func() { w.wipe(pick(w, w.nodes[:3])) })
	case WipedTwo:
		w.at(w.between(2*time.Second, 8*time.Second), func() { w.wipe(pick(w, w.nodes[:5])) })
		w.at(w.between(2*time.Second, 8*time.Second), func() { w.wipe(pick(w, w.nodes[:5])) })
	case Stalled:
		w.harass(stall)
	case Restless:
		w.harass(fault{"desertion", 1200 * time.Millisecond, time.Second, desertion})
	case SpoiltFollower, SpoiltLeader:
		w.at(w.between(1500*time.Millisecond, 8*time.Second), w.spoilOne)
	}
}

// trimming makes checkpoints and trims the log behind them, now and then.
func (w *world) trimming(n *node) {
	w.after(w.upTo(3*time.Second), func() {
		n.keep()
		w.trimming(n)
	})
}

// wipe takes a server's disk away.
func (w *world) wipe(n *node) {
	if n.alive {
		n.crash(false)
	}
	w.tracef("WIPED %d", n.id)
	n.disk.wipe()
	w.after(w.upTo(time.Second), n.boot)
}

// spoilOne spoils a tree while a quorum of others serves.
func (w *world) spoilOne() {
	serving := 0
	for _, n := range w.nodes {
		if n.serving {
			serving++
		}
	}
	for _, n := range w.nodes {
		if serving == len(w.nodes) && n.voter && (n.leader != nil) == (w.o.Scene == SpoiltLeader) {
			n.spoil()
			return
		}
	}
	w.after(100*time.Millisecond, w.spoilOne)
}

// harass has a fault befall who leads, again and again.
func (w *world) harass(f fault) {
	for range 12 {
		w.at(w.between(w.params.faultsFrom, w.params.faultsUntil), func() {
			for _, n := range w.nodes {
				if n.leader != nil {
					w.hit(f, n)
					return
				}
			}
		})
	}
}
