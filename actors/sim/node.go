package sim

import (
	"fmt"
	"time"

	"troupe/actors/tree/watch"
	"troupe/actors/tree/znode"
	"troupe/cluster/election"
	"troupe/cluster/sessions"
	"troupe/cluster/zab"
	"troupe/wire"
)

// tickEvery is how often a role is told the time.
const tickEvery = 100 * time.Millisecond

// node is a server: the shell around the machines, as the actors are.
type node struct {
	w     *world
	id    wire.ServerID
	voter bool
	disk  *disk

	alive  bool
	inc    int      // incarnation: what was under way for an earlier one is lost
	paused int      // so many faults hold it up
	held   []func() // what waits for that
	rate   float64  // of its clock
	ahead  int64    // of its wall clock, milliseconds

	tree    *znode.Tree
	index   int // in the chain, of the next record to be applied
	digests map[wire.Zxid]uint64
	corrupt bool

	elector   *election.Elector
	told      time.Duration // by the elector, last
	streams   []*stream     // by id, that it believes in
	joining   []*wire.FollowerInfo
	tail      []*zab.Batch
	needState bool
	halted    bool
	looking   bool

	reign     int // number of the role, so that what is under way for an earlier one is known
	boss      wire.ServerID
	leader    *zab.Leader
	follower  *zab.Follower
	retiring  bool
	serving   bool
	flushing  bool
	receiving bool
	asked     []wire.Zxid // digests asked for, not applied yet
	join      wire.Join   // of this reign

	table  *sessions.Table // of a leader
	joined []zab.Joined
	early  []func()

	late    wire.ServerID // for mutations
	counted [10]int
	stale   time.Duration

	watches *watch.Table
	conns   []*conn
	touched []wire.SessionID
	ticket  uint64
	tickets map[uint64]*conn
	next    time.Duration // when the next tick is due
}

func newNode(w *world, id wire.ServerID, voter bool) *node {
	n := &node{w: w, id: id, voter: voter, rate: 1 + (w.rnd.Float64()-0.5)/20, ahead: w.rnd.Int64N(5000)}
	n.disk = newDisk(w, n)
	return n
}

func (n *node) String() string { return fmt.Sprintf("server %d", n.id) }

func (n *node) tracef(format string, args ...any) {
	if n.w.tracing() {
		n.w.tracef("%d: %s", n.id, fmt.Sprintf(format, args...))
	}
}

// now is the node's monotonic clock, wall its other one.
func (n *node) now() time.Duration { return time.Duration(float64(n.w.now) * n.rate) }
func (n *node) wall() int64        { return 1_700_000_000_000 + n.w.now.Milliseconds() + n.ahead }

// answers tells whether the server takes connections.
func (n *node) answers() bool { return n.alive && n.paused == 0 }

// do does something now, or when the server goes on; not if it has crashed since.
func (n *node) do(inc int, f func()) {
	switch {
	case n.inc != inc || !n.alive:
	case n.paused > 0:
		n.held = append(n.held, f)
	default:
		f()
	}
}

// after does something later, in this incarnation.
func (n *node) after(d time.Duration, f func()) {
	inc := n.inc
	n.w.after(d, func() { n.do(inc, f) })
}

// pause holds everything up for a time.
func (n *node) pause(d time.Duration) {
	n.paused++
	inc := n.inc
	n.tracef("pauses for %v", d)
	n.w.silent(n, func() bool { return n.inc == inc && n.paused > 0 })
	n.w.after(d, func() {
		if n.paused--; n.paused > 0 {
			return
		}
		n.tracef("goes on")
		for len(n.held) > 0 && n.paused == 0 {
			f := n.held[0]
			n.held = n.held[1:]
			f()
		}
		n.w.each(n, (*pair).kick)
	})
}

// boot starts the server from its disk.
func (n *node) boot() {
	if n.alive {
		return
	}
	w, d := n.w, n.disk
	n.alive = true
	n.tree, n.index = clone(d.state.tree), d.state.index
	n.digests = make(map[wire.Zxid]uint64)
	n.watches = watch.NewTable()
	n.elector = election.New(n.id, w.voters)
	n.streams = make([]*stream, len(w.nodes)+1)
	n.joining = make([]*wire.FollowerInfo, len(w.nodes)+1)
	n.tickets = make(map[uint64]*conn)
	n.corrupt, n.needState, n.retiring, n.halted = false, false, false, false
	last, _ := d.log.last()
	n.tracef("starts: %s", d)
	upTo := max(min(d.committed, last), d.state.zxid)
	for _, e := range d.log.entries[d.log.behind(n.tree.Applied()):d.log.behind(upTo)] {
		n.apply(&e.record)
	}
	n.tail = nil
	if rest := d.log.entries[d.log.behind(upTo):]; len(rest) > 0 {
		b := &zab.Batch{}
		for _, e := range rest {
			b.Records = append(b.Records, e.record)
			b.Entries = append(b.Entries, wire.Entry{Zxid: e.zxid, Data: e.data})
		}
		n.tail = []*zab.Batch{b}
	}
	w.each(n, func(p *pair) {
		if p.stream != nil {
			p.stream.tear([2]time.Duration{w.upTo(5 * time.Millisecond), w.upTo(5 * time.Millisecond)})
		}
		p.kick()
	})
	n.next = n.now() + tickEvery
	n.after(tickEvery, n.tick)
	n.look()
}

func (d *disk) String() string {
	last, _ := d.log.last()
	return fmt.Sprintf("log (%v, %v], committed %v, accepted %d, current %d, blank %v, state %v", d.log.low, last, d.committed,
		d.accepted, d.current, !d.founded, d.state.zxid)
}

// die ends the incarnation, with all that was not on disk.
func (n *node) die() {
	n.tracef("dies")
	n.disk.crash()
	n.alive = false
	n.inc++
	n.reign++
	n.held = nil
	n.leader, n.follower, n.table, n.serving, n.looking, n.flushing = nil, nil, nil, false, false, false
	n.joined, n.early, n.touched, n.asked, n.receiving = nil, nil, nil, nil, false
	for _, c := range n.conns {
		c.broken(n.w.upTo(10 * time.Millisecond))
	}
	n.conns = nil
}

// crash kills the server's process: the others see that at once; or takes its
// power away: they do not.
func (n *node) crash(power bool) {
	n.die()
	if power {
		inc := n.inc
		n.w.silent(n, func() bool { return n.inc == inc })
		return
	}
	n.tearAll()
}

func (n *node) tearAll() {
	n.w.each(n, func(p *pair) {
		if p.stream != nil {
			p.stream.tear([2]time.Duration{n.w.upTo(5 * time.Millisecond), n.w.upTo(5 * time.Millisecond)})
		}
	})
}

// rebuild starts the server anew from a state that has been received.
func (n *node) rebuild() {
	n.w.result.Transfers++
	n.die()
	n.tearAll()
	n.boot()
}

// up and down tell of links.
func (n *node) up(peer wire.ServerID, s *stream) {
	n.tracef("up %d", peer)
	n.streams[peer] = s
	n.elect(election.Up{Peer: peer})
}

func (n *node) down(peer wire.ServerID) {
	n.tracef("down %d", peer)
	n.streams[peer], n.joining[peer] = nil, nil
	n.elect(election.Down{Peer: peer})
	n.step(zab.Gone{Peer: peer})
}

// arrived notes what has come as far as this server, which may be held up.
func (n *node) arrived(from wire.ServerID, m wire.PeerMessage) {
	if t, ok := m.(*wire.TouchRequest); ok {
		for _, id := range t.Sessions {
			n.w.chain.heard(id, n)
		}
	}
}

// received takes another server's message.
func (n *node) received(from wire.ServerID, m wire.PeerMessage) {
	if n.w.tracing() {
		n.tracef("<- %d %s", from, show(m))
	}
	switch m := m.(type) {
	case *wire.Notification:
		n.elect(election.Heard{From: from, What: m})
	case *wire.FollowerInfo:
		switch {
		case n.halted:
		case n.leader == nil && n.follower == nil:
			n.joining[from] = m
		case n.leader == nil:
			n.send(from, &wire.Leave{Join: m.Join, Why: "it does not lead"})
		default:
			n.step(zab.Heard{From: from, Message: m, Now: n.now()})
		}
	default:
		if n.leader != nil {
			n.leaderReceived(from, m)
		} else if n.follower != nil && from == n.boss {
			n.followerReceived(from, m)
		}
	}
}

func (n *node) send(to wire.ServerID, m wire.PeerMessage) {
	if m = n.w.o.Mutation.sent(n, to, m); m == nil {
		return
	}
	if n.w.tracing() {
		n.tracef("-> %d %s", to, show(m))
	}
	n.w.send(n, to, m)
}

// show is a message as a line of a trace.
func show(m wire.PeerMessage) string {
	if p, ok := m.(*wire.Propose); ok {
		last := wire.Zxid(0)
		if k := len(p.Entries); k > 0 {
			last = p.Entries[k-1].Zxid
		}
		return fmt.Sprintf("Propose{%d to %v, committed %v}", len(p.Entries), last, p.Committed)
	}
	return fmt.Sprintf("%T%+v", m, m)
}

// tick lets the time go on. Ticks are late at times.
func (n *node) tick() {
	late := time.Duration(0)
	if n.w.odds(20) {
		late = n.w.upTo(3 * tickEvery)
	}
	n.next += tickEvery
	if n.next < n.now() {
		n.next = n.now()
	}
	n.after(max(0, n.next-n.now())+late, n.tick)
	n.step(zab.Tick{Now: n.now()})
	n.tickSessions()
}
