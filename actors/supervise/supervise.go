// Package supervise holds what all of Troupe's actors share about failing: a
// panic is logged once with its stack, and it stops the actor; nothing is ever
// restarted in place or resumed, since an actor that has lost a message or half
// applied one would silently diverge. What happens next is the parent's
// decision, told by a Failed message.
package supervise

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/rs/zerolog"

	"troupe/actors/inject"
)

// Failed tells a parent that a child has panicked. The child handles no more
// messages until it is stopped.
type Failed struct {
	Who    *actor.PID
	Reason any
}

// Accepts: every actor takes a Crash, and panics, for tests that show what a fault in
// each kind of actor costs.
type Crash struct{ Reason string }

// strategy reports a failure to the supervisor as a message and leaves the
// child suspended.
type strategy struct{}

// HandleFailure implements actor.SupervisorStrategy.
func (*strategy) HandleFailure(sys *actor.ActorSystem, sup actor.Supervisor, who *actor.PID,
	_ *actor.RestartStatistics, reason, _ any) {
	sys.Root.Send(sup.(actor.Context).Self(), &Failed{Who: who, Reason: reason})
}

// Props makes the props of an actor named in log lines by kind: panics are
// logged with their stack, and its children are supervised as above.
func Props(log zerolog.Logger, kind string, producer actor.Producer) *actor.Props {
	k := &guard{log, kind}
	return actor.PropsFromProducer(func() actor.Actor { return &guarded{inject.Actor(kind, producer()), k} },
		actor.WithDispatcher(dispatcher), actor.WithMailbox(newMailbox), actor.WithSupervisor(&strategy{}))
}

// guard logs the panics of the actors of a kind.
type guard struct {
	log  zerolog.Logger
	kind string
}

// guarded is an actor with its guard. Proto.Actor's own way, a middleware, takes an
// envelope for each message and a sixth of a kilobyte for each actor.
type guarded struct {
	actor.Actor
	guard *guard
}

// Receive implements actor.Actor.
func (a *guarded) Receive(c actor.Context) {
	defer a.guard.tell(c)
	if crash, ok := c.Message().(*Crash); ok {
		panic("crash asked for: " + crash.Reason)
	}
	a.Actor.Receive(c)
}

// tell logs a panic, and goes on with it.
func (g *guard) tell(c actor.Context) {
	if p := recover(); p != nil {
		g.log.Error().Str("actor", g.kind).Str("message", fmt.Sprintf("%T", c.Message())).
			Str("panic", fmt.Sprint(p)).Bytes("stack", debug.Stack()).Msg("actor failed")
		panic(p)
	}
}

type bridge struct{ log zerolog.Logger }

func (b bridge) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }
func (b bridge) WithAttrs([]slog.Attr) slog.Handler           { return b }
func (b bridge) WithGroup(string) slog.Handler                { return b }

func (b bridge) Handle(_ context.Context, r slog.Record) error {
	e := b.log.Warn().Str("lib", "proto.actor")
	r.Attrs(func(a slog.Attr) bool {
		switch v := a.Value.Any().(type) {
		case error:
			e.AnErr(a.Key, v)
		case *actor.PID:
			e.Str(a.Key, v.GetId())
		default:
			e.Str(a.Key+"_type", fmt.Sprintf("%T", v))
		}
		return true
	})
	e.Msg(r.Message)
	return nil
}

// LoggerFactory gives Proto.Actor its log: warnings and worse only, without the
// contents of messages, which may be clients' data.
func LoggerFactory(log zerolog.Logger) func(*actor.ActorSystem) *slog.Logger {
	return func(*actor.ActorSystem) *slog.Logger { return slog.New(bridge{log}) }
}

// KindOf is the kind of actor that a PID's id stands for: the last component,
// less the number that tells instances apart.
func KindOf(id string) string {
	name, _, _ := strings.Cut(id[strings.LastIndexByte(id, '/')+1:], "$")
	return name
}
