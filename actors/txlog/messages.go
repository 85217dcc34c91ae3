package txlog

import (
	"github.com/asynkron/protoactor-go/actor"

	"troupe/persistence"
	"troupe/wire"
)

// Accepts.
type (
	// Append asks for entries, in zxid order, to be written and synced. Sent by
	// the leader; answered to Tell by a Durable that may cover more than one.
	Append struct {
		Entries   []persistence.Entry
		Committed wire.Zxid // known committed when it was sent
		Tell      *actor.PID
	}
	// Trim lets go of entries below a zxid. Sent by the checkpointer.
	Trim struct{ Below wire.Zxid }
)

// Emits.
type (
	// Durable tells that everything up to Zxid is synced.
	Durable struct{ Zxid wire.Zxid }
)

// From its own goroutines.
type (
	written struct {
		last wire.Zxid
		err  error
	}
	trimmed struct{ err error }
)
