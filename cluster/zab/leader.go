package zab

import (
	"fmt"
	"slices"
	"time"

	"troupe/cluster/quorum"
	"troupe/wire"
)

// Options are what a leader is made with.
type Options struct {
	Self   wire.ServerID
	Voters []wire.ServerID
	// Observed says that others learn from a leader who is the only voter.
	Observed bool
	Flags    wire.RecordFlags // of its records
	// Ensemble is the id for an ensemble that has none yet.
	Ensemble string
	// InitTimeout is how long the reign may take to begin without any progress,
	// GatherTimeout how long a quorum may take to gather.
	InitTimeout, GatherTimeout time.Duration
	// SyncTimeout is how long a learner may leave records without an answer.
	SyncTimeout time.Duration
	// WindowBytes may be under way to a learner.
	WindowBytes int
	// KeepBytes of records are kept in memory for learners.
	KeepBytes int
	// LastCounter is the counter at which the next epoch is stepped to; 0 for the default.
	LastCounter uint32
}

// lastCounter leaves room for what is proposed while the next epoch is promised.
const lastCounter = 1<<32 - 1<<20

// phase is where a leader stands.
type phase int

const (
	gathering     phase = iota // until a quorum has come
	discovering                // until a quorum has promised the epoch
	synchronizing              // until a quorum has this history
	broadcasting
	retiring // what was proposed is still committed
	ended
)

// Leader is one reign of a server.
type Leader struct {
	o        Options
	quorum   quorum.Quorum
	pos      Position
	phase    phase
	epoch    wire.Epoch
	begins   wire.Zxid // the record by which it was stepped to
	promised bool      // by the own disk
	entered  bool
	founded  bool // on the own disk
	founding bool // requests wait until a quorum is founded

	learners map[wire.ServerID]*learner
	order    []wire.ServerID // of learners, so that a run can be repeated

	proposed  wire.Zxid
	committed wire.Zxid
	applied   wire.Zxid // handed out as Commit: committed and in the own log
	own       wire.Zxid // in the own log
	tail      queue     // behind applied
	window    window
	ends      []wire.Zxid // the last proposed of each epoch, newest first
	draft     *Batch      // proposed since the last flush
	underWay  []wire.Zxid // the last of each batch that is not committed
	packer    *wire.Packer

	step     wire.Epoch // being promised, 0 if none
	stepped  map[wire.ServerID]bool
	stalled  []Submit // came while the counter was spent, or before a quorum was founded
	round    uint64   // of confirmation
	asking   bool
	asked    []ask // wait for the round under way
	waiting  []ask // for the next
	probe    *probe
	progress time.Duration
	now      time.Duration
}

type ask struct {
	ticket any
	zxid   wire.Zxid
}

// NewLeader makes the leader of a reign that has not begun.
func NewLeader(o Options, pos Position) *Leader {
	if o.LastCounter == 0 {
		o.LastCounter = lastCounter
	}
	l := &Leader{o: o, quorum: quorum.Majority{Voters: o.Voters}, pos: pos, learners: make(map[wire.ServerID]*learner),
		proposed: pos.Last, committed: pos.Committed, applied: pos.Committed, own: pos.Last,
		tail: slices.Clone(pos.Tail), window: window{low: pos.Committed}, ends: slices.Clone(pos.Ends), packer: wire.NewPacker()}
	l.noteEnd(pos.Last)
	for _, b := range pos.Tail {
		l.window.add(b)
	}
	return l
}

// noteEnd keeps the ends of epochs, of which the last has just got a record.
func (l *Leader) noteEnd(z wire.Zxid) {
	if len(l.ends) == 0 || l.ends[0].Epoch() != z.Epoch() {
		l.ends = slices.Insert(l.ends, 0, z)
	}
	l.ends[0] = z
}

// Proposed is the last zxid given out.
func (l *Leader) Proposed() wire.Zxid { return l.proposed }

// Committed is the last zxid that a quorum has.
func (l *Leader) Committed() wire.Zxid { return l.committed }

// Epoch is the reign's, 0 until it is known.
func (l *Leader) Epoch() wire.Epoch { return l.epoch }

// Serving tells whether requests are taken.
func (l *Leader) Serving() bool { return l.phase == broadcasting }

// Tail is what is appended and not applied, and what was applied last.
func (l *Leader) Tail() (tail []*Batch, applied wire.Zxid) { return slices.Clone(l.tail), l.applied }

// Census is who follows a leader.
type Census struct {
	Attached             int // learners
	Followers, Observers int // of those, who serve
	Syncs                int // that wait for a quorum's word
}

// Census counts.
func (l *Leader) Census() Census {
	c := Census{Attached: len(l.learners), Syncs: len(l.asked) + len(l.waiting)}
	for _, n := range l.learners {
		switch {
		case n.stage != serving:
		case n.voter:
			c.Followers++
		default:
			c.Observers++
		}
	}
	return c
}

// Step advances the machine by one event and appends to out what is to be done.
func (l *Leader) Step(e Event, out []Effect) []Effect {
	if l.phase == ended {
		return out
	}
	switch e := e.(type) {
	case Submit:
		return l.onSubmit(e, out)
	case Flush:
		return l.onFlush(out)
	case Logged:
		l.own = max(l.own, e.Zxid)
		return l.advance(out)
	case Heard:
		return l.onHeard(e, out)
	case Sync:
		l.waiting = append(l.waiting, ask{e.Ticket, l.proposed})
		return l.confirm(out)
	case LogRead:
		return l.onLogRead(e, out)
	case Start:
		l.now, l.progress = e.Now, e.Now
		return l.onStart(out)
	case Gone:
		return l.onGone(e.Peer, out)
	case Promised:
		return l.onPromised(e.Epoch, out)
	case Entered:
		return l.onEntered(out)
	case Tick:
		return l.onTick(e.Now, out)
	case OwnDigest:
		return l.onOwnDigest(e, out)
	case Retire:
		return l.onRetire(out)
	}
	panic("zab: unknown event")
}

// onStart begins to gather. A server alone needs no epoch of its own: nobody
// else can lead, and nobody is left from an earlier reign.
func (l *Leader) onStart(out []Effect) []Effect {
	switch {
	case !l.quorum.Won(map[wire.ServerID]bool{l.o.Self: true}):
		return out
	case l.o.Observed:
		return l.gather(out)
	}
	l.epoch, l.entered, l.promised = max(l.pos.Last.Epoch(), l.pos.Current), l.pos.Founded, true
	l.phase = synchronizing
	if !l.pos.Founded { // from here on it vouches for what it acknowledges
		l.pos.Founded, l.pos.Blank = true, false
		return append(out, Enter{l.epoch, l.pos.Ensemble, true})
	}
	return l.establish(out)
}

func (l *Leader) onHeard(e Heard, out []Effect) []Effect {
	l.now = max(l.now, e.Now)
	if m, ok := e.Message.(*wire.FollowerInfo); ok {
		return l.onFollowerInfo(e.From, m, out)
	}
	n := l.learners[e.From]
	if n == nil || n.join != joinOf(e.Message) {
		return out // from an attempt that is over
	}
	l.progress, n.heard = l.now, l.now
	switch m := e.Message.(type) {
	case *wire.AckEpoch:
		return l.onAckEpoch(n, m, out)
	case *wire.AckNewLeader:
		return l.onAckNewLeader(n, m, out)
	case *wire.Ack:
		return l.onAck(n, m.Zxid, out)
	case *wire.Taken:
		n.acknowledge(m.Zxid, l.now)
		return out
	case *wire.Confirmed:
		return l.onConfirmed(n, m, out)
	case *wire.AckStep:
		return l.onAckStep(n, m, out)
	case *wire.Digest:
		return l.onDigest(n, m, out)
	case *wire.Leave:
		return l.onGone(e.From, out)
	}
	return out
}

// joinOf is the attempt that a learner's message belongs to.
func joinOf(m wire.PeerMessage) wire.Join {
	switch m := m.(type) {
	case *wire.AckEpoch:
		return m.Join
	case *wire.AckNewLeader:
		return m.Join
	case *wire.Ack:
		return m.Join
	case *wire.Taken:
		return m.Join
	case *wire.Confirmed:
		return m.Join
	case *wire.AckStep:
		return m.Join
	case *wire.Digest:
		return m.Join
	case *wire.Leave:
		return m.Join
	case *wire.TransferCredit: // nothing but a sign of life
		return m.Join
	}
	return 0
}

// over ends the reign and tells everybody.
func (l *Leader) over(o Over, out []Effect) []Effect {
	l.phase = ended
	for _, id := range l.order {
		out = append(out, Send{id, &wire.Leave{Join: l.learners[id].join, Why: o.Why}})
	}
	return append(out, o)
}

func (l *Leader) isVoter(id wire.ServerID) bool { return slices.Contains(l.o.Voters, id) }

// supported tells whether this server and those learners that count and pass
// the test are a quorum.
func (l *Leader) supported(self bool, test func(*learner) bool) bool {
	for1 := map[wire.ServerID]bool{l.o.Self: self && (!l.pos.Blank || l.phase >= broadcasting || l.barren())}
	for id, n := range l.learners {
		if n.voter && l.counts(n) && test(n) {
			for1[id] = true
		}
	}
	return l.quorum.Won(for1)
}

// counts tells whether a voter can be part of a quorum: one that may have
// forgotten what it acknowledged can not, before a quorum without it has brought
// it up to date; unless nobody has anything, at the first start.
func (l *Leader) counts(n *learner) bool { return !n.blank || l.barren() }

// barren tells whether nobody here has, or can have had, anything.
func (l *Leader) barren() bool {
	servers := []wire.Credentials{{Last: l.pos.Last, Founded: l.pos.Founded}}
	for _, n := range l.learners {
		if n.voter {
			servers = append(servers, n.info.Credentials)
		}
	}
	return quorum.Barren(len(servers) == len(l.o.Voters), servers...)
}

// onGone forgets a learner. Without a quorum the reign is over.
func (l *Leader) onGone(id wire.ServerID, out []Effect) []Effect {
	if l.learners[id] == nil {
		return out
	}
	delete(l.learners, id)
	l.order = slices.DeleteFunc(l.order, func(x wire.ServerID) bool { return x == id })
	return l.keepQuorum(out)
}

func everyone(*learner) bool { return true }

func (l *Leader) keepQuorum(out []Effect) []Effect {
	if l.phase != gathering && !l.supported(true, everyone) {
		return l.over(Over{Why: "a quorum cannot be reached"}, out)
	}
	return out
}

func (l *Leader) onTick(now time.Duration, out []Effect) []Effect {
	l.now = max(l.now, now)
	switch {
	case l.phase == gathering && l.now-l.progress > l.o.GatherTimeout:
		return l.over(Over{Why: "no quorum gathered"}, out)
	case (l.phase == discovering || l.phase == synchronizing) && l.now-l.progress > l.o.InitTimeout:
		return l.over(Over{Why: fmt.Sprintf("the reign of epoch %d could not begin in time", l.epoch)}, out)
	}
	for _, id := range slices.Clone(l.order) {
		n := l.learners[id]
		if n != nil && len(n.flight) > 0 && l.now-n.answered > l.o.SyncTimeout {
			out = append(out, Send{id, &wire.Leave{Join: n.join, Why: "it did not answer in time (syncLimit)"}})
			out = l.onGone(id, out)
			if l.phase == ended {
				return out
			}
		}
	}
	return l.onFlush(out)
}

// Each calls f for the learners that serve.
func (l *Leader) Each(f func(wire.ServerID, wire.Join)) {
	for _, id := range l.order {
		if n := l.learners[id]; n.stage == serving {
			f(id, n.join)
		}
	}
}

// Serves tells whether a learner serves, in this attempt of its.
func (l *Leader) Serves(id wire.ServerID, join wire.Join) bool {
	n := l.learners[id]
	return n != nil && n.join == join && n.stage == serving
}
