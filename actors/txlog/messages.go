package txlog

import (
	"github.com/asynkron/protoactor-go/actor"

	"troupe/persistence"
	"troupe/wire"
)

// Accepts. All but Read and Trim are done in the order they come.
type (
	// Append asks for entries, in zxid order, to be written and synced. Sent by
	// a role; answered to Tell by a Durable that may cover more than one.
	Append struct {
		Entries   []persistence.Entry
		Committed wire.Zxid // known committed when it was sent
		Tell      *actor.PID
	}
	// Promise asks for the accepted epoch to be written. Sent by a role; answered
	// to Tell by Promised.
	Promise struct {
		Epoch wire.Epoch
		Tell  *actor.PID
	}
	// Enter asks for the current epoch to be written. Sent by a role; answered to
	// Tell by Entered. With Vouch the ensemble's id is written, too, and the log
	// vouches for what is acknowledged from then on.
	Enter struct {
		Epoch    wire.Epoch
		Ensemble string
		Vouch    bool
		Tell     *actor.PID
	}
	// Truncate removes what is behind a zxid. Sent by a follower; not answered.
	Truncate struct{ After wire.Zxid }
	// Flush asks to be told where the log stands once all before it is done. Sent
	// by the peer; answered to the sender by Flushed.
	Flush struct{}
	// Read asks for entries behind a zxid, for a learner that is behind. Sent by
	// the leader; answered to the sender by Entries.
	Read struct {
		Peer  wire.ServerID
		Join  wire.Join
		After wire.Zxid
	}
	// Trim lets go of entries below a zxid. Sent by the checkpointer.
	Trim struct{ Below wire.Zxid }
)

// Emits.
type (
	// Durable tells that everything up to Zxid is synced.
	Durable struct{ Zxid wire.Zxid }
	// Promised answers Promise.
	Promised struct{ Epoch wire.Epoch }
	// Entered answers Enter.
	Entered struct{ Epoch wire.Epoch }
	// Flushed answers Flush.
	Flushed struct {
		Accepted, Current wire.Epoch
		Last              wire.Zxid
		Ends              []wire.Zxid // the last record of each epoch, newest first
		Ensemble          string
		Vouches           bool
	}
	// Entries answers Read.
	Entries struct {
		Peer    wire.ServerID
		Join    wire.Join
		Entries []persistence.Entry
		Trimmed bool  // they are not in the log any more
		Err     error // they cannot be read; Trimmed then, too
	}
)

// From its own goroutines.
type trimmed struct{ err error }

// To itself.
type flush struct{}
