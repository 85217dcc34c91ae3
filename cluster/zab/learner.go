package zab

import (
	"time"

	"troupe/wire"
)

// stage is how far a learner has come.
type stage int

const (
	joined   stage = iota
	promised       // has promised the epoch
	syncing        // is being fed up to the sync point
	synced         // has entered the epoch
	serving        // has been let serve
)

// learner is another server that has joined this leader.
type learner struct {
	id       wire.ServerID
	join     wire.Join
	voter    bool
	blank    bool // cannot vouch for what it acknowledged
	founded  bool // has been part of a reign with a quorum, and knows
	info     *wire.FollowerInfo
	stage    stage
	promised bool // of its own accord, so that it counts
	ahead    bool // has more history
	acked    wire.Zxid

	syncPoint    wire.Zxid
	enters       wire.Epoch // with it
	newLeader    bool       // has been sent
	cursor       wire.Zxid
	excess       bool      // its log has more than we share, which it has to forget
	told         wire.Zxid // committed, as it knows
	reading      bool      // the log is being read for it
	transferring bool
	flight       []flight // sent and not acknowledged
	bytes        int      // of those
	answered     time.Duration
	heard        time.Duration
	confirmed    uint64
	digest       *uint64 // answer to the probe
}

type flight struct {
	last  wire.Zxid
	bytes int
}

// acknowledge frees what was under way up to a zxid.
func (n *learner) acknowledge(z wire.Zxid, now time.Duration) {
	for len(n.flight) > 0 && n.flight[0].last <= z {
		n.bytes -= n.flight[0].bytes
		n.flight = n.flight[1:]
		n.answered = now
	}
	if len(n.flight) == 0 {
		n.flight = nil
	}
}

// feed sends a learner what it may have and does not have yet, as far as its
// window allows.
func (l *Leader) feed(n *learner, out []Effect) []Effect {
	if n.stage < syncing || n.transferring {
		return out
	}
	limit := l.sealed()
	if !n.voter {
		limit = l.committed // informed, not asked
	}
	for n.cursor < limit && n.bytes < l.o.WindowBytes {
		s, i := l.window.after(n.cursor)
		if s == nil {
			if !n.reading {
				n.reading = true
				out = append(out, ReadLog{n.id, n.join, n.cursor})
			}
			return out
		}
		if n.stage == syncing {
			out = l.sendMany(n, limit, out)
		} else {
			out = l.send(n, s, i, limit, out)
		}
	}
	if n.cursor >= n.syncPoint && !n.newLeader {
		n.newLeader = true
		out = l.truncate(n, out)
		out = append(out, Send{n.id, &wire.NewLeader{Join: n.join, Epoch: n.enters, Ensemble: l.pos.Ensemble}})
	}
	if n.stage == serving && n.told < l.committed && n.cursor >= l.committed {
		n.told = l.committed
		out = append(out, Send{n.id, &wire.Commit{Join: n.join, Zxid: l.committed}})
	}
	return out
}

// sealed is the last record that is in the window, past which there is only the
// draft.
func (l *Leader) sealed() wire.Zxid {
	if k := len(l.window.batches); k > 0 {
		return l.window.batches[k-1].last()
	}
	return l.window.low
}

// send proposes a batch from its place i on, up to limit.
func (l *Leader) send(n *learner, s *sealed, i int, limit wire.Zxid, out []Effect) []Effect {
	m := &wire.Propose{Join: n.join, Committed: l.committed}
	size := s.size
	if i == 0 && s.last() <= limit {
		if s.block == nil {
			s.block = l.packer.PackEntries(make([]byte, 0, s.size), s.entries)
		}
		m.Entries, m.Block = s.entries, s.block
	} else {
		end := i
		for size = 0; end < len(s.entries) && s.entries[end].Zxid <= limit; end++ {
			size += len(s.entries[end].Data) + recordOverhead
		}
		m.Entries = s.entries[i:end]
	}
	return l.sendPropose(n, m, size, out)
}

// bulk is about how much goes to a learner as one that has missed many batches: each
// message costs both sides more than its records.
const bulk = 256 << 10

// sendMany proposes the records of several batches, up to limit.
func (l *Leader) sendMany(n *learner, limit wire.Zxid, out []Effect) []Effect {
	m, size, at := &wire.Propose{Join: n.join, Committed: l.committed}, 0, n.cursor
	for s, i := l.window.after(at); s != nil && at < limit && size < bulk; s, i = l.window.after(at) {
		for ; i < len(s.entries) && s.entries[i].Zxid <= limit && size < bulk; i++ {
			m.Entries = append(m.Entries, s.entries[i])
			size += len(s.entries[i].Data) + recordOverhead
			at = s.entries[i].Zxid
		}
	}
	return l.sendPropose(n, m, size, out)
}

func (l *Leader) sendPropose(n *learner, m *wire.Propose, size int, out []Effect) []Effect {
	if len(n.flight) == 0 {
		n.answered = l.now
	}
	out = l.truncate(n, out)
	n.cursor = m.Entries[len(m.Entries)-1].Zxid
	n.told = max(n.told, min(l.committed, n.cursor))
	n.flight = append(n.flight, flight{n.cursor, size})
	n.bytes += size
	return append(out, Send{n.id, m})
}

// truncate lets a learner forget what this log does not have, now that there is
// something to go on with: one that will get the state keeps its log until then.
func (l *Leader) truncate(n *learner, out []Effect) []Effect {
	if !n.excess {
		return out
	}
	n.excess = false
	return append(out, Send{n.id, &wire.Truncate{Join: n.join, After: n.cursor}})
}

// onLogRead goes on feeding a learner that is behind the window.
func (l *Leader) onLogRead(e LogRead, out []Effect) []Effect {
	n := l.learners[e.Peer]
	if n == nil || n.join != e.Join || !n.reading {
		return out
	}
	n.reading = false
	if e.Trimmed {
		if n.stage == serving { // it has to come again
			out = append(out, Send{n.id, &wire.Leave{Join: n.join, Why: "it is too far behind"}})
			return l.onGone(n.id, out)
		}
		return l.transfer(n, out)
	}
	size, k := 0, 0
	for ; k < len(e.Entries) && (n.voter || e.Entries[k].Zxid <= l.committed); k++ {
		size += len(e.Entries[k].Data) + recordOverhead
	}
	if k > 0 {
		out = l.sendPropose(n, &wire.Propose{Join: n.join, Committed: l.committed, Entries: e.Entries[:k]}, size, out)
	}
	return l.feed(n, out)
}
