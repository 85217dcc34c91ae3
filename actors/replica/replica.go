package replica

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/rs/zerolog"

	"troupe/actors/checkpoint"
	"troupe/actors/config"
	"troupe/actors/link"
	"troupe/actors/metrics"
	"troupe/actors/peer"
	"troupe/actors/supervise"
	"troupe/actors/tree"
	"troupe/actors/txlog"
	"troupe/persistence"
	"troupe/wire"
)

const (
	// maxIncarnations within incarnationWindow end the process.
	maxIncarnations   = 6
	incarnationWindow = time.Minute
	// checkpointBytes of records bring a checkpoint on before snapCount does.
	checkpointBytes = 32 << 20
	// checkpointRecords do so too, whatever snapCount says: a checkpoint costs
	// what changed, and what it needs in memory while it is written, and what is
	// replayed at a start, is bounded so.
	checkpointRecords = 25_000
)

// Emits, to its parent.
type (
	// Serving tells that an incarnation serves, by this role.
	Serving struct{ Tree, Role *actor.PID }
	// Suspended tells that there is no leader; clients may stay and wait.
	Suspended struct{}
	// Ended tells that the incarnation is over and another is being built.
	Ended struct{}
	// Fatal tells that there will be no other incarnation, and why.
	Fatal struct{ Err error }
	// Closed tells that a Close has been done.
	Closed struct{ Err error }
)

// Accepts, from its parent.
type (
	// Close asks for an orderly end; answered by Closed.
	Close struct{}
)

// To itself.
type (
	booted struct {
		r   *recovered
		err error
	}
	closed  struct{ err error }
	rebuild struct{}
)

// retainedLog is up to how many bytes of log are kept, although checkpoints have
// made them needless: letting go of records costs the disk what writing them
// did, and less if it is many at once.
const retainedLog = 128 << 20

// patientLog trims once it is worth it.
type patientLog struct{ *persistence.Log }

// Trim implements txlog.Disk.
func (l patientLog) Trim(below wire.Zxid) error {
	if l.Size() < retainedLog {
		return nil
	}
	return l.Log.Trim(below)
}

// Options are what the actor is made with.
type Options struct {
	Config      *config.Config
	Persistence persistence.Options
	Metrics     *metrics.Registry
	Log         zerolog.Logger
	Network     *link.Network // nil for a server alone
	Incarnation uint64        // of the process
	LastCounter uint32        // see zab.Options
}

// Replica is the actor.
type Replica struct {
	o        Options
	disk     *disk
	beside   *sync.WaitGroup // goroutines of this incarnation that use the disk
	children map[string]bool // by PID id, until they have terminated
	starts   []time.Time     // of the last incarnations
	booting  bool
	ending   bool // the incarnation's end has begun and its files are not closed yet
	closing  bool // for good
	replaced bool // the state on disk is another one now
	tree     *actor.PID
	peer     *actor.PID
	failure  error
}

// New makes the actor.
func New(o Options) *Replica { return &Replica{o: o, children: make(map[string]bool)} }

// Receive implements actor.Actor.
func (r *Replica) Receive(c actor.Context) {
	switch m := c.Message().(type) {
	case *actor.Started, *rebuild:
		r.boot(c)
	case *booted:
		r.onBooted(c, m)
	case *peer.Serving:
		if !r.ending {
			r.tell(c, &Serving{Tree: r.tree, Role: m.Role})
		}
	case *peer.Suspended:
		r.tell(c, &Suspended{})
	case *peer.Rebuild:
		r.replaced = true
		r.end(c)
	case *peer.Retired:
		r.end(c)
	case *supervise.Failed:
		r.onFailed(c, m)
	case *actor.Terminated:
		delete(r.children, m.Who.Id)
		r.closeWhenStopped(c)
	case *Close:
		r.onClose(c)
	case *closed:
		r.onClosed(c, m)
	}
}

// boot starts to recover, in a goroutine.
func (r *Replica) boot(c actor.Context) {
	if r.closing {
		return
	}
	r.booting = true
	r.starts = append(r.starts, time.Now())
	r.o.Metrics.Incarnations.Add(1)
	self, root := c.Self(), c.ActorSystem().Root
	go func() {
		rec, err := recoverReplica(r.o.Config, r.o.Persistence, r.o.Log)
		root.Send(self, &booted{rec, err})
	}()
}

func (r *Replica) onBooted(c actor.Context, m *booted) {
	r.booting = false
	if m.err != nil {
		r.tell(c, &Fatal{m.err})
		return
	}
	r.disk, r.beside, r.failure = &m.r.disk, new(sync.WaitGroup), nil
	if r.closing {
		r.end(c)
		return
	}
	r.replaced = false
	r.o.Metrics.ObserveApplied(m.r.tree.Applied(), 0) // before the tree is its actor's alone
	r.spawn(c, m.r)
}

// spawn makes the actors of an incarnation.
func (r *Replica) spawn(c actor.Context, m *recovered) {
	cfg := r.o.Config
	log := r.child(c, "txlog", func() actor.Actor { return txlog.New(patientLog{m.log}, r.beside) })
	saver := r.child(c, "checkpoint", func() actor.Actor {
		return checkpoint.New(m.state, log, m.checkpoint, r.beside)
	})
	r.tree = r.child(c, "tree", func() actor.Actor {
		return tree.New(tree.Options{Tree: m.tree, Checkpoint: saver, CheckpointEvery: min(cfg.SnapCount, checkpointRecords),
			CheckpointBytes: checkpointBytes, SkipACL: cfg.SkipACL, Log: r.o.Log, Applied: r.o.Metrics.ObserveApplied,
			Config: cfg.ConfigNode()})
	})
	options := r.membership(m, log)
	r.peer = r.child(c, "peer", func() actor.Actor { return peer.New(options) })
}

func (r *Replica) child(c actor.Context, kind string, producer actor.Producer) *actor.PID {
	pid := c.SpawnPrefix(supervise.Props(r.o.Log, kind, producer), kind)
	c.Watch(pid)
	r.children[pid.Id] = true
	return pid
}

// onFailed ends the incarnation that a child has failed in.
func (r *Replica) onFailed(c actor.Context, m *supervise.Failed) {
	if r.failure == nil {
		r.failure = fmt.Errorf("%s: %v", m.Who.Id, m.Reason)
		if err, ok := m.Reason.(error); ok {
			r.failure = err
		}
	}
	r.end(c)
}

// end stops all children; the files are closed once they have stopped.
func (r *Replica) end(c actor.Context) {
	if r.ending {
		return
	}
	r.ending = true
	r.tell(c, &Ended{})
	for _, pid := range c.Children() {
		c.Stop(pid)
	}
	r.closeWhenStopped(c)
}

func (r *Replica) closeWhenStopped(c actor.Context) {
	if !r.ending || len(r.children) > 0 || r.disk == nil {
		return
	}
	d, beside := r.disk, r.beside
	r.disk = nil
	self, root := c.Self(), c.ActorSystem().Root
	go func() {
		beside.Wait()
		root.Send(self, &closed{d.close()})
	}()
}

// onClose ends for good: what runs, what is being recovered once it is, or
// nothing, between two incarnations.
func (r *Replica) onClose(c actor.Context) {
	r.closing = true
	switch {
	case r.disk != nil && !r.ending:
		c.Send(r.peer, &peer.Retire{})
	case !r.booting && !r.ending:
		r.tell(c, &Closed{})
	}
}

func (r *Replica) onClosed(c actor.Context, m *closed) {
	r.ending = false
	switch {
	case r.closing:
		r.tell(c, &Closed{m.err})
	case r.replaced && m.err == nil:
		r.o.Log.Info().Msg("the state received from the leader is read")
		r.boot(c)
	case errors.Is(r.failure, persistence.ErrDamaged): // it would be again
		r.tell(c, &Fatal{r.failure})
	case r.tooMany():
		r.tell(c, &Fatal{fmt.Errorf("the replica failed %d times within %v, last: %w", len(r.starts), incarnationWindow, r.failure)})
	default:
		pause := 50 * time.Millisecond << len(r.starts)
		r.o.Log.Warn().AnErr("cause", r.failure).AnErr("closing_files", m.err).Int("incarnation", len(r.starts)+1).Dur("pause_ms", pause).
			Msg("the replica failed and is rebuilt from disk; clients reconnect to their sessions")
		self, root := c.Self(), c.ActorSystem().Root
		time.AfterFunc(pause, func() { root.Send(self, &rebuild{}) })
	}
}

// tooMany forgets incarnations that are long past and counts the rest.
func (r *Replica) tooMany() bool {
	for len(r.starts) > 0 && time.Since(r.starts[0]) > incarnationWindow {
		r.starts = r.starts[1:]
	}
	return len(r.starts) >= maxIncarnations
}

func (r *Replica) tell(c actor.Context, m any) { c.Send(c.Parent(), m) }
