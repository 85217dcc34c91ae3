package zab

import (
	"fmt"
	"maps"
	"slices"

	"troupe/wire"
)

// onSubmit gives requests their zxids.
func (l *Leader) onSubmit(e Submit, out []Effect) []Effect {
	if len(e.Drafts) == 0 || l.phase != broadcasting {
		return out
	}
	if l.founding {
		l.stalled = append(l.stalled, e)
		return out
	}
	if l.proposed.Epoch() == l.epoch && l.proposed.Counter() >= 1<<32-1-uint32(len(e.Drafts)) {
		l.stalled = append(l.stalled, e)
		if l.step == 0 {
			return l.beginStep(out)
		}
		return out
	}
	if l.draft == nil {
		l.draft = &Batch{}
	}
	for _, r := range e.Drafts {
		r.Time = e.Now
		l.assign(r)
	}
	if l.proposed.Counter() >= l.o.LastCounter && l.step == 0 {
		return l.beginStep(out)
	}
	return out
}

// assign puts a record behind all others. A reign counts from 1.
func (l *Leader) assign(r wire.Record) {
	z := l.proposed + 1
	if l.proposed.Epoch() != l.epoch {
		z = wire.MakeZxid(l.epoch, 1)
	}
	l.put(r, z)
}

func (l *Leader) put(r wire.Record, z wire.Zxid) {
	l.proposed = z
	r.Zxid, r.Eval, r.Flags = l.proposed, wire.EvalVersion, l.o.Flags
	l.draft.Records = append(l.draft.Records, r)
	l.noteEnd(l.proposed)
}

// onFlush hands on what was proposed since the last one, to the own log and to
// the learners, and tells them what is committed.
func (l *Leader) onFlush(out []Effect) []Effect {
	if !l.crowded() {
		out = l.seal(out)
	}
	for _, id := range l.order {
		out = l.feed(l.learners[id], out)
	}
	if l.phase == retiring && l.committed == l.proposed && l.applied == l.proposed {
		return l.over(Over{Why: "handed over"}, out)
	}
	return out
}

// crowded tells that so much is under way that what is drafted can wait for it:
// every log writes one batch after the other, and each batch costs every server
// some messages. So a lone request goes at once, and what comes while it is under
// way goes together; unless that becomes so much that the logs had better have it
// at hand.
func (l *Leader) crowded() bool {
	if l.draft == nil {
		return false
	}
	switch n := len(l.draft.Records); len(l.underWay) {
	case 0:
		return false
	case 1:
		return n < someRecords
	default:
		return n < manyRecords
	}
}

const (
	someRecords = 64
	manyRecords = 1024
)

// seal packs the draft.
func (l *Leader) seal(out []Effect) []Effect {
	b := l.draft
	if b == nil {
		return out
	}
	l.draft = nil
	size := 0
	for i := range b.Records {
		size += len(b.Records[i].Body) + 96
	}
	buf := make([]byte, 0, size)
	b.Entries = make([]wire.Entry, len(b.Records))
	for i := range b.Records {
		from := len(buf)
		buf = l.packer.Record(buf, &b.Records[i])
		b.Entries[i] = wire.Entry{Zxid: b.Records[i].Zxid, Data: buf[from:len(buf):len(buf)]}
	}
	l.tail = append(l.tail, b)
	l.underWay = append(l.underWay, b.Last())
	if l.alone() {
		l.window = window{low: l.proposed}
	} else {
		l.window.add(b)
		l.window.shrink(l.o.KeepBytes, l.applied)
	}
	return append(out, Append{b})
}

// alone tells whether nobody can ever learn from this leader.
func (l *Leader) alone() bool { return len(l.o.Voters) == 1 && len(l.learners) == 0 }

func (l *Leader) onAck(n *learner, z wire.Zxid, out []Effect) []Effect {
	n.acknowledge(z, l.now)
	n.acked = max(n.acked, z)
	return l.advance(out)
}

// advance commits what a quorum has, and applies what of it is in the own log.
func (l *Leader) advance(out []Effect) []Effect {
	if l.phase < broadcasting {
		return out
	}
	acked := map[wire.ServerID]wire.Zxid{l.o.Self: l.own}
	for id, n := range l.learners {
		if n.voter && n.stage == serving {
			acked[id] = n.acked
		}
	}
	l.committed = max(l.committed, l.quorum.Committed(acked))
	for len(l.underWay) > 0 && l.underWay[0] <= l.committed {
		l.underWay = l.underWay[1:]
	}
	return l.apply(out)
}

func (l *Leader) apply(out []Effect) []Effect {
	upTo := min(l.committed, l.own)
	if upTo <= l.applied {
		return out
	}
	l.applied = upTo
	for _, b := range l.tail.take(upTo) {
		out = append(out, Commit{b.Records})
	}
	return out
}

// confirm begins a round in which a quorum says that this is still its leader.
// It began after all that wait for it had asked.
func (l *Leader) confirm(out []Effect) []Effect {
	if l.asking || len(l.waiting) == 0 || l.phase != broadcasting && l.phase != retiring {
		return out
	}
	l.asking, l.asked, l.waiting = true, l.waiting, nil
	l.round++
	for _, id := range l.order {
		if n := l.learners[id]; n.voter && n.stage == serving {
			out = append(out, Send{id, &wire.Confirm{Join: n.join, Round: l.round}})
		}
	}
	return l.confirmed(out)
}

func (l *Leader) onConfirmed(n *learner, m *wire.Confirmed, out []Effect) []Effect {
	n.confirmed = max(n.confirmed, m.Round)
	return l.confirmed(out)
}

func (l *Leader) confirmed(out []Effect) []Effect {
	if !l.asking || !l.supported(true, func(n *learner) bool { return n.stage == serving && n.confirmed == l.round }) {
		return out
	}
	for _, a := range l.asked {
		out = append(out, SyncPoint{a.ticket, a.zxid})
	}
	l.asking, l.asked = false, nil
	return l.confirm(out)
}

// beginStep asks for promises of the next epoch, before the counter is spent.
func (l *Leader) beginStep(out []Effect) []Effect {
	l.step, l.stepped = l.epoch+1, make(map[wire.ServerID]bool)
	out = append(out, Promise{l.step})
	for _, id := range l.order {
		if n := l.learners[id]; n.stage == serving {
			out = append(out, Send{id, &wire.StepEpoch{Join: n.join, Epoch: l.step}})
		}
	}
	return out
}

func (l *Leader) onAckStep(n *learner, m *wire.AckStep, out []Effect) []Effect {
	switch {
	case l.step == 0 || m.Epoch != l.step:
		return out
	case !m.OK:
		return l.over(Over{Why: fmt.Sprintf("server %d does not promise epoch %d", n.id, l.step)}, out)
	}
	if n.voter && n.stage == serving {
		l.stepped[n.id] = true
	}
	return l.stepEpoch(out)
}

// stepEpoch goes over to the next epoch once a quorum has promised it: with a
// record, the first of the epoch, whose number no client sees.
func (l *Leader) stepEpoch(out []Effect) []Effect {
	if l.phase != broadcasting || !l.quorum.Won(l.stepped) {
		return out
	}
	out = l.seal(out)
	l.epoch, l.step, l.stepped = l.step, 0, nil
	l.draft = &Batch{}
	l.begins = wire.MakeZxid(l.epoch, 0)
	l.put(wire.Record{Op: wire.OpNewEpoch}, l.begins)
	return append(l.release(out), Serve{l.epoch})
}

// release takes the requests that had to wait.
func (l *Leader) release(out []Effect) []Effect {
	stalled := l.stalled
	l.stalled = nil
	for _, s := range stalled {
		out = l.onSubmit(s, out)
	}
	return out
}

func (l *Leader) onRetire(out []Effect) []Effect {
	if l.phase != broadcasting {
		return l.over(Over{Why: "stopped"}, out)
	}
	l.phase = retiring
	return l.onFlush(out)
}

// probe is a comparison of trees at one zxid.
type probe struct {
	zxid  wire.Zxid
	value uint64
}

// onOwnDigest asks everybody for the digest at the same zxid.
func (l *Leader) onOwnDigest(e OwnDigest, out []Effect) []Effect {
	if l.phase != broadcasting {
		return out
	}
	l.probe = &probe{e.Zxid, e.Value}
	for _, id := range l.order {
		n := l.learners[id]
		if n.digest = nil; n.stage == serving {
			out = append(out, Send{id, &wire.Probe{Join: n.join, Zxid: e.Zxid}})
		}
	}
	return out
}

func (l *Leader) onDigest(n *learner, m *wire.Digest, out []Effect) []Effect {
	if l.probe == nil || m.Zxid != l.probe.zxid || n.stage != serving {
		return out
	}
	n.digest = &m.Value
	return l.judge(out)
}

// judge lets a quorum of equals decide whose tree is right. Without one, nobody
// serves and nobody rebuilds.
func (l *Leader) judge(out []Effect) []Effect {
	equals := map[uint64]map[wire.ServerID]bool{l.probe.value: {l.o.Self: true}}
	missing := false
	for _, id := range l.order {
		n := l.learners[id]
		switch {
		case !n.voter || n.stage != serving:
		case n.digest == nil:
			missing = true
		default:
			if equals[*n.digest] == nil {
				equals[*n.digest] = make(map[wire.ServerID]bool)
			}
			equals[*n.digest][id] = true
		}
	}
	for _, value := range slices.Sorted(maps.Keys(equals)) {
		if l.quorum.Won(equals[value]) {
			return l.expel(value, out)
		}
	}
	if missing || len(equals) == 1 {
		return out
	}
	for _, id := range l.order {
		out = append(out, Send{id, &wire.Diverged{Join: l.learners[id].join, Zxid: l.probe.zxid, Value: l.probe.value, NobodyKnows: true}})
	}
	return l.over(Over{Why: fmt.Sprintf("at %v the trees' digests differ and none has a quorum: %x here", l.probe.zxid, l.probe.value), Halt: true}, out)
}

// expel sends those away whose tree is not the quorum's. They replace theirs.
func (l *Leader) expel(right uint64, out []Effect) []Effect {
	if l.probe.value != right {
		return l.over(Over{NeedState: true, Why: fmt.Sprintf("at %v the tree's digest is %x, a quorum has %x",
			l.probe.zxid, l.probe.value, right)}, out)
	}
	for _, id := range slices.Clone(l.order) {
		n := l.learners[id]
		if n == nil || n.digest == nil || *n.digest == right {
			continue
		}
		out = append(out, Send{id, &wire.Diverged{Join: n.join, Zxid: l.probe.zxid, Value: right}})
		out = l.onGone(id, out)
		if l.phase == ended {
			return out
		}
	}
	return out
}
