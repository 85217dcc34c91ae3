package sim

import (
	"fmt"
	"time"

	"troupe/wire"
)

// fault is something that goes wrong for a while, with a server.
type fault struct {
	name   string
	longer time.Duration // at most
	after  time.Duration // it may last beyond that
	begin  func(w *world, n *node, d time.Duration)
}

// stall is a pause that nobody else may notice.
var stall = fault{"stall", 950 * time.Millisecond, 0, func(_ *world, n *node, d time.Duration) { n.pause(d) }}

// faults are the kinds of faults. Those that are named twice come twice as often.
var faults = []fault{
	{"crash", 2 * time.Second, 0, crash},
	{"crash", 300 * time.Millisecond, 0, crash},
	{"power cut", 2 * time.Second, 0, powerCut},
	{"power cut of all", time.Second, 0, powerCutOfAll},
	{"pause", 3 * time.Second, 0, func(_ *world, n *node, d time.Duration) { n.pause(d) }},
	stall,
	{"cut", 0, 0, cut},
	{"isolation", 3 * time.Second, 0, isolation},
	{"isolation", 3 * time.Second, 0, isolation},
	{"deaf", 3 * time.Second, 0, deaf},
	{"mute", 3 * time.Second, 0, mute},
	{"one-way", 3 * time.Second, 0, oneWay},
	{"split", 3 * time.Second, 0, split},
	{"bridge", 3 * time.Second, 0, bridge},
	{"slow disk", 2 * time.Second, 0, slowDisk},
	{"desertion", 1200 * time.Millisecond, time.Second, desertion},
	{"retirement", time.Second, time.Second, retirement},
}

// planFaults draws what goes wrong. It often hits who leads.
func (w *world) planFaults() {
	for range 8 + w.rnd.IntN(12) {
		w.at(w.between(w.params.faultsFrom, w.params.faultsUntil), func() {
			n := pick(w, w.nodes)
			if w.odds(2) {
				for _, l := range w.nodes {
					if l.leader != nil {
						n = l
					}
				}
			}
			w.hit(pick(w, faults), n)
		})
	}
}

func (w *world) hit(f fault, n *node) {
	w.result.Faults++
	d := w.upTo(f.longer)
	if w.odds(3) {
		d /= 20
	}
	if w.tracing() {
		w.tracef("FAULT %s of %d for %v", f.name, n.id, d)
	}
	w.healed = max(w.healed, w.now+d+f.after)
	f.begin(w, n, d)
}

// nervous is where a crash would be worst, so there is one at times.
func (w *world) nervous(n *node) {
	if w.params.nerves == 0 || w.now < w.params.faultsFrom || w.now > w.params.faultsUntil || !w.odds(w.params.nerves) {
		return
	}
	lag, disk := w.params.lag, w.params.disk
	n.after(w.upTo(pick(w, []time.Duration{5 * disk, lag + disk, 3 * (lag + disk)})), func() {
		w.hit(fault{"crash at a bad moment", time.Second, 0, crash}, n)
	})
}

func crash(w *world, n *node, d time.Duration) { n.crashFor(d, false) }

func powerCut(w *world, n *node, d time.Duration) { n.crashFor(d, true) }

func (n *node) crashFor(d time.Duration, power bool) {
	if n.alive {
		n.crash(power)
		n.w.after(d, n.boot)
	}
}

func powerCutOfAll(w *world, _ *node, d time.Duration) {
	for _, n := range w.nodes {
		n.crashFor(w.upTo(d), true)
	}
}

func cut(w *world, n *node, _ time.Duration) {
	w.each(n, func(p *pair) {
		if p.stream != nil && w.odds(2) {
			p.stream.tear([2]time.Duration{w.upTo(300 * time.Millisecond), w.upTo(300 * time.Millisecond)})
		}
	})
}

func isolation(w *world, n *node, d time.Duration) {
	late := time.Duration(0)
	if w.odds(2) {
		late = w.upTo(w.params.peerTimeout)
	}
	w.each(n, func(p *pair) {
		p.block(p.side(n), d, late)
		p.block(1-p.side(n), d, 0)
	})
}

func deaf(w *world, n *node, d time.Duration) {
	w.each(n, func(p *pair) { p.block(p.side(n), d, 0) })
}

func mute(w *world, n *node, d time.Duration) {
	w.each(n, func(p *pair) { p.block(1-p.side(n), d, 0) })
}

func oneWay(w *world, n *node, d time.Duration) {
	pick(w, w.pairs).block(w.rnd.IntN(2), d, 0)
}

// split parts the servers in two.
func split(w *world, _ *node, d time.Duration) {
	side := make([]bool, len(w.nodes)+1)
	for i := range side {
		side[i] = w.odds(2)
	}
	w.part(d, func(a, b *node) bool { return side[a.id] != side[b.id] })
}

// bridge parts them, but for one whom all reach.
func bridge(w *world, n *node, d time.Duration) {
	side := make([]bool, len(w.nodes)+1)
	for i := range side {
		side[i] = w.odds(2)
	}
	w.part(d, func(a, b *node) bool { return a != n && b != n && side[a.id] != side[b.id] })
}

func (w *world) part(d time.Duration, parted func(a, b *node) bool) {
	for _, p := range w.pairs {
		if parted(p.n[0], p.n[1]) {
			p.block(0, d, 0)
			p.block(1, d, 0)
		}
	}
}

func slowDisk(w *world, n *node, d time.Duration) {
	n.disk.slow = w.upTo(200 * time.Millisecond)
	w.after(d, func() { n.disk.slow = 0 })
}

// retirement is a planned stop.
func retirement(w *world, n *node, d time.Duration) {
	if !n.alive || n.paused > 0 || n.retiring {
		return
	}
	inc := n.inc
	n.retire()
	w.after(d+time.Second, func() {
		if n.inc == inc && n.alive { // it has taken too long
			n.crash(false)
		}
		n.boot()
	})
}

// desertion takes a client, which has just written, from a server that the leader
// does not reach to the leader, who dies.
func desertion(w *world, n *node, d time.Duration) {
	c := pick(w, w.clients)
	if n.leader == nil || c.conn == nil || c.conn.n == n || !c.ready || c.reads {
		return
	}
	p := w.pairOf(n.id, c.conn.n.id)
	p.block(0, d, 0)
	p.block(1, d, 0)
	c.conn.slow = d + 500*time.Millisecond
	c.write(pick(w, w.chain.registers))
	c.abandon()
	c.connect(n)
	n.after(d/2+w.upTo(d/2), func() { n.crashFor(w.upTo(time.Second), false) })
}

// phase is how far the end of a run has come.
type phase int

const (
	running phase = iota
	ending
	done
)

// heal waits until all faults have ended by themselves.
func (w *world) heal() {
	if w.now < w.healed {
		w.at(w.healed, w.heal)
		return
	}
	w.tracef("all faults are over")
	w.healed = w.now
	w.ready()
	w.after(2*time.Second, w.rest)
}

// patience is how long it may take until all serve, once all faults are over.
const patience = 6 * time.Second

// ready waits until all serve.
func (w *world) ready() {
	w.result.Ready = w.now - w.healed
	for _, n := range w.nodes {
		if !n.serving && w.result.Halted == 0 {
			if w.result.Ready > patience+60*w.params.lag {
				w.fail("not all serve %v after the last fault: %s", w.result.Ready, w.describe())
			}
			w.after(20*time.Millisecond, w.ready)
			return
		}
	}
}

// rest lets the clients come to an end: some close their sessions, some vanish,
// some stay.
func (w *world) rest() {
	w.finish = ending
	for i, c := range w.clients {
		c.resting = true
		switch i % 3 {
		case 0:
			c.quitting = true
		case 1:
			c.finished = true
			c.conn = nil
			c.session = 0
		}
	}
	w.after(200*time.Millisecond, w.converge)
}

// converge ends the run once all is as it has to be.
func (w *world) converge() {
	if why := w.unsettled(); why == "" || w.result.Halted > 0 {
		w.finish = done
		w.checkEnd()
		return
	}
	w.after(100*time.Millisecond, w.converge)
}

// unsettled tells what is not yet as it has to be.
func (w *world) unsettled() string {
	var leader *node
	for _, n := range w.nodes {
		if !n.serving {
			return fmt.Sprintf("%v does not serve", n)
		}
		if n.leader != nil {
			leader = n
		}
	}
	if leader == nil {
		return "nobody leads"
	}
	for _, n := range w.nodes {
		if n.tree.Applied() != leader.leader.Proposed() || n.tree.Digest() != leader.tree.Digest() {
			return fmt.Sprintf("%v is at %v with %x, the leader at %v with %x", n, n.tree.Applied(), n.tree.Digest(), leader.tree.Applied(), leader.tree.Digest())
		}
	}
	live := 0
	for _, c := range w.clients {
		if c.finished {
			continue
		}
		live++
		if c.quitting || c.session == 0 || !leader.tree.HasSession(c.session) {
			return fmt.Sprintf("client %d has not come to its end", c.id)
		}
	}
	if have := leader.tree.Counts().Sessions; have != live {
		return fmt.Sprintf("%d sessions of %d clients", have, live)
	}
	return ""
}

// checkEnd looks at what is left.
func (w *world) checkEnd() {
	if w.result.Halted > 0 {
		return
	}
	t := w.nodes[0].tree
	ephemerals := 0
	t.Sessions(func(_ wire.SessionID, _ wire.Session, k int) { ephemerals += k })
	if t.Counts().Ephemerals != ephemerals {
		w.fail("%d ephemerals, living sessions have %d", t.Counts().Ephemerals, ephemerals)
	}
	for _, r := range w.chain.registers {
		version := int32(-1)
		if z, _ := t.Lookup(r.path); z != nil {
			version = z.Version
		}
		if version < r.done {
			w.fail("%s is at version %d at the end, %d was known", r.path, version, r.done)
		}
	}
}

// describe tells how the servers stand, for a failure.
func (w *world) describe() string {
	s := w.unsettled()
	for _, n := range w.nodes {
		s += fmt.Sprintf("; %v: alive %v, leads %v, follows %v, boss %d, serving %v, applied %v, elector %+v", n, n.alive, n.leader != nil,
			n.follower != nil, n.boss, n.serving, n.tree.Applied(), n.elector.State())
	}
	return s
}
