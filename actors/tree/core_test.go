package tree

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"troupe/actors/tree/znode"
	"troupe/wire"
)

// rig drives a core as the leader and the sessions do, and writes down what
// each connection is sent.
type rig struct {
	testing.TB
	*core
	zxid       wire.Zxid
	generation wire.Generation
	sent       map[Conn][]string
	forwarded  map[Conn]uint64
}

func newRig(t testing.TB) *rig {
	return &rig{TB: t, core: newCore(znode.New(), false), sent: map[Conn][]string{}, forwarded: map[Conn]uint64{}}
}

// collect takes what the core has for the connections, as the shell does after
// each message.
func (r *rig) collect() {
	for _, cn := range r.touched {
		if cn.welcome != nil {
			r.sent[cn.id] = append(r.sent[cn.id], fmt.Sprintf("welcome to %v, %d ms", cn.welcome.Session, cn.welcome.Timeout))
		}
		for i := range cn.out {
			r.sent[cn.id] = append(r.sent[cn.id], show(&cn.out[i]))
		}
		if cn.ended != "" {
			how := "ended: "
			if cn.expired {
				how = "expired: "
			}
			r.sent[cn.id] = append(r.sent[cn.id], how+cn.ended)
		}
		cn.welcome, cn.out, cn.ended, cn.touched = nil, nil, "", false
	}
	r.touched = r.touched[:0]
}

func show(p *wire.Reply) string {
	s := fmt.Sprintf("%d@%d", p.Xid, int64(p.Zxid))
	if p.Err != wire.OK {
		s += " " + p.Err.Error()
	}
	switch b := p.Body.(type) {
	case *wire.WatchEvent:
		return fmt.Sprintf("event %d %s", b.Type, b.Path)
	case *wire.PathReply:
		s += " " + b.Path
	case *wire.DataReply:
		s += fmt.Sprintf(" %q v%d", b.Data, b.Stat.Version)
	case *wire.StatReply:
		s += fmt.Sprintf(" v%d", b.Stat.Version)
	case *wire.NamesReply:
		s += fmt.Sprint(" ", slices.Sorted(slices.Values(b.Names)))
	case *wire.NamesStatReply:
		s += fmt.Sprint(" ", slices.Sorted(slices.Values(b.Names)), b.Stat.NumChildren)
	case *wire.CountReply:
		s += fmt.Sprint(" ", b.Count)
	case *wire.ACLReply:
		s += fmt.Sprint(" ", b.ACL)
	case *wire.WhoAmIReply:
		s += fmt.Sprint(" ", b.Clients)
	case *wire.MultiReadReply:
		s += showResults(b.Results)
	case *wire.MultiReply:
		s += showResults(b.Results)
	}
	return s
}

func showResults(all []wire.Result) (s string) {
	for _, r := range all {
		s += fmt.Sprintf(" [%v %v]", r.Op, r.Err)
	}
	return s
}

// expect compares what a connection was sent since the last time.
func (r *rig) expect(id Conn, want ...string) {
	r.Helper()
	r.collect()
	got := r.sent[id]
	r.sent[id] = nil
	if !slices.Equal(got, want) {
		r.Errorf("connection %d was sent\n\t%s\nnot\n\t%s", id, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// commit applies one record, as it comes back from the leader.
func (r *rig) commit(id Conn, xid wire.Xid, q wire.Request) {
	r.Helper()
	r.zxid++
	rec := &wire.Record{Zxid: r.zxid, Eval: wire.EvalVersion, Op: q.Op(), Time: int64(r.zxid), Cxid: xid, Request: q,
		Flags: wire.FlagExtendedTypes}
	if cn := r.conns[id]; cn != nil {
		rec.Session, rec.Generation, rec.Auth = cn.session, cn.generation, cn.auth
	}
	r.apply(rec)
}

var local = []wire.ID{{Scheme: "ip", ID: "127.0.0.1"}}

// connect attaches a connection to a session, which is new if it is not there.
func (r *rig) connect(id Conn, session wire.SessionID, auth ...wire.ID) {
	r.Helper()
	_, known := r.tree.Session(session)
	r.generation++
	r.onAttach(&Attach{Conn: id, Session: session, Generation: r.generation, Auth: append(slices.Clone(local), auth...), Fresh: !known})
	if !known {
		r.expect(id)
		r.commit(id, 0, &wire.CreateSession{Timeout: 4000, Password: []byte("secret")})
	}
	r.expect(id, fmt.Sprintf("welcome to %v, 4000 ms", session))
}

// ask hands in reads, each with the number of forwarded requests it follows.
func (r *rig) ask(id Conn, items ...Item) {
	cn := r.conns[id]
	var auth []wire.ID
	if cn != nil {
		auth = cn.auth
	}
	r.onRequests(&Requests{Conn: id, Auth: auth, Items: items})
}

func read(xid wire.Xid, after uint64, q wire.Request) Item {
	return Item{Xid: xid, After: after, Request: q}
}

func get(path string) *wire.GetData  { return &wire.GetData{Path: path} }
func seen(path string) *wire.GetData { return &wire.GetData{Path: path, Watch: true} }

func create(path, data string) *wire.Create {
	return &wire.Create{Kind: wire.OpCreate, Path: path, Data: []byte(data), ACL: wire.OpenACL}
}

func set(path, data string) *wire.SetData {
	return &wire.SetData{Path: path, Data: []byte(data), Version: -1}
}

func ephemeral(path string) *wire.Create {
	q := create(path, "")
	q.Mode = wire.ModeEphemeral
	return q
}

func TestAttach_ResumeMovesTheSession(t *testing.T) {
	r := newRig(t)
	r.connect(1, 0x10)
	r.connect(2, 0x20)
	r.commit(1, 1, create("/a", "x"))
	r.ask(1, read(2, 1, seen("/a")), read(3, 5, get("/a"))) // the last one waits for ever
	r.expect(1, "1@3 /a", `2@3 "x" v0`)
	r.connect(3, 0x10)
	r.expect(1, "ended: session moved to another connection")
	old := &wire.Record{Zxid: r.zxid + 1, Op: wire.OpSetData, Session: 0x10, Generation: 1, Cxid: 9, Request: set("/a", "late")}
	r.zxid++
	r.apply(old) // was in flight on the old connection
	r.expect(1)
	r.expect(3)
	r.ask(1, read(4, 0, get("/a")))
	r.expect(1)
	if w, _, _ := r.watches.Counts(); w != 0 {
		t.Errorf("%d watchers are left of the old connection", w)
	}
	r.ask(3, read(1, 0, get("/a")))
	r.expect(3, `1@4 "late" v1`)
	r.onAttach(&Attach{Conn: 4, Session: 0x10, Generation: 1}) // a generation that is over
	r.expect(4, "ended: session moved to another connection")
	r.expect(3)
	if r.attach[0x10].id != 3 || len(r.conns) != 2 {
		t.Errorf("attached is %d, of %d connections", r.attach[0x10].id, len(r.conns))
	}
}

func TestAttach_ToASessionThatIsGone(t *testing.T) {
	r := newRig(t)
	r.onAttach(&Attach{Conn: 1, Session: 0x10, Generation: 1})
	r.expect(1, "expired: session expired while it was being resumed")
	if len(r.conns) != 0 || len(r.attach) != 0 {
		t.Error("the connection is kept")
	}
}

func TestConnect_Verdicts(t *testing.T) {
	r := newRig(t)
	r.connect(1, 0x10)
	for _, c := range []struct {
		ask  Connect
		want Verified
	}{
		{Connect{}, Verified{}}, {Connect{LastZxidSeen: 1}, Verified{}}, {Connect{LastZxidSeen: 2}, Verified{Verdict: Ahead}},
		{Connect{LastZxidSeen: ^wire.Zxid(0)}, Verified{}}, // -1
		{Connect{Session: 0x10, Password: []byte("secret")}, Verified{Timeout: 4000}},
		{Connect{Session: 0x10, Password: []byte("wrong")}, Verified{Verdict: Refused}},
		{Connect{Session: 0x10}, Verified{Verdict: Refused}},
		{Connect{Session: 0x11, Password: []byte("secret")}, Verified{Verdict: Refused}},
		{Connect{Session: 0x10, Password: []byte("wrong"), LastZxidSeen: 2}, Verified{Verdict: Ahead}},
	} {
		if got := r.onConnect(&c.ask); got != c.want {
			t.Errorf("%+v: %+v", c.ask, got)
		}
	}
}

func TestReads_WaitForTheConnectionsOwnWrites(t *testing.T) {
	r := newRig(t)
	r.connect(1, 0x10)
	r.connect(2, 0x20)
	// set, get, set, get, get in one packet: the reads come here first.
	r.commit(2, 1, create("/a", "0"))
	r.expect(2, "1@3 /a")
	r.ask(1, read(2, 1, get("/a")), read(4, 2, get("/a")), read(5, 2, get("/b")))
	r.expect(1)
	r.ask(2, read(2, 1, get("/a"))) // another connection's do not wait
	r.expect(2, `2@3 "0" v0`)
	r.commit(1, 1, set("/a", "1"))
	r.expect(1, "1@4 v1", `2@4 "1" v1`)
	r.commit(2, 3, set("/a", "other"))
	r.expect(1)
	r.commit(1, 3, set("/a", "3"))
	r.expect(1, "3@6 v3", `4@6 "3" v3`, "5@6 NoNode")
}

// TestReads_ServedBeforeTheNextRecord: both writes come in one batch, and still
// the read between them shows the first alone.
func TestReads_ServedBeforeTheNextRecord(t *testing.T) {
	r := newRig(t)
	r.connect(1, 0x10)
	r.ask(1, read(2, 1, get("/a")), read(3, 1, &wire.Ping{}), read(5, 2, get("/a")))
	r.commit(1, 1, create("/a", "one"))
	r.commit(1, 4, set("/a", "two"))
	r.expect(1, "1@2 /a", `2@2 "one" v0`, "3@2", "4@3 v1", `5@3 "two" v1`)
}

// TestPipeline_AnyInterleaving: whatever the batches and whenever commits come,
// a client is answered in its order, each with what it had done so far.
func TestPipeline_AnyInterleaving(t *testing.T) {
	for seed := range 300 {
		rnd := rand.New(rand.NewSource(int64(seed)))
		r := newRig(t)
		r.connect(1, 0x10)
		r.commit(1, 0, create("/a", "0"))
		r.conns[1].done = 0
		r.expect(1, "0@2 /a")
		var want []string
		var items []Item
		var flight []func()
		forwarded, writes, zxid := uint64(0), 0, wire.Zxid(2)
		pump := func(n int) { // the leader's work, in its order
			for ; n > 0 && len(flight) > 0; n-- {
				flight[0]()
				flight = flight[1:]
			}
		}
		for xid := wire.Xid(1); xid <= 40; xid++ {
			switch rnd.Intn(3) {
			case 0:
				forwarded++
				writes++
				zxid++
				data := fmt.Sprint(writes)
				// Reads go out first: one must not miss its place.
				r.ask(1, items...)
				items = nil
				flight = append(flight, func() { r.commit(1, xid, set("/a", data)) })
				want = append(want, fmt.Sprintf("%d@%d v%d", xid, zxid, writes))
			case 1:
				forwarded++
				r.ask(1, items...)
				items = nil
				at := zxid
				flight = append(flight, func() { r.onSyncPoint(&SyncPoint{Conn: 1, Xid: xid, Path: "/a", Zxid: at}) })
				want = append(want, fmt.Sprintf("%d@%d /a", xid, zxid))
			default:
				items = append(items, read(xid, forwarded, get("/a")))
				want = append(want, fmt.Sprintf("%d@%d %q v%d", xid, zxid, fmt.Sprint(writes), writes))
				if rnd.Intn(2) == 0 {
					r.ask(1, items...)
					items = nil
				}
			}
			if rnd.Intn(3) == 0 {
				pump(rnd.Intn(4))
			}
		}
		r.ask(1, items...)
		pump(len(flight))
		if r.expect(1, want...); t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func TestSync_WaitsForItsZxid(t *testing.T) {
	r := newRig(t)
	r.connect(1, 0x10)
	r.connect(2, 0x20)
	r.connect(3, 0x30)
	r.onSyncPoint(&SyncPoint{Conn: 1, Xid: 1, Path: "/s", Zxid: 3}) // applied already
	r.expect(1, "1@3 /s")
	r.onSyncPoint(&SyncPoint{Conn: 1, Xid: 2, Path: "", Zxid: 5})
	r.onSyncPoint(&SyncPoint{Conn: 3, Xid: 1, Path: "/c", Zxid: 5})
	r.onSyncPoint(&SyncPoint{Conn: 2, Xid: 1, Path: "/b", Zxid: 6})
	r.ask(1, read(3, 2, get("/a")))
	r.onDetach(&Detach{3})
	r.commit(2, 9, create("/a", "x"))
	r.expect(1)
	r.expect(2, "9@4 /a")
	r.commit(2, 10, set("/a", "y"))
	r.expect(1, "2@5 ", `3@5 "y" v1`)
	r.expect(2, "10@5 v1")
	r.commit(2, 11, set("/a", "z"))
	r.expect(2, "11@6 v2", "1@6 /b")
	r.expect(3)
	if r.syncs != nil {
		t.Errorf("%d syncs are left", len(r.syncs))
	}
}

// TestSettle_ForgetsSyncs that wait for what the reign that is over had committed:
// the session sends them again.
func TestSettle_ForgetsSyncs(t *testing.T) {
	r := newRig(t)
	r.connect(1, 0x10)
	r.connect(2, 0x20)
	r.commit(1, 7, create("/a", "x"))
	r.expect(1, "7@3 /a")
	r.onSyncPoint(&SyncPoint{Conn: 1, Xid: 8, Path: "/a", Zxid: 4})
	r.onSyncPoint(&SyncPoint{Conn: 2, Xid: 1, Path: "/a", Zxid: 4})
	if done := r.settled(1); done != 1 {
		t.Errorf("%d requests have come back", done)
	}
	r.onSyncPoint(&SyncPoint{Conn: 1, Xid: 8, Path: "/a", Zxid: 5}) // of the next reign
	r.commit(2, 2, set("/a", "y"))
	r.expect(1)
	r.expect(2, "2@4 v1", "1@4 /a")
	r.commit(2, 3, set("/a", "z"))
	r.expect(1, "8@5 /a")
	if done := r.settled(3); done != 0 {
		t.Errorf("%d requests of a connection that is not there", done)
	}
}

func TestCloseSession_RepliesThenEnds(t *testing.T) {
	r := newRig(t)
	r.connect(1, 0x10)
	r.connect(2, 0x20)
	r.commit(1, 1, ephemeral("/e"))
	r.expect(1, "1@3 /e")
	r.ask(2, read(1, 0, &wire.Exists{Path: "/e", Watch: true}))
	r.ask(1, read(2, 1, get("/e")))
	r.commit(1, 3, &wire.CloseSession{})
	r.expect(1, `2@3 "" v0`, "3@4", "ended: closed by the client")
	r.expect(2, "1@3 v0", "event 2 /e")
	if len(r.conns) != 1 || len(r.attach) != 1 {
		t.Error("the connection is kept")
	}
}

func TestCloseSession_ByTheLeader(t *testing.T) {
	r := newRig(t)
	r.connect(1, 0x10)
	r.commit(1, 1, ephemeral("/e"))
	r.expect(1, "1@2 /e")
	r.zxid++
	r.apply(&wire.Record{Zxid: r.zxid, Op: wire.OpCloseSession, Session: 0x10})
	r.expect(1, "ended: session expired")
	if z, _ := r.tree.Lookup("/e"); z != nil || len(r.conns) != 0 {
		t.Error("the ephemeral or the connection is kept")
	}
}

func TestReady_TakesItsTurn(t *testing.T) {
	r := newRig(t)
	r.connect(1, 0x10)
	r.ask(1, Item{Xid: 2, After: 1, Ready: &Ready{Zxid: ZxidApplied, Err: wire.MarshallingError}},
		Item{Xid: 3, After: 1, Ready: &Ready{}},
		Item{Xid: 4, After: 1, Ready: &Ready{Zxid: ^wire.Zxid(0), Err: wire.Unimplemented, Close: true}},
		read(5, 1, seen("/a")))
	r.expect(1)
	r.commit(1, 1, create("/a", ""))
	r.expect(1, "1@2 /a", "2@2 MarshallingError", "3@0", "4@-1 Unimplemented", "ended: Unimplemented")
	if _, _, n := r.watches.Counts(); n != 0 || len(r.conns) != 0 {
		t.Errorf("%d watches and %d connections are left", n, len(r.conns))
	}
	r.connect(2, 0x10)
	r.ask(2, Item{Xid: 1, Ready: &Ready{Err: wire.AuthFailed, Close: true}}, read(2, 0, seen("/a")))
	r.expect(2, "1@0 AuthFailed", "ended: AuthFailed")
	r.commit(0, 0, set("/a", "x")) // nobody is told, and nothing breaks
	r.expect(2)
}

func TestDetach_ForgetsTheConnection(t *testing.T) {
	r := newRig(t)
	r.connect(1, 0x10)
	r.commit(1, 1, create("/a", ""))
	r.ask(1, read(2, 1, seen("/a")), read(3, 2, get("/a")))
	r.expect(1, "1@2 /a", `2@2 "" v0`)
	gone := r.conns[1]
	r.onDetach(&Detach{1})
	r.onDetach(&Detach{1})
	r.zxid++
	r.apply(&wire.Record{Zxid: r.zxid, Op: wire.OpSetData, Session: 0x10, Generation: gone.generation, Cxid: 4, Request: set("/a", "x")})
	r.ask(1, read(5, 0, get("/a")))
	r.expect(1)
	if _, _, n := r.watches.Counts(); n != 0 || len(r.conns) != 0 || len(r.attach) != 0 {
		t.Error("something is kept")
	}
	if _, ok := r.tree.Session(0x10); !ok {
		t.Error("the session went with its connection")
	}
}

// TestBug_IsToldAsSystemError: a record that cannot be evaluated costs its zxid
// and nothing else.
func TestBug_IsToldAsSystemError(t *testing.T) {
	r := newRig(t)
	r.connect(1, 0x10)
	r.commit(1, 1, get("/"))
	r.expect(1, "1@2 SystemError")
	if len(r.bugs) != 1 || r.bugs[0].record.Zxid != 2 || r.tree.Applied() != 2 {
		t.Errorf("%+v", r.bugs)
	}
}
