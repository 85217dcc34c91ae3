package zab

import (
	"troupe/cluster/quorum"
	"troupe/wire"
)

// Event is something that happened to a leader.
type Event interface{ event() }

// Effect is something that the leader's shell is to do.
type Effect interface{ effect() }

type (
	// Submit brings requests, in the order they are to take. The drafts lack
	// what the leader decides: zxid, time, flags, version.
	Submit struct {
		Drafts []wire.Record
		Now    int64 // wall clock, milliseconds since 1970
	}
	// Acked tells that a server has all records up to Zxid durably.
	Acked struct {
		From wire.ServerID
		Zxid wire.Zxid
	}
	// Sync asks where the order of writes stands now.
	Sync struct{ Ticket any }
)

type (
	// Append is to be written to every server's log, the leader's own included.
	Append struct{ Records []wire.Record }
	// Commit is to be applied, in order. Records were proposed before.
	Commit struct{ Records []wire.Record }
	// SyncPoint answers a Sync: whoever has applied Zxid is as far as the order
	// of writes was when the Sync came.
	SyncPoint struct {
		Ticket any
		Zxid   wire.Zxid
	}
)

func (Submit) event()     {}
func (Acked) event()      {}
func (Sync) event()       {}
func (Append) effect()    {}
func (Commit) effect()    {}
func (SyncPoint) effect() {}

// Leader orders writes in one epoch.
type Leader struct {
	quorum    quorum.Quorum
	flags     wire.RecordFlags
	proposed  wire.Zxid
	committed wire.Zxid
	acked     map[wire.ServerID]wire.Zxid
	inflight  [][]wire.Record // proposed, not committed, in zxid order
}

// NewLeader starts a leader after everything up to last, which is committed.
// Its records carry flags.
func NewLeader(q quorum.Quorum, last wire.Zxid, flags wire.RecordFlags) *Leader {
	return &Leader{quorum: q, flags: flags, proposed: last, committed: last,
		acked: make(map[wire.ServerID]wire.Zxid)}
}

// Proposed is the last zxid given out.
func (l *Leader) Proposed() wire.Zxid { return l.proposed }

// Committed is the last zxid that a quorum has.
func (l *Leader) Committed() wire.Zxid { return l.committed }

// Step advances the machine by one event and appends to out what is to be done.
func (l *Leader) Step(e Event, out []Effect) []Effect {
	switch e := e.(type) {
	case Submit:
		return l.onSubmit(e, out)
	case Acked:
		return l.onAcked(e, out)
	case Sync:
		// An ensemble of one confirms itself: its leader cannot be deposed.
		return append(out, SyncPoint{e.Ticket, l.proposed})
	}
	panic("zab: unknown event")
}

func (l *Leader) onSubmit(e Submit, out []Effect) []Effect {
	if len(e.Drafts) == 0 {
		return out
	}
	records := make([]wire.Record, len(e.Drafts))
	copy(records, e.Drafts)
	for i := range records {
		l.proposed = next(l.proposed)
		r := &records[i]
		r.Zxid, r.Eval, r.Time, r.Flags = l.proposed, wire.EvalVersion, e.Now, l.flags
	}
	l.inflight = append(l.inflight, records)
	return append(out, Append{records})
}

// next steps a zxid. Before the counter is spent the epoch is stepped over,
// which an ensemble of one can do by itself.
func next(z wire.Zxid) wire.Zxid {
	if z.Counter() == 1<<32-1 {
		return wire.MakeZxid(z.Epoch()+1, 1)
	}
	return z + 1
}

func (l *Leader) onAcked(e Acked, out []Effect) []Effect {
	if e.Zxid <= l.acked[e.From] {
		return out
	}
	l.acked[e.From] = e.Zxid
	upTo := l.quorum.Committed(l.acked)
	if upTo <= l.committed {
		return out
	}
	l.committed = upTo
	for len(l.inflight) > 0 {
		batch := l.inflight[0]
		n := through(batch, upTo)
		if n > 0 {
			out = append(out, Commit{batch[:n:n]})
		}
		if n < len(batch) {
			l.inflight[0] = batch[n:]
			return out
		}
		l.inflight[0] = nil
		l.inflight = l.inflight[1:]
	}
	l.inflight = nil
	return out
}

// through counts the records of a batch up to a zxid.
func through(batch []wire.Record, upTo wire.Zxid) int {
	if batch[len(batch)-1].Zxid <= upTo {
		return len(batch)
	}
	n := 0
	for batch[n].Zxid <= upTo {
		n++
	}
	return n
}
