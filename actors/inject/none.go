//go:build !faults

package inject

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// Receiver is what the actors of a kind receive by.
func Receiver(_ string, next actor.ReceiverFunc) actor.ReceiverFunc { return next }

// Process is a process that takes what is of a kind.
func Process(_ string, p actor.Process) actor.Process { return p }

// Wall is the wall clock.
func Wall() time.Time { return time.Now() }
