package replica

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/rs/zerolog"

	"troupe/actors/supervise"
	"troupe/persistence"
)

// TestReplica_DamageIsFatal, whenever it is found: an incarnation that has ended
// because of it is not rebuilt, unlike one that has ended for another reason.
func TestReplica_DamageIsFatal(t *testing.T) {
	damage := fmt.Errorf("transaction log: %w", persistence.ErrDamaged)
	if told := afterFailure(t, damage); !errors.Is(told, persistence.ErrDamaged) {
		t.Errorf("the parent is told %v", told)
	}
	if told := afterFailure(t, errors.New("a panic")); told != nil {
		t.Errorf("after a panic the parent is told %v", told)
	}
}

// afterFailure is the fatal error that a replica tells its parent of once it has
// closed the files of an incarnation with a failure; nil if it begins the next.
func afterFailure(t *testing.T, failure error) error {
	t.Helper()
	outcome := make(chan error, 1)
	child := actor.PropsFromFunc(func(c actor.Context) {
		switch c.Message().(type) {
		case *actor.Started:
			r := &Replica{failure: failure}
			r.o.Log = zerolog.Nop()
			r.onClosed(c, &closed{})
		case *rebuild:
			outcome <- nil
		}
	})
	parent := actor.PropsFromFunc(func(c actor.Context) {
		switch m := c.Message().(type) {
		case *actor.Started:
			c.Spawn(child)
		case *Fatal:
			outcome <- m.Err
		}
	})
	sys := actor.NewActorSystem(actor.WithLoggerFactory(supervise.LoggerFactory(zerolog.Nop())))
	defer sys.Shutdown()
	sys.Root.Spawn(parent)
	select {
	case err := <-outcome:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("neither")
		return nil
	}
}
