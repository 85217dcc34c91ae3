package leader

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"troupe/actors/tree"
	"troupe/wire"
)

// Accepts, besides what every role does (package role), txlog.Durable, Promised,
// Entered and Entries, and tree.Reapable, Population and Digest. Sessions send
// the same to a follower, which forwards it.
type (
	// Admit asks for a connection to be attached to a session that the tree has
	// verified, or to a new one if Session is 0. Sent by a session actor; it is
	// answered by the tree's Welcome, or by Gone.
	Admit struct {
		Conn     tree.Conn
		Actor    *actor.PID
		Session  wire.SessionID
		Timeout  int32  // milliseconds, negotiated
		Password []byte // of a new session
		Auth     []wire.ID
	}
	// Submit brings the writes of one socket read, in order. Sent by a session
	// actor, which keeps no hold on them; answered by the tree, write by write.
	Submit struct{ Drafts []wire.Record }
	// Sync asks to be told when this server has applied all that was proposed
	// when it came, a quorum having confirmed that later. Sent by a session actor;
	// answered by the tree: as a reply to a client, or by Verified if Connect is
	// not nil.
	Sync struct {
		Conn    tree.Conn
		Xid     wire.Xid
		Path    string
		Connect *tree.Connect
	}
	// Touch says that a session's client was heard of. Sent by session actors,
	// at most every TouchEvery.
	Touch struct{ Session wire.SessionID }
)

// Emits, like a follower, to session actors.
type (
	// Gone says that the session of an Admit is over, or that its end is under way:
	// trees may not know yet.
	Gone struct{}
)

// From its own goroutines: what sends a state to a learner.
type (
	// exported ends a transfer.
	exported struct {
		peer wire.ServerID
		join wire.Join
		err  error
	}
)

// To itself.
type (
	tick      struct{}
	sweepTime struct{}
	probeTime struct{}
	flush     struct{}
)

// TouchEvery is how often a session of some timeout is touched at most. The
// leader grants as much on top of the timeout, so that no client is over early.
func TouchEvery(timeout time.Duration) time.Duration { return min(timeout/8, 500*time.Millisecond) }

// ForwardEvery is how often a follower forwards touches.
const ForwardEvery = 100 * time.Millisecond

// Slack is what is granted on top of a session's timeout.
func Slack(timeout time.Duration) time.Duration { return TouchEvery(timeout) + 2*ForwardEvery }
