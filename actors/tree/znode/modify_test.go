package znode

import (
	"testing"

	"troupe/wire"
)

func TestDelete_OrderOfChecks(t *testing.T) {
	w := newWorld(t)
	w.ok(create("/p"), create("/p/full"), create("/p/full/x"), create("/closed"), create("/closed/a"),
		setACL("/closed", anyone(wire.PermAll&^wire.PermDelete)))
	for _, c := range []struct {
		want    wire.ErrorCode
		path    string
		version int32
	}{
		{wire.BadArguments, "relative", -1}, {wire.BadArguments, "", -1}, {wire.BadArguments, "/a\x00", -1},
		{wire.BadArguments, "/", -1}, {wire.BadArguments, "/zookeeper", -1},
		{wire.BadArguments, "/zookeeper/quota", -1}, {wire.BadArguments, "/zookeeper/config", -1},
		{wire.NoNode, "/none/x", -1}, {wire.NoNode, "/p/", -1}, {wire.NoNode, "/p//x", -1}, {wire.NoNode, "//p", -1},
		{wire.NoNode, "/p/..", -1}, {wire.NoNode, "x/y", -1},
		{wire.NoAuth, "/closed/none", -1}, {wire.NoAuth, "/closed/a", 7},
		{wire.NoNode, "/p/none", 7},
		{wire.BadVersion, "/p/full", 7}, {wire.BadVersion, "/p/full", -2}, {wire.BadVersion, "/p/full", 1},
		{wire.NotEmpty, "/p/full", 0}, {wire.NotEmpty, "/p/full", -1},
	} {
		w.fails(c.want, &wire.Delete{Path: c.path, Version: c.version})
	}
	// The node's own ACL does not matter.
	w.ok(createACL("/p/mine", anyone(0)), &wire.Delete{Path: "/p/mine", Version: 0})
	w.gone("/p/mine")
}

func TestSetData_OrderOfChecks(t *testing.T) {
	w := newWorld(t)
	w.ok(create("/a"), createACL("/closed", anyone(wire.PermAll&^wire.PermWrite)))
	for _, c := range []struct {
		want    wire.ErrorCode
		path    string
		version int32
	}{
		{wire.BadArguments, "", -1}, {wire.BadArguments, "relative", -1}, {wire.BadArguments, "/none/", -1},
		{wire.BadArguments, "/a//b", -1}, {wire.BadArguments, "/closed/.", -1},
		{wire.NoNode, "/none", 5}, {wire.NoAuth, "/closed", 5},
		{wire.BadVersion, "/a", 1}, {wire.BadVersion, "/a", -2},
	} {
		w.fails(c.want, &wire.SetData{Path: c.path, Version: c.version})
	}
	w.ok(&wire.SetData{Path: "/a", Version: 0}, &wire.SetData{Path: "/a", Version: 1})
	w.fails(wire.BadVersion, &wire.SetData{Path: "/a", Version: 1})
}

func TestSetACL_OrderOfChecks(t *testing.T) {
	w := newWorld(t)
	w.ok(create("/a"), createACL("/closed", anyone(wire.PermAll&^wire.PermAdmin)))
	good := []wire.ACL{anyone(wire.PermAll)}
	for _, c := range []struct {
		want    wire.ErrorCode
		path    string
		acl     []wire.ACL
		version int32
	}{
		{wire.BadArguments, "", nil, 5}, {wire.BadArguments, "/none/", nil, 5},
		{wire.InvalidACL, "/none", nil, 5}, {wire.InvalidACL, "/closed", nil, 5},
		{wire.NoNode, "/none", good, 5}, {wire.NoAuth, "/closed", good, 5},
		{wire.BadVersion, "/a", good, 5}, {wire.BadVersion, "/a", good, -2},
	} {
		w.fails(c.want, &wire.SetACL{Path: c.path, ACL: c.acl, Version: c.version})
	}
	w.ok(&wire.SetACL{Path: "/a", ACL: good, Version: 0}, &wire.SetACL{Path: "/a", ACL: good, Version: 1},
		setACL("/", anyone(wire.PermAll)))
	if s := w.stat("/a"); s.Aversion != 2 || s.Version != 0 {
		t.Errorf("%+v", s)
	}
}

func TestCheck_OrderOfChecks(t *testing.T) {
	w := newWorld(t)
	w.ok(create("/a"), createACL("/closed", anyone(wire.PermAll&^wire.PermRead)))
	for _, c := range []struct {
		want    wire.ErrorCode
		path    string
		version int32
	}{
		{wire.BadArguments, "", 5}, {wire.BadArguments, "/none/", 5}, {wire.NoNode, "/none", 5},
		{wire.NoAuth, "/closed", 5}, {wire.BadVersion, "/a", 5}, {wire.BadVersion, "/a", -2},
		{wire.OK, "/a", 0}, {wire.OK, "/a", -1},
	} {
		w.fails(c.want, &wire.Check{Path: c.path, Version: c.version})
	}
}

func TestReconfig_IsDisabled(t *testing.T) {
	w := newWorld(t)
	w.fails(wire.ReconfigDisabled, &wire.Reconfig{Joining: "server.1=x"})
	w.as(wire.ID{Scheme: "super"}, func() { w.fails(wire.ReconfigDisabled, &wire.Reconfig{}) })
}

func TestDeleteContainer_OnlyWhatTheSweepSaw(t *testing.T) {
	w := newWorld(t)
	w.ok(createKind(wire.OpCreateContainer, "/c"), createTTL("/t", wire.ModeTTL, 5), create("/plain"),
		createMode("/eph", wire.ModeEphemeral), createKind(wire.OpCreateContainer, "/full"), create("/full/x"))
	seen := func(path string) *wire.DeleteContainer {
		s := w.stat(path)
		return &wire.DeleteContainer{Path: path, Czxid: s.Czxid, Mtime: s.Mtime}
	}
	w.fails(wire.BadArguments, seen("/c")) // from a client
	w.session = 0
	w.fails(wire.NoNode, &wire.DeleteContainer{Path: "/none"})
	w.fails(wire.BadArguments, &wire.DeleteContainer{Path: ""}) // the root is no container
	w.fails(wire.BadArguments, seen("/plain"))
	w.fails(wire.BadArguments, seen("/eph"))
	w.fails(wire.BadArguments, seen("/zookeeper"))
	w.fails(wire.NotEmpty, seen("/full"))
	old := seen("/t")
	w.session = testSession
	w.ok(set("/t", "alive"))
	born := seen("/c")
	w.ok(del("/c"), createKind(wire.OpCreateContainer, "/c"))
	w.session = 0
	w.fails(wire.BadVersion, old)
	w.fails(wire.BadVersion, born)
	w.ok(seen("/t"), seen("/c"))
	if got := eventNames(w.events); got != "deleted /c, children /" {
		t.Error(got)
	}
	w.gone("/t")
	w.gone("/c")
}

func TestSession_CloseRemovesItsEphemerals(t *testing.T) {
	w := newWorld(t)
	w.open(0x88)
	w.ok(create("/p"), createMode("/p/a", wire.ModeEphemeral), createMode("/p/b", wire.ModeEphemeralSequential),
		createMode("/c", wire.ModeEphemeral))
	w.session = 0x88
	w.ok(createMode("/p/other", wire.ModeEphemeral))
	w.session = testSession
	before := w.stat("/p")
	w.ok(&wire.CloseSession{})
	if got := eventNames(w.events); got != "deleted /c, children /, deleted /p/a, children /p, deleted /p/b0000000001, children /p" {
		t.Error(got)
	}
	if s := w.stat("/p"); s.Pzxid != w.zxid || s.Cversion != before.Cversion+2 || s.NumChildren != 1 || w.tree.HasSession(testSession) {
		t.Errorf("%+v, then %+v", before, s)
	}
	w.fails(wire.SessionExpired, create("/late"))
	w.fails(wire.SessionExpired, multi(create("/late")))
	w.ok(&wire.CloseSession{}) // a second one finds nothing to do
	w.gone("/late")
	if _, ok := w.tree.Session(0x88); !ok || len(w.tree.Ephemerals(0x88)) != 1 {
		t.Error("the other session has lost something")
	}
}

func TestSession_Table(t *testing.T) {
	w := newWorld(t)
	s, ok := w.tree.Session(testSession)
	if !ok || s.Timeout != 4000 || string(s.Password) != "0123456789abcdef" {
		t.Errorf("%+v, %v", s, ok)
	}
	w.ok(&wire.CreateSession{Timeout: 9, Password: []byte("new")}) // as a replay of an old log may have it
	if s, _ := w.tree.Session(testSession); s.Timeout != 9 || w.tree.Counts().Sessions != 1 {
		t.Errorf("%+v", s)
	}
	if _, ok := w.tree.Session(0x99); ok || w.tree.Ephemerals(0x99) != nil {
		t.Error("a session that does not exist is known")
	}
	w.ok(createMode("/m1", wire.ModeEphemeral), createMode("/m10", wire.ModeEphemeral), createMode("/x", wire.ModeEphemeral))
	if got := w.tree.EphemeralsUnder(testSession, "/m1"); len(got) != 2 || got[0] != "/m1" || got[1] != "/m10" {
		t.Errorf("a prefix of the string, not of the path: %v", got)
	}
}

// TestRecord_DecodedOrNot: a record from the log, which has a body only, does
// what the one that was proposed did.
func TestRecord_DecodedOrNot(t *testing.T) {
	w := newWorld(t)
	for _, q := range []wire.Request{create("/a"), set("/a", "x"), multi(create("/b"), del("/b")), del("/a")} {
		r := w.record(q)
		var e wire.Encoder
		e.EncodeRequest(q)
		logged := *r
		logged.Request, logged.Body = nil, e.Bytes()
		want, _ := Evaluate(w.tree, r)
		got, out := Evaluate(w.tree, &logged)
		if out.Err != wire.OK || len(got.Changes) != len(want.Changes) {
			t.Fatalf("%v: %+v, %v", q.Op(), got, out.Err)
		}
		w.tree.Perform(&logged, &got, nil)
		checkTree(t, w.tree)
	}
}

func TestRecord_Malformed(t *testing.T) {
	w := newWorld(t)
	for _, op := range []wire.OpCode{wire.OpCreate, wire.OpDelete, wire.OpMulti, wire.OpReconfig, wire.OpSetACL, 999} {
		r := &wire.Record{Zxid: w.zxid + 1, Op: op, Session: testSession, Body: []byte{1, 2, 3}}
		txn, out := Evaluate(w.tree, r)
		if out.Err != wire.MarshallingError || out.Panic != nil || len(txn.Changes) > 0 {
			t.Errorf("%v: %+v", op, out)
		}
		_, r.Malformed = wire.DecodeRequest(op, r.Body)
		if _, again := Evaluate(w.tree, r); again.Err != wire.MarshallingError {
			t.Errorf("%v, known to be malformed: %+v", op, again)
		}
	}
}

// faultyView panics after some look-ups.
type faultyView struct {
	*Tree
	left int
}

func (v *faultyView) Lookup(path string) (*wire.Znode, int) {
	if v.left--; v.left < 0 {
		panic("faulty view")
	}
	return v.Tree.Lookup(path)
}

// TestEvaluate_PanicIsSystemError wherever it happens, and nothing is changed.
func TestEvaluate_PanicIsSystemError(t *testing.T) {
	w := newWorld(t)
	w.ok(create("/a"), createMode("/e", wire.ModeEphemeral))
	before := flatten(w.tree)
	panics := 0
	for _, q := range []wire.Request{create("/b"), del("/a"), set("/a", "x"), multi(create("/b"), del("/a")), &wire.CloseSession{}} {
		for n := range 20 {
			r := w.record(q)
			txn, out := Evaluate(&faultyView{w.tree, n}, r)
			if out.Panic == nil {
				break
			}
			panics++
			if out.Err != wire.SystemError || out.Body != nil || txn.Changes != nil || txn.Open != nil || txn.Close {
				t.Errorf("%v, look-up %d: %+v, %+v", q.Op(), n, txn, out)
			}
			w.tree.Perform(r, &txn, nil)
		}
	}
	txn, out := Evaluate(w.tree, w.record(&wire.GetData{Path: "/a"})) // no write: nothing can evaluate it
	if out.Err != wire.SystemError || out.Panic == nil || len(txn.Changes) > 0 {
		t.Errorf("%+v, %+v", txn, out)
	}
	after := flatten(w.tree)
	before.applied = after.applied
	if panics < 8 || !sameFlat(before, after) {
		t.Errorf("%d panics; the tree is changed: %v", panics, !sameFlat(before, after))
	}
}

// TestPerform_WrongZxidPanics: a record that is performed twice is a bug.
func TestPerform_WrongZxidPanics(t *testing.T) {
	w := newWorld(t)
	for _, z := range []wire.Zxid{w.zxid, w.zxid - 1} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%v is performed after %v", z, w.zxid)
				}
			}()
			w.tree.Perform(&wire.Record{Zxid: z}, &Txn{}, nil)
		}()
	}
}
