package leader

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/rs/zerolog"

	"troupe/actors/tree"
	"troupe/actors/txlog"
	"troupe/cluster/expiry"
	"troupe/cluster/zab"
	"troupe/persistence"
	"troupe/wire"
)

// Options are what the actor is made with.
type Options struct {
	ID             wire.ServerID
	Epoch          wire.Epoch
	Zab            *zab.Leader
	Log, Tree      *actor.PID
	Sessions       map[wire.SessionID]int32 // those that exist, with their timeouts in milliseconds
	TickTime       time.Duration
	SweepEvery     time.Duration // 0: never
	SweepMax       int           // nodes in one sweep
	SweepNeverUsed time.Duration
	Logger         zerolog.Logger
	Proposed       func(records int) // told of each batch, for the counters
	Expired        func(sessions int)
}

// Leader is the actor.
type Leader struct {
	o           Options
	zab         *zab.Leader
	effects     []zab.Effect
	packer      *wire.Packer
	started     time.Time // monotonic origin of the tracker's time
	tracker     *expiry.Tracker
	every       time.Duration // of tick
	generations map[wire.SessionID]wire.Generation
	generation  wire.Generation
	nextSession wire.SessionID
	timers      map[any]*time.Timer // by the message each sends
}

// New makes the actor.
func New(o Options) *Leader {
	l := &Leader{o: o, zab: o.Zab, packer: wire.NewPacker(), started: time.Now(),
		every:       min(max(o.TickTime/4, 5*time.Millisecond), 500*time.Millisecond),
		generations: make(map[wire.SessionID]wire.Generation),
		generation:  wire.Generation(uint64(o.Epoch) << 32),
		nextSession: firstSession(o.ID, time.Now()), timers: make(map[any]*time.Timer)}
	l.tracker = expiry.NewTracker(l.every, 0)
	for id, timeout := range o.Sessions {
		l.track(id, timeout)
	}
	return l
}

// firstSession starts this leader's session ids: the server in the top byte,
// then 40 bits of milliseconds, then a counter.
func firstSession(id wire.ServerID, now time.Time) wire.SessionID {
	return wire.SessionID(uint64(id)<<56 | uint64(now.UnixMilli())<<24>>8)
}

func (l *Leader) track(id wire.SessionID, timeout int32) {
	t := tree.Timeout(timeout)
	l.tracker.Add(id, t+TouchEvery(t), l.now())
}

// now is the tracker's time.
func (l *Leader) now() time.Duration { return time.Since(l.started) }

// Receive implements actor.Actor.
func (l *Leader) Receive(c actor.Context) {
	switch m := c.Message().(type) {
	case *Submit:
		l.onSubmit(c, m)
	case *txlog.Durable:
		l.step(c, zab.Acked{From: l.o.ID, Zxid: m.Zxid})
	case *Sync:
		l.step(c, zab.Sync{Ticket: m})
	case *Touch:
		l.tracker.Touch(m.Session, l.now())
	case *Admit:
		l.onAdmit(c, m)
	case tick:
		l.onTick(c)
	case sweepTime:
		l.onSweepTime(c)
	case *tree.Reapable:
		l.onReapable(c, m)
	case *actor.Started:
		l.after(c, l.every, tick{})
		if l.o.SweepEvery > 0 {
			l.after(c, l.o.SweepEvery, sweepTime{})
		}
	case *actor.Stopping:
		for _, t := range l.timers {
			t.Stop()
		}
	}
}

// after sends a message to this actor once. Each kind of message has one timer.
func (l *Leader) after(c actor.Context, d time.Duration, m any) {
	self, root := c.Self(), c.ActorSystem().Root
	l.timers[m] = time.AfterFunc(d, func() { root.Send(self, m) })
}

// onSubmit orders writes. Those of a connection that has been replaced get no
// zxid: what its session sent since on the new one must not be overtaken.
func (l *Leader) onSubmit(c actor.Context, m *Submit) {
	drafts := m.Drafts[:0]
	for _, d := range m.Drafts {
		if d.Generation < l.generations[d.Session] {
			continue
		}
		drafts = append(drafts, d)
		if d.Op == wire.OpCloseSession {
			l.forget(d.Session)
		}
	}
	l.submit(c, drafts)
}

func (l *Leader) submit(c actor.Context, drafts []wire.Record) {
	l.step(c, zab.Submit{Drafts: drafts, Now: time.Now().UnixMilli()})
}

func (l *Leader) forget(id wire.SessionID) {
	l.tracker.Remove(id)
	delete(l.generations, id)
}

// onAdmit attaches a connection under a new generation, which fences the
// session's earlier ones, and creates the session if it is new.
func (l *Leader) onAdmit(c actor.Context, m *Admit) {
	l.generation++
	id, fresh := m.Session, m.Session == 0
	if fresh {
		id = l.newSession()
	}
	l.generations[id] = l.generation
	l.track(id, m.Timeout)
	c.Send(l.o.Tree, &tree.Attach{Conn: m.Conn, Actor: m.Actor, Session: id, Generation: l.generation,
		Auth: m.Auth, Fresh: fresh})
	if fresh {
		l.submit(c, []wire.Record{l.own(wire.OpCreateSession, id, l.generation,
			&wire.CreateSession{Timeout: m.Timeout, Password: m.Password})})
	}
}

// newSession gives out an id that no session has, also where the clock went back
// between two starts.
func (l *Leader) newSession() wire.SessionID {
	for l.tracker.Has(l.nextSession) {
		l.nextSession++
	}
	l.nextSession++
	return l.nextSession - 1
}

// own drafts a record of the leader's.
func (l *Leader) own(op wire.OpCode, id wire.SessionID, g wire.Generation, q wire.Request) wire.Record {
	var e wire.Encoder
	e.EncodeRequest(q)
	return wire.Record{Op: op, Session: id, Generation: g, Body: e.Bytes(), Request: q}
}

func (l *Leader) onTick(c actor.Context) {
	l.after(c, l.every, tick{})
	over := l.tracker.Tick(l.now())
	if len(over) == 0 {
		return
	}
	drafts := make([]wire.Record, len(over))
	for i, id := range over {
		l.o.Logger.Info().Stringer("session", id).Msg("session expired")
		delete(l.generations, id)
		drafts[i] = l.own(wire.OpCloseSession, id, 0, &wire.CloseSession{})
	}
	l.o.Expired(len(over))
	l.submit(c, drafts)
}

func (l *Leader) onSweepTime(c actor.Context) {
	l.after(c, l.o.SweepEvery, sweepTime{})
	c.Request(l.o.Tree, &tree.Sweep{Now: time.Now().UnixMilli(), Max: l.o.SweepMax,
		NeverUsed: l.o.SweepNeverUsed.Milliseconds()})
}

func (l *Leader) onReapable(c actor.Context, m *tree.Reapable) {
	drafts := make([]wire.Record, len(m.Nodes))
	for i := range m.Nodes {
		drafts[i] = l.own(wire.OpDeleteContainer, 0, 0, &m.Nodes[i])
	}
	l.submit(c, drafts)
}

// step feeds the machine and does what it says.
func (l *Leader) step(c actor.Context, e zab.Event) {
	l.effects = l.zab.Step(e, l.effects[:0])
	for _, f := range l.effects {
		switch f := f.(type) {
		case zab.Append:
			l.o.Proposed(len(f.Records))
			c.Send(l.o.Log, &txlog.Append{Entries: l.pack(f.Records), Committed: l.zab.Committed(), Tell: c.Self()})
		case zab.Commit:
			c.Send(l.o.Tree, &tree.Commit{Records: f.Records})
		case zab.SyncPoint:
			s := f.Ticket.(*Sync)
			c.Send(l.o.Tree, &tree.SyncPoint{Conn: s.Conn, Xid: s.Xid, Path: s.Path, Zxid: f.Zxid})
		}
	}
	clear(l.effects)
}

// pack encodes records into one buffer.
func (l *Leader) pack(records []wire.Record) []persistence.Entry {
	size := 0
	for i := range records {
		size += len(records[i].Body) + 96
	}
	entries := make([]persistence.Entry, len(records))
	buf := make([]byte, 0, size)
	for i := range records {
		from := len(buf)
		buf = l.packer.Record(buf, &records[i])
		entries[i] = persistence.Entry{Zxid: records[i].Zxid, Data: buf[from:len(buf):len(buf)]}
	}
	return entries
}
