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
	Mutations
)

func (m Mutation) String() string {
	return [...]string{"none", "vote by committed instead of logged zxid", "ack before sync", "register the learner after fixing the sync point",
		"keep a phantom tail", "commit by count over epochs", "serve before NEWLEADER's quorum", "expire sessions from a stale clock",
		"a blank voter counts", "sync without a round", "trust connections from before"}[m]
}

func (m Mutation) credentials(p *zab.Position) wire.Credentials { return p.Credentials() }

func (m Mutation) position(p *zab.Position) {}

func (m Mutation) sent(n *node, to wire.ServerID, p wire.PeerMessage) wire.PeerMessage { return p }

func (m Mutation) received(n *node, from wire.ServerID, p wire.PeerMessage) wire.PeerMessage {
	return p
}

func (m Mutation) leading(n *node, e zab.Event) {}

func (m Mutation) expired(n *node) []wire.SessionID { return n.table.Tick(n.now()) }

func (m Mutation) sync(n *node, s zab.Sync) { n.step(s) }
