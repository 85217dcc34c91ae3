package actors

import (
	"fmt"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/rs/zerolog"

	"troupe/actors/gateway"
	"troupe/actors/replica"
	"troupe/actors/supervise"
)

// To itself, from Server's methods and the gateway.
type (
	// stop asks for an orderly end.
	stop struct{}
	// failed is the listener's failure.
	failed struct{ err error }
)

// root is the server's root actor. It brings the incarnations of the replica
// and the gateway together, and ends the server.
type root struct {
	server            *Server
	log               zerolog.Logger
	replica           replica.Options
	gateway           gateway.Options
	replicaPID, gwPID *actor.PID
	served            bool
	ending            bool
	reason            error // for ending, nil if it was asked for
	over              bool
}

// Receive implements actor.Actor.
func (r *root) Receive(c actor.Context) {
	switch m := c.Message().(type) {
	case *actor.Started:
		r.onStarted(c)
	case *replica.Serving:
		c.Send(r.gwPID, &gateway.Serve{Tree: m.Tree, Role: m.Role})
		if !r.served {
			r.served = true
			close(r.server.serving)
		}
	case *replica.Suspended:
		c.Send(r.gwPID, &gateway.Hold{})
	case *replica.Ended:
		c.Send(r.gwPID, &gateway.Unserve{})
	case *replica.Fatal:
		r.end(c, m.Err)
		r.finish(c)
	case *replica.Closed:
		r.fail(m.Err)
		r.finish(c)
	case *failed:
		r.end(c, m.err)
	case *supervise.Failed:
		r.fail(fmt.Errorf("%s failed: %v", m.Who.Id, m.Reason))
		r.finish(c) // at once: nobody hears clients any more, or there is no replica
	case *stop:
		r.end(c, nil)
	}
}

// fail keeps the first reason for ending.
func (r *root) fail(err error) {
	if r.reason == nil {
		r.reason = err
	}
}

// end begins to end the server: clients are disconnected, then the replica is
// closed, which answers Closed.
func (r *root) end(c actor.Context, err error) {
	r.fail(err)
	if r.ending {
		return
	}
	r.ending = true
	c.Send(r.replicaPID, &replica.Close{}) // leadership is handed over while clients are still there
}

func (r *root) onStarted(c actor.Context) {
	self, sys := c.Self(), c.ActorSystem().Root
	r.gateway.Failed = func(err error) { sys.Send(self, &failed{err}) }
	r.gwPID = c.SpawnPrefix(supervise.Props(r.log, "gateway", func() actor.Actor { return gateway.New(r.gateway) }), "gateway")
	r.replicaPID = c.SpawnPrefix(supervise.Props(r.log, "replica", func() actor.Actor { return replica.New(r.replica) }), "replica")
}

// HandleFailure implements actor.SupervisorStrategy: root has failed itself.
func (r *root) HandleFailure(_ *actor.ActorSystem, sup actor.Supervisor, who *actor.PID, _ *actor.RestartStatistics, reason, _ any) {
	r.fail(fmt.Errorf("%s failed: %v", who.Id, reason))
	sup.StopChildren(who)
	r.tell()
}

// finish ends all that is left.
func (r *root) finish(c actor.Context) {
	c.Stop(c.Self())
	r.tell()
}

// tell tells that the server has ended, once.
func (r *root) tell() {
	if r.over {
		return
	}
	r.over = true
	if r.replica.Network != nil {
		r.replica.Network.Close()
	}
	r.server.err = r.reason
	close(r.server.done)
}
