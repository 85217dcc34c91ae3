package session

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"troupe/wire"
)

// Accepts, from the reader. What the tree sends stands in package tree.
type (
	// Hello is the first frame of a connection.
	Hello struct{ Frame []byte }
	// Word is a four-letter word instead; Arg is what stmk brings.
	Word struct {
		Word string
		Arg  []byte
	}
	// Frames are the requests of one socket read.
	Frames struct {
		At     time.Time
		Frames []Frame
		Large  int // bytes of the one there is, if they were reserved
		Extra  int // credits taken beyond one for each
	}
	// Alive tells that bytes have come, and cannot be read yet.
	Alive struct{ At time.Time }
	// Broken tells that nothing more will be read, and why.
	Broken struct{ Err error }
	// Drained tells that the socket has taken what it could not take at once.
	Drained struct{ Err error }
)

// Accepts, from the gateway.
type (
	// Close asks for the connection to be closed at once.
	Close struct{ Why string }
	// Hold tells that there is no leader: what comes from the client waits.
	Hold struct{}
	// Resume brings the actors of the next reign.
	Resume struct{ Tree, Role *actor.PID }
)

// Emits, to the gateway.
type (
	// Ended tells that a session's actor stops. It is not watched for that: sets of
	// watchers would be a twentieth of what an idle session costs.
	Ended struct{ Who *actor.PID }
)

// To itself.
type (
	// waited tells that a Hold has lasted too long.
	waited struct{ hold int }
)

// Frame is one request, decoded as far as it decodes.
type Frame struct {
	Xid     wire.Xid
	Op      wire.OpCode
	Body    []byte
	Request wire.Request // nil if Err
	Err     error
}
