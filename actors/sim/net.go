package sim

import (
	"time"

	"troupe/wire"
)

// pair is the way between two servers. At any time there is one stream on it or
// none.
type pair struct {
	w       *world
	n       [2]*node
	blocked [2]int // so many faults keep everything from that side
	stream  *stream
	free    [2]time.Duration // what happens next at a side is not before
	trying  bool
}

// stream is one life of a link: what is sent arrives in order, or it breaks. The
// two sides may see its beginning and its end at different moments, never in
// another order than the messages.
type stream struct {
	p      *pair
	broken bool
	// nothing arrives at a side after that, once broken
	lostAfter [2]time.Duration
	stuck     [2][]wire.PeerMessage // on their way to a side that is blocked
}

// side is 0 or 1, the one that is n's.
func (p *pair) side(n *node) int {
	if p.n[0] == n {
		return 0
	}
	return 1
}

// send sends over the stream that a server believes in.
func (w *world) send(from *node, to wire.ServerID, m wire.PeerMessage) {
	s := from.streams[to]
	if s == nil || s.broken {
		return
	}
	if w.odds(4) {
		m = w.coded(m)
	}
	side := 1 - s.p.side(from)
	if s.p.blocked[side] > 0 || len(s.stuck[side]) > 0 {
		s.stuck[side] = append(s.stuck[side], m)
		return
	}
	s.carry(side, m)
}

// carry brings a message to a side, behind all before it.
func (s *stream) carry(side int, m wire.PeerMessage) {
	w := s.p.w
	at := max(s.p.free[side], w.now+w.params.lag/4+w.upTo(w.params.lag))
	if w.odds(50) {
		at += w.upTo(20 * w.params.lag)
	}
	s.p.free[side] = at
	to, from := s.p.n[side], s.p.n[1-side]
	inc := to.inc
	w.at(at, func() {
		if to.inc != inc || s.broken && w.now > s.lostAfter[side] {
			return
		}
		to.arrived(from.id, m)
		to.do(inc, func() {
			if to.streams[from.id] == s {
				to.received(from.id, m)
			}
		})
	})
}

// tear breaks a stream. Each side sees it at its own time.
func (s *stream) tear(seen [2]time.Duration) {
	if s.broken {
		return
	}
	w, p := s.p.w, s.p
	s.broken, p.stream, s.stuck = true, nil, [2][]wire.PeerMessage{}
	for side, n := range p.n {
		s.lostAfter[side] = w.now + w.upTo(seen[side])
		at := max(p.free[side], w.now+seen[side])
		p.free[side] = at
		inc, peer := n.inc, p.n[1-side].id
		w.at(at, func() {
			n.do(inc, func() {
				if n.streams[peer] == s {
					n.down(peer)
				}
			})
		})
	}
	p.kick()
}

// kick tries to connect soon.
func (p *pair) kick() {
	if p.trying || p.stream != nil {
		return
	}
	p.trying = true
	p.w.at(max(p.w.now, p.free[0], p.free[1])+p.w.between(time.Millisecond, 30*time.Millisecond), p.connect)
}

// connect begins a stream, if nothing stands against it; whatever takes that away
// kicks again.
func (p *pair) connect() {
	w := p.w
	p.trying = false
	if p.stream != nil || p.blocked[0]+p.blocked[1] > 0 || !p.n[0].answers() || !p.n[1].answers() {
		return
	}
	s := &stream{p: p}
	p.stream = s
	for side, n := range p.n {
		at := max(p.free[side], w.now+w.upTo(w.params.lag))
		p.free[side] = at
		inc, peer := n.inc, p.n[1-side].id
		w.at(at, func() {
			n.do(inc, func() { n.up(peer, s) })
		})
	}
}

// block keeps all messages from a side, for a time. If that is longer than the
// peers' patience, the stream breaks. Who is late to see it has been held up.
func (p *pair) block(side int, d, late time.Duration) {
	w := p.w
	p.blocked[side]++
	if s := p.stream; s != nil {
		w.after(w.params.peerTimeout+w.upTo(50*time.Millisecond)+late, func() {
			if p.stream == s && p.blocked[side] > 0 {
				seen := [2]time.Duration{w.upTo(w.params.peerTimeout), w.upTo(w.params.peerTimeout)}
				seen[side] = 0 // who hears nothing sees it first
				s.tear(seen)
			}
		})
	}
	w.after(d, func() {
		if p.blocked[side]--; p.blocked[side] > 0 {
			return
		}
		if s := p.stream; s != nil {
			stuck := s.stuck[side]
			s.stuck[side] = nil
			for _, m := range stuck {
				s.carry(side, m)
			}
		}
		p.kick()
	})
}

// silent tears the streams of a server that is paused or without power, as the
// others see it.
func (w *world) silent(n *node, still func() bool) {
	w.each(n, func(p *pair) {
		s, other := p.stream, 1-p.side(n)
		if s == nil {
			return
		}
		w.after(w.params.peerTimeout+w.upTo(50*time.Millisecond), func() {
			if p.stream == s && still() {
				var seen [2]time.Duration
				seen[1-other] = w.upTo(20 * time.Millisecond)
				s.tear(seen)
			}
		})
	})
}

// each calls f for a server's pairs.
func (w *world) each(n *node, f func(*pair)) {
	for _, p := range w.pairs {
		if p.n[0] == n || p.n[1] == n {
			f(p)
		}
	}
}

// coded is a message as the wire brings it: nobody shares memory over that.
func (w *world) coded(m wire.PeerMessage) wire.PeerMessage {
	b := w.packer.Peer(nil, m)
	if p, ok := m.(*wire.Propose); ok {
		b = append(b, p.Block...)
	}
	got, err := wire.UnpackPeer(b)
	if err != nil {
		w.fail("%T: %v", m, err)
		return m
	}
	return got
}
