package follower

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/rs/zerolog"

	"troupe/actors/leader"
	"troupe/actors/role"
	"troupe/actors/tree"
	"troupe/actors/txlog"
	"troupe/cluster/zab"
	"troupe/wire"
)

// Options are what the actor is made with.
type Options struct {
	Zab       zab.Membership
	Position  zab.Position
	Lanes     role.Lanes
	Log, Tree *actor.PID
	// Receive begins to store a state as of a zxid, with the tree's digest there.
	Receive func(z wire.Zxid, digest uint64) (Incoming, error)
	Logger  zerolog.Logger
}

// Follower is the actor.
type Follower struct {
	o         Options
	zab       *zab.Follower // nil until the tree has told who is there
	mail      *role.Mail
	effects   []zab.Effect
	started   time.Time
	ticket    uint64
	admits    map[uint64]*leader.Admit // under way to the leader
	syncs     map[uint64]*leader.Sync
	touched   map[wire.SessionID]struct{}
	timer     *time.Timer
	receiving *receiving
}

// New makes the actor.
func New(o Options) *Follower {
	return &Follower{o: o, mail: role.NewMail(o.Lanes), started: time.Now(), admits: make(map[uint64]*leader.Admit),
		syncs: make(map[uint64]*leader.Sync), touched: make(map[wire.SessionID]struct{})}
}

func (f *Follower) now() time.Duration { return time.Since(f.started) }

// Receive implements actor.Actor.
func (f *Follower) Receive(c actor.Context) {
	switch m := c.Message().(type) {
	case *role.Received:
		f.onReceived(c, m)
	case *leader.Submit:
		f.send(c, &wire.SubmitRequest{Join: f.o.Zab.Join, Drafts: m.Drafts})
	case role.Post:
		f.mail.Post(c)
	case *txlog.Durable:
		f.step(c, zab.Logged{Zxid: m.Zxid})
	case *leader.Sync:
		f.onSync(c, m)
	case *leader.Touch:
		f.touched[m.Session] = struct{}{}
	case *leader.Admit:
		f.onAdmit(c, m)
	case tick:
		f.onTick(c)
	case *txlog.Promised:
		f.step(c, zab.Promised{Epoch: m.Epoch})
	case *txlog.Entered:
		f.step(c, zab.Entered{Epoch: m.Epoch})
	case *tree.Digest:
		f.send(c, &wire.Digest{Join: f.o.Zab.Join, Zxid: m.Zxid, Value: m.Value})
	case *tree.Population:
		f.onPopulation(c, m)
	case *stored:
		f.onStored(c, m)
	case *role.Lost:
		f.step(c, zab.Gone{Peer: m.Peer})
	case *role.Retire:
		f.step(c, zab.Retire{})
	case *actor.Started:
		c.Request(f.o.Tree, &tree.Census{})
		f.after(c)
	case *actor.Stopping:
		f.mail.Post(c)
		f.timer.Stop()
		f.abort()
	}
}

func (f *Follower) after(c actor.Context) {
	self, root := c.Self(), c.ActorSystem().Root
	f.timer = time.AfterFunc(leader.ForwardEvery, func() { root.Send(self, tick{}) })
}

func (f *Follower) send(c actor.Context, m wire.PeerMessage) { f.mail.Send(c, f.o.Zab.Leader, m) }

// onPopulation joins the leader, telling it what connections there are.
func (f *Follower) onPopulation(c actor.Context, m *tree.Population) {
	f.zab = zab.NewFollower(f.o.Zab, f.o.Position, m.Attached)
	f.step(c, zab.Start{Now: f.now()})
}

func (f *Follower) step(c actor.Context, e zab.Event) {
	if f.zab == nil {
		if _, over := e.(zab.Retire); over {
			f.perform(c, zab.Over{Why: "stopped"})
		} else if g, gone := e.(zab.Gone); gone && g.Peer == f.o.Zab.Leader {
			f.perform(c, zab.Over{Why: "the leader cannot be reached"})
		}
		return
	}
	f.effects = f.zab.Step(e, f.effects[:0])
	for _, x := range f.effects {
		f.perform(c, x)
	}
	clear(f.effects)
}

func (f *Follower) perform(c actor.Context, x zab.Effect) {
	switch x := x.(type) {
	case zab.Send:
		f.mail.Send(c, x.To, x.Message)
	case zab.Append:
		c.Send(f.o.Log, &txlog.Append{Entries: x.Batch.Entries, Committed: f.zab.Applied(), Tell: c.Self()})
	case zab.Commit:
		c.Send(f.o.Tree, &tree.Commit{Records: x.Records})
	case zab.TruncateLog:
		c.Send(f.o.Log, &txlog.Truncate{After: x.After})
	case zab.Promise:
		c.Send(f.o.Log, &txlog.Promise{Epoch: x.Epoch, Tell: c.Self()})
	case zab.Enter:
		c.Send(f.o.Log, &txlog.Enter{Epoch: x.Epoch, Ensemble: x.Ensemble, Vouch: x.Founded, Tell: c.Self()})
	case zab.TellDigest:
		c.Request(f.o.Tree, &tree.DigestAt{Zxid: x.Zxid})
	case zab.Serve:
		c.Send(c.Parent(), &role.Serving{Role: c.Self(), Credentials: wire.Credentials{Current: x.Epoch, Last: f.zab.Applied()}})
	case zab.Over:
		clear(f.syncs) // sessions send them to the next leader
		m := &role.Over{Role: c.Self(), Why: x.Why, NeedState: x.NeedState, Halt: x.Halt,
			Tail: f.o.Position.Tail, Applied: f.o.Position.Committed}
		if f.zab != nil {
			m.Tail, m.Applied = f.zab.Tail()
		}
		c.Send(c.Parent(), m)
	}
}

func (f *Follower) onTick(c actor.Context) {
	f.after(c)
	f.step(c, zab.Tick{Now: f.now()})
	if len(f.touched) == 0 {
		return
	}
	t := &wire.TouchRequest{Join: f.o.Zab.Join, Sessions: make([]wire.SessionID, 0, len(f.touched))}
	for id := range f.touched {
		t.Sessions = append(t.Sessions, id)
	}
	clear(f.touched)
	f.send(c, t)
}

// onReceived takes the answers to what sessions asked; the rest is the machine's.
func (f *Follower) onReceived(c actor.Context, m *role.Received) {
	if info, ok := m.Message.(*wire.FollowerInfo); ok {
		f.mail.Send(c, m.From, &wire.Leave{Join: info.Join, Why: "it does not lead"})
	}
	if m.From != f.o.Zab.Leader {
		return
	}
	switch q := m.Message.(type) {
	case *wire.Admitted:
		f.onAdmitted(c, q)
	case *wire.SyncReply:
		f.onSyncReply(c, q)
	case *wire.Moved:
		c.Send(f.o.Tree, &tree.Expel{Session: q.Session, Generation: q.Generation})
	case *wire.TransferBegin:
		f.step(c, zab.Heard{From: m.From, Message: q, Now: f.now()})
		f.onTransferBegin(c, q)
	case *wire.TransferChunk:
		f.onTransferChunk(c, q)
	default:
		f.step(c, zab.Heard{From: m.From, Message: m.Message, Now: f.now()})
	}
}

func (f *Follower) onAdmit(c actor.Context, m *leader.Admit) {
	f.ticket++
	f.admits[f.ticket] = m
	f.send(c, &wire.AdmitRequest{Join: f.o.Zab.Join, Ticket: f.ticket, Session: m.Session, Timeout: m.Timeout, Password: m.Password})
}

// onAdmitted binds a connection; the record of a new session comes behind it.
func (f *Follower) onAdmitted(c actor.Context, m *wire.Admitted) {
	a := f.admits[m.Ticket]
	if a == nil || m.Join != f.o.Zab.Join {
		return
	}
	delete(f.admits, m.Ticket)
	if m.Session == 0 {
		c.Send(a.Actor, &leader.Gone{})
		return
	}
	c.Send(f.o.Tree, &tree.Attach{Conn: a.Conn, Actor: a.Actor, Session: m.Session, Generation: m.Generation,
		Auth: a.Auth, Fresh: m.Fresh})
}

func (f *Follower) onSync(c actor.Context, m *leader.Sync) {
	f.ticket++
	f.syncs[f.ticket] = m
	f.send(c, &wire.SyncRequest{Join: f.o.Zab.Join, Ticket: f.ticket})
}

func (f *Follower) onSyncReply(c actor.Context, m *wire.SyncReply) {
	s := f.syncs[m.Ticket]
	if s == nil || m.Join != f.o.Zab.Join {
		return
	}
	delete(f.syncs, m.Ticket)
	c.Send(f.o.Tree, &tree.SyncPoint{Conn: s.Conn, Xid: s.Xid, Path: s.Path, Connect: s.Connect, Zxid: m.Zxid})
}
