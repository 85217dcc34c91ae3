package sim

import (
	"troupe/cluster/zab"
	"troupe/wire"
)

// Mutation is a bug put in on the way between a machine and the world, to show
// that it is seen.
type Mutation int

// The mutations.
const (
	None Mutation = iota
	VoteByCommitted
	AckBeforeSync
	LateRegistration
	PhantomTail
	CommitByCount
	EarlyService
	StaleClock
	BlankCounts
	SyncWithoutRound
	TrustOldConnections
	LateEvents
	Mutations // how many there are
)

// String says what is wrong.
func (m Mutation) String() string {
	return [...]string{"none", "vote by committed instead of logged zxid", "ack before sync", "register the learner after fixing the sync point",
		"keep a phantom tail", "commit by count over epochs", "serve before NEWLEADER's quorum", "expire sessions from a stale clock",
		"a blank voter counts", "sync without a round", "trust connections from before the last record",
		"tell of a change after the reply that shows it"}[m]
}

// position changes where a server says it stands.
func (m Mutation) position(p *zab.Position) {
	if m == BlankCounts {
		p.Blank = false
	}
}

// credentials are what a server stands for election with.
func (m Mutation) credentials(p *zab.Position) wire.Credentials {
	c := p.Credentials()
	if m == VoteByCommitted {
		c.Last = p.Committed
	}
	return c
}

// sent changes a message on its way out; nil if there is none any more.
func (m Mutation) sent(n *node, to wire.ServerID, p wire.PeerMessage) wire.PeerMessage {
	switch p := p.(type) {
	case *wire.AckEpoch:
		if m == VoteByCommitted {
			p.Credentials.Last = n.tree.Applied()
		}
	case *wire.Truncate:
		if m == PhantomTail {
			return nil
		}
	case *wire.NewLeader:
		switch {
		case m == LateRegistration:
			n.late = to
		case m == EarlyService && !n.leader.Serving():
			n.forge(to, p)
		}
	case *wire.UpToDate:
		n.late = 0
	case *wire.Propose:
		if n.late == to && m == LateRegistration {
			n.late = 0
			return nil
		}
	}
	return p
}

// forge has the leader hear of what has not happened yet.
func (n *node) forge(to wire.ServerID, p *wire.NewLeader) {
	reign, z := n.reign, n.leader.Proposed()
	n.after(0, func() {
		if n.reign == reign {
			n.step(zab.Entered{Epoch: p.Epoch})
			n.step(zab.Heard{From: to, Message: &wire.AckNewLeader{Join: p.Join, Zxid: z}, Now: n.now()})
		}
	})
}

// leading is after a leader's step.
func (m Mutation) leading(n *node, e zab.Event) {
	h, heard := e.(zab.Heard)
	if m != CommitByCount || !heard || n.leader.Serving() {
		return
	}
	switch ack := h.Message.(type) {
	case *wire.Ack:
		n.count(h.From, ack.Zxid)
	case *wire.AckEpoch:
		n.count(h.From, n.shared(n.w.node(h.From)))
	}
}

// shared is the last record that two servers' logs have in common.
func (n *node) shared(o *node) wire.Zxid {
	for i := len(o.disk.log.entries) - 1; i >= 0; i-- {
		e := &o.disk.log.entries[i]
		if sum, ok := n.disk.log.sumAt(e.zxid); ok && sum == e.sum {
			return e.zxid
		}
	}
	return 0
}

// count commits what is on a quorum of disks, whatever its epoch.
func (n *node) count(from wire.ServerID, z wire.Zxid) {
	if n.counted[0] != n.reign {
		n.counted = [10]int{n.reign}
	}
	n.counted[from] = int(z)
	has := 1
	for _, id := range n.w.voters {
		if wire.Zxid(n.counted[id]) >= z {
			has++
		}
	}
	if j := &n.disk.log; has > len(n.w.voters)/2 {
		for i := j.behind(n.tree.Applied()); i < j.behind(z); i++ {
			n.apply(&j.entries[i].record)
		}
	}
}

// repeats tells whether a commit comes again because of a mutation.
func (m Mutation) repeats(n *node, r *wire.Record) bool {
	return m == CommitByCount && r.Zxid <= n.tree.Applied()
}

// expired lets time pass for the sessions. The stale clock does not see that it
// was held up.
func (m Mutation) expired(n *node) (over []wire.SessionID) {
	if m != StaleClock {
		return n.table.Tick(n.now())
	}
	for ; n.stale < n.now(); n.stale += tickEvery {
		over = append(over, n.table.Tick(n.stale)...)
	}
	return over
}

// sync asks where the order of writes stands.
func (m Mutation) sync(n *node, s zab.Sync) {
	if m == SyncWithoutRound {
		n.syncPoint(zab.SyncPoint{Ticket: s.Ticket, Zxid: n.leader.Committed()})
		return
	}
	n.step(s)
}
