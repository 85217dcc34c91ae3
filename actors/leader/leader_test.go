package leader

import (
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/rs/zerolog"

	"troupe/actors/role"
	"troupe/actors/supervise"
	"troupe/actors/tree"
	"troupe/actors/txlog"
	"troupe/cluster/zab"
	"troupe/wire"
)

func receive[T any](t *testing.T, from <-chan any) T {
	t.Helper()
	for {
		select {
		case m := <-from:
			if v, ok := m.(T); ok {
				return v
			}
			t.Fatalf("%T comes: %+v", m, m)
		case <-time.After(20 * time.Second):
			var want T
			t.Fatalf("no %T comes", want)
		}
	}
}

// bench is a leader before a log and a tree that note what they are told.
type bench struct {
	*testing.T
	root      *actor.RootContext
	leader    *actor.PID
	log, tree chan any
	treePID   *actor.PID
}

func newBench(t *testing.T, last wire.Zxid, sessions map[wire.SessionID]int32, change func(*Options)) *bench {
	sys := actor.NewActorSystem(actor.WithLoggerFactory(supervise.LoggerFactory(zerolog.Nop())))
	b := &bench{T: t, root: sys.Root, log: make(chan any, 1000), tree: make(chan any, 1000)}
	note := func(to chan any) *actor.PID {
		return sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
			if _, system := c.Message().(actor.SystemMessage); !system {
				if _, auto := c.Message().(actor.AutoReceiveMessage); !auto {
					to <- c.Message()
				}
			}
			switch m := c.Message().(type) {
			case *tree.Sweep:
				if m.Max == 7 {
					c.Respond(&tree.Reapable{Nodes: []wire.DeleteContainer{{Path: "/c", Czxid: 3, Mtime: 4}}})
				}
			case *tree.Census:
				c.Respond(&tree.Population{Sessions: sessions})
			}
		}))
	}
	b.treePID = note(b.tree)
	o := Options{Log: note(b.log), Tree: b.treePID, Zab: zab.Options{Self: 3, Voters: []wire.ServerID{3}, Flags: wire.FlagEnforceQuota},
		Position: zab.Position{Last: last, Committed: last, Founded: true}, TickTime: time.Hour,
		Proposed: func([]wire.Entry) {}, Expired: func(int) {}, Followed: func(zab.Census) {}}
	if change != nil {
		change(&o)
	}
	serving, spawned := make(chan any, 10), make(chan any, 1)
	parent := sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		switch m := c.Message().(type) {
		case *actor.Started:
			spawned <- c.Spawn(supervise.Props(zerolog.Nop(), "leader", func() actor.Actor { return New(o) }))
		case *role.Serving:
			serving <- m
		}
	}))
	b.leader = receive[*actor.PID](t, spawned)
	receive[*role.Serving](t, serving)
	receive[*tree.Census](t, b.tree)
	t.Cleanup(func() {
		_ = sys.Root.StopFuture(parent).Wait() // it has stopped, or the test has failed already
		sys.Shutdown()
	})
	return b
}

func (b *bench) send(m any) { b.root.Send(b.leader, m) }

// records are the next ones that the log is asked to append, decoded.
func (b *bench) records() (all []*wire.Record, committed wire.Zxid) {
	b.Helper()
	m := receive[*txlog.Append](b.T, b.log)
	for _, e := range m.Entries {
		r, err := wire.UnpackRecord(e.Data)
		if err != nil || r.Zxid != e.Zxid {
			b.Fatalf("%v: %+v, %v", e.Zxid, r, err)
		}
		all = append(all, r)
	}
	return all, m.Committed
}

// written are the next records, which are then durable and committed.
func (b *bench) written() (all []*wire.Record, committed wire.Zxid) {
	b.Helper()
	all, committed = b.records()
	b.send(&txlog.Durable{Zxid: all[len(all)-1].Zxid})
	receive[*tree.Commit](b.T, b.tree)
	return all, committed
}

// quiet checks that nothing has been sent, once all is handled: a sync goes
// through the same mailbox.
func (b *bench) quiet() {
	b.Helper()
	b.send(&Sync{Conn: 99})
	if p := receive[*tree.SyncPoint](b.T, b.tree); p.Conn != 99 || len(b.log) != 0 {
		b.Fatalf("%+v, and %d messages to the log", p, len(b.log))
	}
}

func draft(session wire.SessionID, g wire.Generation, cxid wire.Xid) wire.Record {
	var e wire.Encoder
	q := &wire.Delete{Path: "/a", Version: int32(cxid)}
	e.EncodeRequest(q)
	return wire.Record{Op: q.Op(), Session: session, Generation: g, Cxid: cxid, Body: e.Bytes(), Request: q,
		Auth: []wire.ID{{Scheme: "ip", ID: "1.2.3.4"}}}
}

func TestLeader_LogsThenCommits(t *testing.T) {
	b := newBench(t, wire.MakeZxid(4, 10), nil, nil)
	before := time.Now().UnixMilli()
	b.send(&Submit{Drafts: []wire.Record{draft(1, 9, 1), draft(1, 9, 2), draft(2, 9, 3)}})
	first, committed := b.records()
	if len(first) != 3 || committed != wire.MakeZxid(4, 10) {
		t.Fatalf("%d records, committed %v", len(first), committed)
	}
	for i, r := range first {
		want := draft(wire.SessionID(1+i/2), 9, wire.Xid(1+i))
		if r.Zxid != wire.MakeZxid(4, uint32(11+i)) || r.Op != wire.OpDelete || r.Session != want.Session || r.Generation != 9 ||
			r.Cxid != want.Cxid || string(r.Body) != string(want.Body) || r.Flags != wire.FlagEnforceQuota || r.Eval != wire.EvalVersion ||
			r.Time < before || r.Time > time.Now().UnixMilli() || len(r.Auth) != 1 {
			t.Errorf("record %d: %+v", i, r)
		}
	}
	b.quiet() // nothing is committed before it is durable
	b.send(&txlog.Durable{Zxid: wire.MakeZxid(4, 12)})
	c := receive[*tree.Commit](t, b.tree)
	if len(c.Records) != 2 || c.Records[1].Zxid != wire.MakeZxid(4, 12) || c.Records[0].Request == nil {
		t.Errorf("%+v", c.Records)
	}
	b.send(&txlog.Durable{Zxid: wire.MakeZxid(4, 13)})
	if c := receive[*tree.Commit](t, b.tree); len(c.Records) != 1 {
		t.Errorf("%+v", c.Records)
	}
	b.send(&Submit{Drafts: []wire.Record{draft(1, 9, 4)}})
	if _, committed := b.records(); committed != wire.MakeZxid(4, 13) {
		t.Errorf("the log is told that %v is committed", committed)
	}
}

func TestLeader_SyncPointIsTheLastProposed(t *testing.T) {
	b := newBench(t, 10, nil, nil)
	b.send(&Sync{Conn: 1, Xid: 5, Path: "/s"})
	b.send(&Submit{Drafts: []wire.Record{draft(1, 9, 1), draft(1, 9, 2)}})
	b.send(&Sync{Conn: 1, Xid: 6, Path: "/s"})
	if p := receive[*tree.SyncPoint](t, b.tree); *p != (tree.SyncPoint{Conn: 1, Xid: 5, Path: "/s", Zxid: 10}) {
		t.Errorf("%+v", p)
	}
	if p := receive[*tree.SyncPoint](t, b.tree); *p != (tree.SyncPoint{Conn: 1, Xid: 6, Path: "/s", Zxid: 12}) {
		t.Errorf("%+v", p)
	}
}

// admit attaches a connection and returns what the tree is told.
func (b *bench) admit(conn tree.Conn, session wire.SessionID) *tree.Attach {
	b.Helper()
	b.send(&Admit{Conn: conn, Session: session, Timeout: 4000, Password: []byte("secret"), Auth: []wire.ID{{Scheme: "ip", ID: "x"}}})
	return receive[*tree.Attach](b.T, b.tree)
}

func TestLeader_AdmitsNewSessions(t *testing.T) {
	b := newBench(t, wire.MakeZxid(4, 0), nil, nil)
	seen := map[wire.SessionID]bool{}
	var last wire.Generation
	for conn := tree.Conn(1); conn <= 5; conn++ {
		a := b.admit(conn, 0)
		if a.Conn != conn || !a.Fresh || seen[a.Session] || uint64(a.Session)>>56 != 3 || a.Generation <= last ||
			a.Generation>>32 != 4 || len(a.Auth) != 1 {
			t.Errorf("%+v", a)
		}
		seen[a.Session], last = true, a.Generation
		r, _ := b.written()
		q, err := wire.DecodeRequest(r[0].Op, r[0].Body)
		if s, ok := q.(*wire.CreateSession); !ok || err != nil || s.Timeout != 4000 || string(s.Password) != "secret" ||
			r[0].Session != a.Session || r[0].Generation != a.Generation {
			t.Errorf("%+v, %+v, %v", r[0], q, err)
		}
	}
}

// TestLeader_FencesTheConnectionBefore: what a session sent on a connection that
// it has left gets no zxid any more.
func TestLeader_FencesTheConnectionBefore(t *testing.T) {
	b := newBench(t, 0, nil, nil)
	old := b.admit(1, 0)
	b.written()
	b.send(&Submit{Drafts: []wire.Record{draft(old.Session, old.Generation, 1)}})
	b.written()
	moved := b.admit(2, old.Session)
	if moved.Fresh || moved.Session != old.Session || moved.Generation <= old.Generation {
		t.Fatalf("%+v, then %+v", old, moved)
	}
	b.send(&Submit{Drafts: []wire.Record{draft(old.Session, old.Generation, 2), draft(77, 1, 3), draft(moved.Session, moved.Generation, 4)}})
	r, _ := b.written()
	if len(r) != 2 || r[0].Cxid != 3 || r[1].Cxid != 4 {
		t.Errorf("%d records: %+v", len(r), r)
	}
	b.send(&Submit{Drafts: []wire.Record{draft(old.Session, old.Generation, 5)}})
	b.quiet()
}

// TestLeader_RefusesWhoIsOver, though a server that asks may not know yet.
func TestLeader_RefusesWhoIsOver(t *testing.T) {
	b := newBench(t, 0, map[wire.SessionID]int32{6: 3600_000}, nil)
	closing := draft(6, 0, 1)
	closing.Op = wire.OpCloseSession
	b.send(&Submit{Drafts: []wire.Record{closing}})
	b.written()
	told := make(chan any, 1)
	asks := b.root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		if _, system := c.Message().(actor.SystemMessage); !system {
			told <- c.Message()
		}
	}))
	b.send(&Admit{Conn: 1, Actor: asks, Session: 6, Timeout: 4000})
	receive[*Gone](t, told)
	b.quiet()
}

// TestLeader_ExpiresWhoIsNotHeardOf, those it was told of at the start and those
// it has admitted, each once.
func TestLeader_ExpiresWhoIsNotHeardOf(t *testing.T) {
	expired := make(chan int, 10)
	b := newBench(t, 0, map[wire.SessionID]int32{5: 50, 6: 3600_000}, func(o *Options) {
		o.TickTime = 20 * time.Millisecond
		o.Expired = func(n int) { expired <- n }
	})
	begin := time.Now()
	r, _ := b.written()
	if len(r) != 1 || r[0].Op != wire.OpCloseSession || r[0].Session != 5 || r[0].Generation != 0 || <-expired != 1 {
		t.Fatalf("%+v", r)
	}
	if d := time.Since(begin); d < 40*time.Millisecond {
		t.Errorf("after %v", d)
	}
	b.send(&Admit{Conn: 1, Session: 0, Timeout: 50})
	a := receive[*tree.Attach](t, b.tree)
	b.written()
	if r, _ := b.written(); r[0].Op != wire.OpCloseSession || r[0].Session != a.Session {
		t.Fatalf("%+v", r)
	}
	closing := draft(6, 0, 1)
	closing.Op = wire.OpCloseSession
	b.send(&Submit{Drafts: []wire.Record{closing}})
	b.written()
	b.quiet()
}

func TestLeader_SweepsAndLogsWhatIsDue(t *testing.T) {
	b := newBench(t, 0, nil, func(o *Options) {
		o.SweepEvery, o.SweepMax, o.SweepNeverUsed = 10*time.Millisecond, 7, time.Minute
	})
	m := receive[*tree.Sweep](t, b.tree)
	if m.Max != 7 || m.NeverUsed != 60000 || m.Now < time.Now().Add(-time.Minute).UnixMilli() {
		t.Errorf("%+v", m)
	}
	for range 2 { // and again
		r, _ := b.records()
		b.send(&txlog.Durable{Zxid: r[len(r)-1].Zxid})
		q, err := wire.DecodeRequest(r[0].Op, r[0].Body)
		if d, ok := q.(*wire.DeleteContainer); !ok || err != nil || *d != (wire.DeleteContainer{Path: "/c", Czxid: 3, Mtime: 4}) || r[0].Session != 0 {
			t.Errorf("%+v, %+v", r[0], q)
		}
	}
}

// TestLeader_ASweepWithNothingToReapLogsNothing.
func TestLeader_ASweepWithNothingToReapLogsNothing(t *testing.T) {
	b := newBench(t, 0, nil, nil)
	b.send(&tree.Reapable{})
	b.send(&Submit{})
	b.quiet()
}

func TestTouchEvery(t *testing.T) {
	for timeout, want := range map[time.Duration]time.Duration{time.Second: 125 * time.Millisecond, time.Hour: 500 * time.Millisecond} {
		if got := TouchEvery(timeout); got != want {
			t.Errorf("%v: %v", timeout, got)
		}
	}
}
