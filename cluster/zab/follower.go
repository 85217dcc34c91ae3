package zab

import (
	"fmt"
	"slices"
	"time"

	"troupe/wire"
)

// Membership says as what a server follows.
type Membership struct {
	Self, Leader wire.ServerID
	Voter        bool
	Join         wire.Join // drawn for this attempt
	// InitTimeout is how long the leader may take over a step of discovery or
	// synchronization.
	InitTimeout time.Duration
}

// Follower is one reign of a leader, as one of its learners sees it. An observer
// is a follower without a vote.
type Follower struct {
	m         Membership
	pos       Position
	attached  []wire.Attachment
	epoch     wire.Epoch
	accepted  wire.Epoch
	fresh     bool // the promise under way is a new one
	newLeader *wire.NewLeader
	history   wire.Zxid // appended before it
	serving   bool
	receiving bool // a state
	ended     bool

	last      wire.Zxid // appended
	logged    wire.Zxid // durable
	committed wire.Zxid
	applied   wire.Zxid
	told      wire.Zxid // the last ack
	tail      queue     // behind applied
	progress  time.Duration
	now       time.Duration
}

// NewFollower makes a learner that has not joined yet. Attached are its
// connections.
func NewFollower(m Membership, pos Position, attached []wire.Attachment) *Follower {
	return &Follower{m: m, pos: pos, attached: attached, accepted: max(pos.Accepted, pos.Current, pos.Last.Epoch()), last: pos.Last, logged: pos.Last,
		committed: pos.Committed, applied: pos.Committed, tail: slices.Clone(pos.Tail)}
}

// Applied is the last record handed out as Commit.
func (f *Follower) Applied() wire.Zxid { return f.applied }

// Tail is what is appended and not applied, and what was applied last.
func (f *Follower) Tail() (tail []*Batch, applied wire.Zxid) { return slices.Clone(f.tail), f.applied }

// Step advances the machine by one event and appends to out what is to be done.
func (f *Follower) Step(e Event, out []Effect) []Effect {
	if f.ended {
		return out
	}
	switch e := e.(type) {
	case Heard:
		if e.From != f.m.Leader {
			return out
		}
		f.now = max(f.now, e.Now)
		return f.onHeard(e.Message, out)
	case Logged:
		f.logged = max(f.logged, e.Zxid)
		return f.ack(f.apply(out))
	case Start:
		f.now, f.progress = e.Now, e.Now
		return append(out, Send{f.m.Leader, &wire.FollowerInfo{Join: f.m.Join, Voter: f.m.Voter, NeedState: f.pos.NeedState,
			Accepted: f.accepted, Credentials: f.pos.Credentials(), Ensemble: f.pos.Ensemble, Committed: f.pos.Committed, Ends: f.pos.Ends, Attached: f.attached}})
	case Promised:
		return f.onPromised(e.Epoch, out)
	case Entered:
		return f.onEntered(e.Epoch, out)
	case Gone:
		if e.Peer == f.m.Leader {
			return f.over("the leader cannot be reached", out)
		}
	case Tick:
		f.now = max(f.now, e.Now)
		if !f.serving && !f.receiving && f.now-f.progress > f.m.InitTimeout {
			return f.leave("the leader did not go on in time", out)
		}
	case Retire:
		return f.leave("stopped", out)
	}
	return out
}

func (f *Follower) over(why string, out []Effect) []Effect {
	f.ended = true
	return append(out, Over{Why: why})
}

// leave ends the reign from this side.
func (f *Follower) leave(why string, out []Effect) []Effect {
	return f.over(why, append(out, Send{f.m.Leader, &wire.Leave{Join: f.m.Join, Why: why}}))
}

func (f *Follower) onHeard(m wire.PeerMessage, out []Effect) []Effect {
	if leadersJoin(m) != f.m.Join {
		return out // meant for another attempt
	}
	f.progress = f.now
	switch m := m.(type) {
	case *wire.Propose:
		return f.onPropose(m, out)
	case *wire.Commit:
		return f.commit(m.Zxid, out)
	case *wire.Confirm:
		return append(out, Send{f.m.Leader, &wire.Confirmed{Join: f.m.Join, Round: m.Round}})
	case *wire.NewEpoch:
		return f.onNewEpoch(m, out)
	case *wire.Truncate:
		return f.onTruncate(m, out)
	case *wire.NewLeader:
		f.newLeader, f.history = m, f.last
		return append(out, Enter{m.Epoch, m.Ensemble, f.pos.Founded})
	case *wire.UpToDate:
		f.serving = true
		if !f.pos.Founded {
			out = append(out, Enter{f.newLeader.Epoch, f.newLeader.Ensemble, true})
		}
		return append(f.commit(m.Committed, out), Serve{f.newLeader.Epoch})
	case *wire.StepEpoch:
		return f.onStepEpoch(m, out)
	case *wire.Probe:
		return append(out, TellDigest{m.Zxid})
	case *wire.Diverged:
		f.ended = true
		return append(out, Over{NeedState: !m.NobodyKnows, Halt: m.NobodyKnows,
			Why: fmt.Sprintf("at %v this tree is not the others': digest %x there", m.Zxid, m.Value)})
	case *wire.TransferBegin:
		f.receiving = true // the shell does the rest, and rebuilds
	case *wire.Leave:
		return f.over("the leader says: "+m.Why, out)
	}
	return out
}

// leadersJoin is the attempt that a leader's message belongs to.
func leadersJoin(m wire.PeerMessage) wire.Join {
	switch m := m.(type) {
	case *wire.Propose:
		return m.Join
	case *wire.Commit:
		return m.Join
	case *wire.Confirm:
		return m.Join
	case *wire.NewEpoch:
		return m.Join
	case *wire.Truncate:
		return m.Join
	case *wire.NewLeader:
		return m.Join
	case *wire.UpToDate:
		return m.Join
	case *wire.StepEpoch:
		return m.Join
	case *wire.Probe:
		return m.Join
	case *wire.Diverged:
		return m.Join
	case *wire.TransferBegin:
		return m.Join
	case *wire.Leave:
		return m.Join
	}
	return 0
}

// onNewEpoch promises an epoch that is no lower than any promised before.
func (f *Follower) onNewEpoch(m *wire.NewEpoch, out []Effect) []Effect {
	if m.Epoch < f.accepted {
		return f.leave(fmt.Sprintf("epoch %d is promised already", f.accepted), out)
	}
	f.epoch, f.newLeader = m.Epoch, nil
	if m.Epoch == f.accepted {
		f.fresh = false
		return f.ackEpoch(out)
	}
	f.fresh = true
	return append(out, Promise{m.Epoch})
}

func (f *Follower) onPromised(e wire.Epoch, out []Effect) []Effect {
	f.accepted = max(f.accepted, e)
	switch {
	case f.serving:
		return append(out, Send{f.m.Leader, &wire.AckStep{Join: f.m.Join, Epoch: e, OK: true}})
	case e != f.epoch:
		return out
	}
	return f.ackEpoch(out)
}

func (f *Follower) ackEpoch(out []Effect) []Effect {
	return append(out, Send{f.m.Leader, &wire.AckEpoch{Join: f.m.Join, Epoch: f.epoch, Fresh: f.fresh, Credentials: f.pos.Credentials()}})
}

func (f *Follower) onStepEpoch(m *wire.StepEpoch, out []Effect) []Effect {
	if m.Epoch <= f.accepted {
		return append(out, Send{f.m.Leader, &wire.AckStep{Join: f.m.Join, Epoch: m.Epoch}})
	}
	return append(out, Promise{m.Epoch})
}

// onTruncate forgets what the leader's history lacks. What was committed is
// never among it.
func (f *Follower) onTruncate(m *wire.Truncate, out []Effect) []Effect {
	if m.After < f.applied {
		f.ended = true
		return append(out, Over{NeedState: true, Why: fmt.Sprintf("the leader's history ends at %v, here %v is applied", m.After, f.applied)})
	}
	f.tail.drop(m.After)
	f.last, f.logged = min(f.last, m.After), min(f.logged, m.After)
	return append(out, TruncateLog{m.After})
}

// onPropose logs records that follow what is there.
func (f *Follower) onPropose(m *wire.Propose, out []Effect) []Effect {
	if len(m.Entries) == 0 {
		return f.commit(m.Committed, out)
	}
	b := &Batch{Entries: m.Entries, Records: make([]wire.Record, len(m.Entries))}
	last := f.last
	for i, e := range m.Entries {
		r, err := wire.UnpackRecord(e.Data)
		if err != nil || r.Zxid != e.Zxid || !follows(last, e.Zxid) {
			return f.leave(fmt.Sprintf("record %v does not follow %v: %v", e.Zxid, last, err), out)
		}
		b.Records[i], last = *r, e.Zxid
	}
	f.last = last
	f.tail = append(f.tail, b)
	return f.commit(m.Committed, append(out, Append{b}))
}

// follows tells whether a record may come right after another: by counting, or
// as the first of an epoch. Two epochs need not follow each other, since a reign
// may end before its first record.
func follows(last, next wire.Zxid) bool {
	return next == last+1 || next.Epoch() > last.Epoch() && next.Counter() <= 1
}

// commit notes what is committed and applies what of it is in the own log.
func (f *Follower) commit(z wire.Zxid, out []Effect) []Effect {
	f.committed = max(f.committed, z)
	return f.apply(out)
}

func (f *Follower) apply(out []Effect) []Effect {
	upTo := min(f.committed, f.logged)
	if upTo <= f.applied {
		return out
	}
	f.applied = upTo
	for _, b := range f.tail.take(upTo) {
		out = append(out, Commit{b.Records})
	}
	return out
}

// ack tells the leader what is durable.
func (f *Follower) ack(out []Effect) []Effect {
	if f.logged <= f.told {
		return out
	}
	f.told = f.logged
	if !f.m.Voter {
		return append(out, Send{f.m.Leader, &wire.Taken{Join: f.m.Join, Zxid: f.logged}})
	}
	return append(out, Send{f.m.Leader, &wire.Ack{Join: f.m.Join, Zxid: f.logged}})
}

// onEntered tells the leader that its history is durable here, what came behind
// it meanwhile need not be; or that this server is founded.
func (f *Follower) onEntered(e wire.Epoch, out []Effect) []Effect {
	if f.newLeader == nil || e != f.newLeader.Epoch {
		return out
	}
	if f.serving {
		return append(out, Send{f.m.Leader, &wire.AckNewLeader{Join: f.m.Join, Zxid: f.logged, Founded: true}})
	}
	f.logged = max(f.logged, f.history)
	f.told = max(f.told, f.logged)
	out = append(out, Send{f.m.Leader, &wire.AckNewLeader{Join: f.m.Join, Zxid: f.logged, Founded: f.pos.Founded}})
	return f.apply(out)
}
