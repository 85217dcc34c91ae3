package leader

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/rs/zerolog"

	"troupe/actors/inject"
	"troupe/actors/role"
	"troupe/actors/tree"
	"troupe/actors/txlog"
	"troupe/cluster/sessions"
	"troupe/cluster/zab"
	"troupe/wire"
)

// Options are what the actor is made with.
type Options struct {
	Zab            zab.Options
	Position       zab.Position
	Lanes          role.Lanes
	Log, Tree      *actor.PID
	Export         Exporter // of the state, for learners far behind
	TickTime       time.Duration
	SweepEvery     time.Duration // 0: never
	SweepMax       int           // nodes in one sweep
	SweepNeverUsed time.Duration
	Logger         zerolog.Logger
	Proposed       func(sizes []wire.Entry) // told of each batch, for the counters
	Expired        func(sessions int)
	Followed       func(zab.Census) // told of each tick, for the counters
}

// probeEvery is how often the trees' digests are compared.
const probeEvery = time.Second

// Leader is the actor.
type Leader struct {
	o        Options
	zab      *zab.Leader
	mail     *role.Mail
	effects  []zab.Effect
	started  time.Time       // monotonic origin of all times
	every    time.Duration   // of tick
	table    *sessions.Table // nil until the tree has told who is there
	joined   []zab.Joined    // came before that
	early    []any           // messages that came before that
	flushing bool            // a flush is under way to this actor
	over     bool
	timers   map[any]*time.Timer // by the message each sends
	sending  map[wire.ServerID]*transfer
	joins    map[wire.ServerID]wire.Join // the last attempt of each, while it can be reached
}

// New makes the actor.
func New(o Options) *Leader {
	return &Leader{o: o, zab: zab.NewLeader(o.Zab, o.Position), mail: role.NewMail(o.Lanes), started: time.Now(),
		every:  min(max(o.TickTime/4, 5*time.Millisecond), 500*time.Millisecond),
		timers: make(map[any]*time.Timer), sending: make(map[wire.ServerID]*transfer),
		joins: make(map[wire.ServerID]wire.Join)}
}

// now is the time that the machines know.
func (l *Leader) now() time.Duration { return time.Since(l.started) }

// Receive implements actor.Actor.
func (l *Leader) Receive(c actor.Context) {
	switch m := c.Message().(type) {
	case *Submit:
		l.onSubmit(c, m)
	case flush:
		l.flushing = false
		l.step(c, zab.Flush{})
	case *role.Received:
		l.onReceived(c, m)
	case role.Post:
		l.mail.Post(c)
	case *txlog.Durable:
		l.step(c, zab.Logged{Zxid: m.Zxid})
	case *Sync:
		l.step(c, zab.Sync{Ticket: m})
	case *Touch:
		l.touch(m.Session)
	case *Admit:
		l.onAdmit(c, m)
	case tick:
		l.onTick(c)
	case sweepTime:
		l.onSweepTime(c)
	case *tree.Reapable:
		l.onReapable(c, m)
	case probeTime:
		l.onProbeTime(c)
	case *tree.Digest:
		l.step(c, zab.OwnDigest{Zxid: m.Zxid, Value: m.Value})
	case *txlog.Promised:
		l.step(c, zab.Promised{Epoch: m.Epoch})
	case *txlog.Entered:
		l.step(c, zab.Entered{Epoch: m.Epoch})
	case *txlog.Entries:
		if m.Err != nil {
			l.o.Logger.Error().Err(m.Err).Uint8("server", uint8(m.Peer)).
				Msg("the log cannot be read, so a server that is behind gets the whole state; once all serve, stop this one, move its data away and start it again")
		}
		l.step(c, zab.LogRead{Peer: m.Peer, Join: m.Join, Entries: m.Entries, Trimmed: m.Trimmed})
	case *tree.Population:
		l.onPopulation(c, m)
	case *exported:
		l.onExported(c, m)
	case *role.Lost:
		l.stopSending(m.Peer)
		delete(l.joins, m.Peer)
		l.step(c, zab.Gone{Peer: m.Peer})
		l.o.Followed(l.zab.Census())
	case *role.Retire:
		l.step(c, zab.Retire{})
	case *actor.Started:
		l.onStarted(c)
	case *actor.Stopping:
		l.onStopping(c)
	}
}

func (l *Leader) onStarted(c actor.Context) {
	l.after(c, l.every, tick{})
	l.step(c, zab.Start{Now: l.now()})
}

func (l *Leader) onStopping(c actor.Context) {
	l.mail.Post(c)
	for _, t := range l.timers {
		t.Stop()
	}
	for id := range l.sending {
		l.stopSending(id)
	}
}

// after sends a message to this actor once. Each kind of message has one timer.
func (l *Leader) after(c actor.Context, d time.Duration, m any) {
	self, root := c.Self(), c.ActorSystem().Root
	l.timers[m] = time.AfterFunc(d, func() { root.Send(self, m) })
}

// step feeds the machine and does what it says.
func (l *Leader) step(c actor.Context, e zab.Event) {
	l.effects = l.zab.Step(e, l.effects[:0])
	for _, f := range l.effects {
		l.perform(c, f)
	}
	clear(l.effects)
	if _, flushed := e.(zab.Flush); !flushed && !l.flushing && !l.over {
		l.flushing = true
		c.Send(c.Self(), flush{})
	}
}

func (l *Leader) perform(c actor.Context, f zab.Effect) {
	switch f := f.(type) {
	case zab.Send:
		l.mail.Send(c, f.To, f.Message)
	case zab.Append:
		l.o.Proposed(f.Batch.Entries)
		c.Send(l.o.Log, &txlog.Append{Entries: f.Batch.Entries, Committed: l.zab.Committed(), Tell: c.Self()})
	case zab.Commit:
		c.Send(l.o.Tree, &tree.Commit{Records: f.Records})
	case zab.SyncPoint:
		l.answerSync(c, f)
	case zab.Promise:
		c.Send(l.o.Log, &txlog.Promise{Epoch: f.Epoch, Tell: c.Self()})
	case zab.Enter:
		c.Send(l.o.Log, &txlog.Enter{Epoch: f.Epoch, Ensemble: f.Ensemble, Vouch: f.Founded, Tell: c.Self()})
	case zab.ReadLog:
		c.Request(l.o.Log, &txlog.Read{Peer: f.Peer, Join: f.Join, After: f.After})
	case zab.Serve:
		l.onServe(c, f)
	case zab.Joined:
		l.onJoined(c, f)
		l.o.Followed(l.zab.Census())
	case zab.Transfer:
		l.beginTransfer(c, f)
	case zab.Over:
		l.over = true
		tail, applied := l.zab.Tail()
		c.Send(c.Parent(), &role.Over{Role: c.Self(), Why: f.Why, NeedState: f.NeedState, Halt: f.Halt, Tail: tail, Applied: applied})
	}
}

// onServe asks the tree who is there, once all that was committed before has
// been applied; then clients are served.
func (l *Leader) onServe(c actor.Context, f zab.Serve) {
	if l.table != nil {
		l.table.Step(f.Epoch)
		return
	}
	c.Request(l.o.Tree, &tree.Census{})
}

func (l *Leader) onPopulation(c actor.Context, m *tree.Population) {
	l.table = sessions.New(l.zab.Epoch(), m.Sessions, l.every, l.now(), Slack)
	for _, a := range m.Attached {
		l.table.Report(a)
	}
	for _, j := range l.joined {
		l.onJoined(c, j)
	}
	l.joined = nil
	l.after(c, probeEvery, probeTime{})
	if l.o.SweepEvery > 0 {
		l.after(c, l.o.SweepEvery, sweepTime{})
	}
	p := l.zab.Proposed()
	c.Send(c.Parent(), &role.Serving{Role: c.Self(), Credentials: wire.Credentials{Current: l.zab.Epoch(), Last: p}})
	early := l.early
	l.early = nil
	for _, e := range early {
		c.Send(c.Self(), e)
	}
}

func (l *Leader) onTick(c actor.Context) {
	l.after(c, l.every, tick{})
	l.step(c, zab.Tick{Now: l.now()})
	l.o.Followed(l.zab.Census())
	if l.table == nil {
		return
	}
	over := l.table.Tick(l.now())
	if len(over) == 0 {
		return
	}
	drafts := make([]wire.Record, len(over))
	for i, id := range over {
		l.o.Logger.Info().Stringer("session", id).Msg("session expired")
		drafts[i] = own(wire.OpCloseSession, id, 0, &wire.CloseSession{})
	}
	l.o.Expired(len(over))
	l.submit(c, drafts)
}

func (l *Leader) onSweepTime(c actor.Context) {
	l.after(c, l.o.SweepEvery, sweepTime{})
	c.Request(l.o.Tree, &tree.Sweep{Now: inject.Wall().UnixMilli(), Max: l.o.SweepMax,
		NeverUsed: l.o.SweepNeverUsed.Milliseconds()})
}

func (l *Leader) onReapable(c actor.Context, m *tree.Reapable) {
	drafts := make([]wire.Record, len(m.Nodes))
	for i := range m.Nodes {
		drafts[i] = own(wire.OpDeleteContainer, 0, 0, &m.Nodes[i])
	}
	l.submit(c, drafts)
}

// onProbeTime compares the trees, if there is anybody to compare with.
func (l *Leader) onProbeTime(c actor.Context) {
	l.after(c, probeEvery, probeTime{})
	if l.zab.Census().Attached > 0 {
		c.Request(l.o.Tree, &tree.DigestAt{})
	}
}
