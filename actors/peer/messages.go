// Package peer is the actor that makes a server a member of its ensemble. It
// holds the links to all others, keeps the elector informed, and gives the server
// one role after the other: looking, then a leader or a follower for one reign,
// then looking again. What one reign leaves in the log, unapplied, goes over to
// the next. A server alone is an ensemble of one.
//
//	peer            everything a link brings goes through here
//	|- elector      always alive
//	|- leader | follower   one reign
//	'- link x k     one per other server
//
//	link    --Up, Down, Heard--> peer --Up, Down, Heard, Look--> elector --Elected--> peer
//	peer    --role.Received, Lost, Retire--> role --role.Serving, Over, Replaced--> peer
//	peer    --Serving, Suspended, Rebuild, Retired--> replica
package peer

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"troupe/wire"
)

// Accepts, from links.
type (
	// up tells that another server can be reached.
	up struct{ peer wire.ServerID }
	// down tells that it cannot be reached any more, and why.
	down struct {
		peer wire.ServerID
		why  error
	}
	// heard brings a message of another server.
	heard struct {
		from    wire.ServerID
		message wire.PeerMessage
	}
)

// To itself.
type (
	again struct{}
	// remind is due when this server has served nobody for a while since a moment.
	remind struct{ since time.Time }
)

// Accepts, from the replica.
type (
	// Retire asks to leave the ensemble in order; answered by Retired.
	Retire struct{}
)

// Emits, to the replica.
type (
	// Serving tells that clients can be served, by this role.
	Serving struct{ Role *actor.PID }
	// Suspended tells that there is no leader. Clients stay, and wait.
	Suspended struct{}
	// Rebuild tells that the tree has to be read again from what is on disk now.
	Rebuild struct{}
	// Retired answers Retire.
	Retired struct{}
)
