//go:build !faults

package inject

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// Actor is an actor of a kind.
func Actor(_ string, a actor.Actor) actor.Actor { return a }

// Process is a process that takes what is of a kind.
func Process(_ string, p actor.Process) actor.Process { return p }

// Wall is the wall clock.
func Wall() time.Time { return time.Now() }
