//go:build faults

package inject

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// delayed is how long a Delay lasts.
const delayed = time.Second

// hurt is what is to happen to the next messages of a kind.
type hurt struct {
	mu    sync.Mutex
	delay time.Duration
	until time.Time // of the delay
	drop  int
}

// hurts has an entry for each kind that there is.
var hurts = func() map[string]*hurt {
	all := map[string]*hurt{Frame: {}}
	for kind := range strings.FieldsSeq(
		"server replica txlog checkpoint tree peer elector leader follower link gateway session") {
		all[kind] = &hurt{}
	}
	return all
}()

// Known refuses what is no kind.
func Known(kind string) error {
	if hurts[kind] == nil {
		return fmt.Errorf("kind %q: want one of %s", kind, strings.Join(slices.Sorted(maps.Keys(hurts)), ", "))
	}
	return nil
}

// Delay lets each message of a kind wait for so long before it is handled, and all
// behind it, for a second from now.
func Delay(kind string, by time.Duration) error {
	if err := Known(kind); err != nil {
		return err
	}
	h := hurts[kind]
	h.mu.Lock()
	defer h.mu.Unlock()
	h.delay, h.until = by, time.Now().Add(delayed)
	return nil
}

// Drop loses the next n messages of a kind, but those of an actor's own life.
func Drop(kind string, n int) error {
	if err := Known(kind); err != nil {
		return err
	}
	h := hurts[kind]
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop = n
	return nil
}

// meets does to a message what is due; lost says that it is not to be handled.
func (h *hurt) meets(message any) (lost bool) {
	switch message.(type) {
	case actor.SystemMessage, actor.AutoReceiveMessage:
		return false
	}
	h.mu.Lock()
	if lost = h.drop > 0; lost {
		h.drop--
	}
	wait := h.delay
	if lost || wait > 0 && time.Now().After(h.until) {
		wait = 0
	}
	h.mu.Unlock()
	time.Sleep(wait)
	return lost
}

// Actor is an actor of a kind. It meddles with kinds that it knows.
func Actor(kind string, a actor.Actor) actor.Actor {
	if h := hurts[kind]; h != nil {
		return &hurtable{a, h}
	}
	return a
}

type hurtable struct {
	actor.Actor
	hurt *hurt
}

// Receive implements actor.Actor.
func (a *hurtable) Receive(c actor.Context) {
	if !a.hurt.meets(c.Message()) {
		a.Actor.Receive(c)
	}
}

// Process is a process that takes what is of a kind.
func Process(kind string, p actor.Process) actor.Process { return &process{p, hurts[kind]} }

type process struct {
	actor.Process
	hurt *hurt
}

// SendUserMessage implements actor.Process.
func (p *process) SendUserMessage(pid *actor.PID, message any) {
	if !p.hurt.meets(message) {
		p.Process.SendUserMessage(pid, message)
	}
}

// ahead is how far the wall clock is ahead of the machine's.
var ahead atomic.Int64

// Wall is the wall clock. The other one, which durations are measured with, goes
// on as it does when somebody sets the machine's.
func Wall() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }

// Jump lets the wall clock jump.
func Jump(by time.Duration) { ahead.Add(int64(by)) }

// Adjust lets the wall clock be the machine's again.
func Adjust() { ahead.Store(0) }
