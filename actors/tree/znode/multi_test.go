package znode

import (
	"reflect"
	"testing"

	"troupe/wire"
)

// results applies a multi and returns what it was answered.
func (w *world) results(ops ...wire.Request) []wire.Result {
	w.Helper()
	out := w.do(multi(ops...))
	m, ok := out.Body.(*wire.MultiReply)
	if out.Err != wire.OK || !ok {
		w.Fatalf("%v, %+v", out.Err, out.Body)
	}
	return m.Results
}

func TestMulti_Results(t *testing.T) {
	w := newWorld(t)
	got := w.results(createData("/a", "1"), createMode("/a/s-", wire.ModePersistentSequential), set("/a", "22"),
		&wire.Check{Path: "/a", Version: 1}, createTTL("/a/t", wire.ModeTTL, 9), del("/a/t"))
	z, at := w.zxid, w.time
	fresh := wire.Stat{Czxid: z, Mzxid: z, Pzxid: z, Ctime: at, Mtime: at}
	written := fresh
	written.Version, written.DataLength, written.NumChildren, written.Cversion = 1, 2, 1, 1
	want := []wire.Result{
		{Op: wire.OpCreate, Body: &wire.PathReply{Path: "/a"}},
		{Op: wire.OpCreate, Body: &wire.PathReply{Path: "/a/s-0000000000"}},
		{Op: wire.OpSetData, Body: &wire.StatReply{Stat: written}},
		{Op: wire.OpCheck}, {Op: wire.OpCreate2, Body: &wire.PathStatReply{Path: "/a/t", Stat: fresh}}, {Op: wire.OpDelete},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if r := w.results(); len(r) != 0 {
		t.Errorf("an empty one: %+v", r)
	}
}

func TestMulti_FailureUndoesEverything(t *testing.T) {
	w := newWorld(t)
	w.ok(create("/p"), create("/p/x"))
	first := []wire.Request{create("/a"), createMode("/p/s", wire.ModePersistentSequential), set("/p", "new"), del("/p/x")}
	for want, last := range map[wire.ErrorCode]wire.Request{
		wire.NodeExists: create("/a"), wire.NoNode: del("/p/x"), wire.BadVersion: &wire.Check{Path: "/p", Version: 0},
		wire.NotEmpty: del("/p"), wire.BadArguments: create("relative"), wire.InvalidACL: createACL("/q"),
		wire.NoChildrenForEphemerals: nil,
	} {
		ops := append([]wire.Request{}, first...)
		if last == nil {
			ops[0], last = createMode("/a", wire.ModeEphemeral), create("/a/b")
		}
		got := w.results(append(ops, last, set("/p", "later"), create("/never"))...)
		for i, r := range got {
			code := wire.OK
			switch {
			case i == len(ops):
				code = want
			case i > len(ops):
				code = wire.RuntimeInconsistency
			}
			if r.Op != wire.OpError || r.Err != code || r.Body != nil {
				t.Errorf("%v: result %d is %+v", want, i, r)
			}
		}
	}
	if p := w.ok(createMode("/p/s", wire.ModePersistentSequential)).(*wire.PathReply).Path; p != "/p/s0000000001" {
		t.Errorf("the counter moved: %s", p)
	}
}

func TestMulti_SeesItsOwnOperations(t *testing.T) {
	w := newWorld(t)
	w.ok(multi(create("/a"), create("/a/b"), create("/a/b/c"), set("/a/b/c", "x"), &wire.Check{Path: "/a/b/c", Version: 1},
		del("/a/b/c"), del("/a/b"), createMode("/a/s", wire.ModePersistentSequential),
		createMode("/a/s", wire.ModePersistentSequential), set("/a", "end")))
	if s := w.stat("/a"); s.NumChildren != 2 || s.Cversion != 4 || s.Version != 1 || w.data("/a") != "end" {
		t.Errorf("%+v", s)
	}
	w.stat("/a/s0000000001")
	w.stat("/a/s0000000002")
	w.ok(multi(del("/a/s0000000001"), del("/a/s0000000002"), del("/a")))
	w.gone("/a")
	w.ok(create("/a"), create("/a/old"))
	w.ok(multi(del("/a/old"), del("/a"), createData("/a", "reborn")))
	if s := w.stat("/a"); s.Cversion != 0 || s.Czxid != w.zxid || w.data("/a") != "reborn" {
		t.Errorf("%+v", s)
	}
	if r := w.results(create("/a/x"), del("/a")); r[1].Err != wire.NotEmpty {
		t.Errorf("%+v", r)
	}
}

// TestMulti_UnderTheRoot: the root is the parent of "/x" by the name of "", too.
func TestMulti_UnderTheRoot(t *testing.T) {
	w := newWorld(t)
	before := w.stat("/")
	got := w.results(create("/a"), create("/b"), createMode("/s", wire.ModePersistentSequential),
		createMode("/s", wire.ModePersistentSequential), del("/a"), set("/", "x"), create("/c"))
	for i, want := range []string{2: "/s0000000002", 3: "/s0000000003"} {
		if want != "" && got[i].Body.(*wire.PathReply).Path != want {
			t.Errorf("operation %d: %+v, want %s", i, got[i].Body, want)
		}
	}
	s := w.stat("/")
	if s.NumChildren != before.NumChildren+4 || s.Cversion != before.Cversion+6 || s.Version != before.Version+1 || w.data("/") != "x" {
		t.Errorf("%+v, then %+v", before, s)
	}
}

// TestMulti_MembersAsTheOriginalTakesThem: the mode alone decides what is made.
func TestMulti_MembersAsTheOriginalTakesThem(t *testing.T) {
	w := newWorld(t)
	at := func(op wire.OpCode, path string, mode wire.CreateMode) *wire.Create {
		q := createKind(op, path)
		q.Mode = mode
		return q
	}
	got := w.results(at(wire.OpCreate2, "/a", 0), at(wire.OpCreateContainer, "/b", 0), at(wire.OpCreateContainer, "/c", 3),
		at(wire.OpCreate, "/d", 4), at(wire.OpCreate2, "/e", 4), at(wire.OpCreateTTL, "/f", 1), createTTL("/g", wire.ModeTTLSequential, 7))
	for i, want := range []struct {
		op   wire.OpCode
		path string
		kind wire.NodeKind
	}{
		{wire.OpCreate, "/a", wire.Persistent}, {wire.OpCreate, "/b", wire.Persistent},
		{wire.OpCreate, "/c0000000002", wire.Ephemeral}, {wire.OpCreate2, "/d", wire.Container},
		{wire.OpCreate2, "/e", wire.Container}, {wire.OpCreate, "/f", wire.Ephemeral}, {wire.OpCreate2, "/g0000000006", wire.TTL},
	} {
		z, _ := w.tree.Lookup(want.path)
		if got[i].Op != want.op || z == nil || z.Kind != want.kind {
			t.Errorf("operation %d: %+v, made %+v", i, got[i], z)
		}
	}
	for _, bad := range []wire.Request{&wire.GetData{Path: "/a"}, &wire.GetChildren{Path: "/a"},
		at(wire.OpCreate, "/x", 5), at(wire.OpCreate2, "/x", 6), at(wire.OpCreateContainer, "/x", 5)} {
		w.fails(wire.MarshallingError, multi(create("/ok"), bad))
	}
	for _, q := range []wire.Request{at(wire.OpCreate, "/x", 7), at(wire.OpCreate, "/x", -1), createTTL("/x", 5, 0)} {
		if r := w.results(create("/ok"), q); r[1].Err != wire.BadArguments {
			t.Errorf("%+v: %+v", q, r)
		}
	}
	w.flags &^= wire.FlagExtendedTypes
	if r := w.results(createTTL("/x", 5, 7)); r[0].Err != wire.Unimplemented {
		t.Errorf("%+v", r)
	}
	w.gone("/ok")
}

func TestMulti_JudgesPermissionsByItsOwnCreates(t *testing.T) {
	w := newWorld(t)
	r := w.results(createACL("/a", anyone(wire.PermRead)), create("/a/b"))
	if r[1].Err != wire.NoAuth {
		t.Errorf("%+v", r)
	}
	w.flags |= wire.FlagSkipACL
	w.ok(multi(createACL("/a", anyone(wire.PermRead)), create("/a/b")))
}
