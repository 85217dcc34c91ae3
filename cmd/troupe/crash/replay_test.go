package crash

import (
	"math/rand/v2"
	"reflect"

	"troupe/wire"
)

// What a server would show that did not do what it said: a worker's requests are played again from
// the beginning of the round, some of them otherwise.

// play applies, for each request of a worker, what instead says: the unknown ones
// as transactions that nobody knows of.
func play(w *world, h *history, instead func(i int, o *op) []wire.Request) *state {
	s := h.base.clone()
	fresh := w.round.after.zxid
	for i, o := range h.ops {
		zxid := o.zxid
		if !o.known {
			fresh++
			zxid = fresh
		}
		for _, req := range instead(i, o) {
			s.apply(req, zxid, o.session)
		}
	}
	w.round.after.zxid = fresh
	return s
}

// but plays the requests below end as they were, except for one.
func (h *history) but(end, place int, instead ...wire.Request) func(int, *op) []wire.Request {
	return func(i int, o *op) []wire.Request {
		switch {
		case i >= end:
			return nil
		case i == place:
			return instead
		}
		return []wire.Request{o.req}
	}
}

// show has the tree look as in s for a worker, and tells whether that is false.
func (w *world) show(h *history, s *state) bool {
	for path := range w.round.after.below(h.root) {
		delete(w.round.after.nodes, path)
	}
	for path, n := range s.nodes {
		w.round.after.nodes[path] = n
	}
	h.resumed = s.closed != h.session
	return !w.explicable(h)
}

// explicable tells whether some first few of a worker's unknown requests make of
// its part what it looks like, zxids aside.
func (w *world) explicable(h *history) bool {
	looks := shape(w.round.after.below(h.root))
	for end := h.known(); end <= len(h.ops); end++ {
		s := play(w, h, h.but(end, -1))
		if reflect.DeepEqual(shape(s.nodes), looks) && (s.closed != h.session) == h.resumed {
			return true
		}
	}
	return false
}

// shape is nodes without zxids and times.
func shape(part map[string]node) map[string]node {
	nodes := map[string]node{}
	for path, n := range part {
		n.stat = withoutTimes(n.stat)
		n.stat.Czxid, n.stat.Mzxid, n.stat.Pzxid = 0, 0, 0
		nodes[path] = n
	}
	return nodes
}

// known is how many requests of a history were answered.
func (h *history) known() (n int) {
	for _, o := range h.ops {
		if o.known {
			n++
		}
	}
	return n
}

func (w *world) somebody(rng *rand.Rand) *history {
	return w.round.histories[rng.IntN(len(w.round.histories))]
}

func lostTail(w *world, rng *rand.Rand) bool {
	h := w.somebody(rng)
	return w.show(h, play(w, h, h.but(h.known()-1, -1)))
}

// gap leaves out the first of the unknown requests, and goes on.
func gap(w *world, rng *rand.Rand) bool {
	h := w.somebody(rng)
	return w.show(h, play(w, h, h.but(h.known()+5, h.known())))
}

func twice(w *world, rng *rand.Rand) bool {
	h := w.somebody(rng)
	place := rng.IntN(h.known())
	return w.show(h, play(w, h, h.but(h.known(), place, h.ops[place].req, h.ops[place].req)))
}

// halfMulti drops the first operation of a multi that was acknowledged.
func halfMulti(w *world, rng *rand.Rand) bool {
	h := w.somebody(rng)
	for _, place := range rng.Perm(h.known()) {
		o := h.ops[place]
		if multi, ok := o.req.(*wire.Multi); ok && succeeded(o.body, o.code) {
			return w.show(h, play(w, h, h.but(h.known(), place, &wire.Multi{Ops: multi.Ops[1:]})))
		}
	}
	return false
}
