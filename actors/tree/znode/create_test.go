package znode

import (
	"fmt"
	"math"
	"testing"

	"troupe/wire"
)

// TestCreate_OrderOfChecks: each request breaks the rule it is refused for and,
// where it can, all that come after it.
func TestCreate_OrderOfChecks(t *testing.T) {
	w := newWorld(t)
	w.ok(create("/open"), createACL("/closed", anyone(wire.PermAll&^wire.PermCreate)), create("/closed2"),
		createMode("/eph", wire.ModeEphemeral), create("/closed2/x"), setACL("/closed2", anyone(wire.PermRead)))
	badACL := []wire.ACL{{Perms: 31, ID: wire.ID{Scheme: "nobody"}}}
	ask := func(path string, change ...func(*wire.Create)) *wire.Create {
		q := create(path)
		for _, c := range change {
			c(q)
		}
		return q
	}
	noACL := func(q *wire.Create) { q.ACL = nil }
	bad := func(q *wire.Create) { q.ACL = badACL }
	mode := func(m wire.CreateMode) func(*wire.Create) { return func(q *wire.Create) { q.Mode = m } }
	ttl := func(m wire.CreateMode, ms int64) func(*wire.Create) {
		return func(q *wire.Create) { q.Kind, q.Mode, q.TTL = wire.OpCreateTTL, m, ms }
	}
	for _, c := range []struct {
		want wire.ErrorCode
		q    *wire.Create
	}{
		{wire.BadArguments, ask("relative", mode(7), noACL)}, {wire.BadArguments, ask("/none/x", mode(-1), noACL)},
		{wire.BadArguments, ask("/none/x", mode(wire.ModeTTL), noACL)},
		{wire.BadArguments, ask("/none/x", ttl(wire.ModeTTL, 0), noACL)},
		{wire.BadArguments, ask("/none/x", ttl(wire.ModeTTL, -1), noACL)},
		{wire.BadArguments, ask("/none/x", ttl(wire.ModeTTLSequential, 1<<40), noACL)},
		{wire.BadArguments, ask("/none/x", ttl(wire.ModePersistent, 5), noACL)},
		{wire.BadArguments, ask("relative", noACL)}, {wire.BadArguments, ask("", noACL)},
		{wire.BadArguments, ask("/a\x00b", noACL)},
		{wire.InvalidACL, ask("/none/x", noACL)}, {wire.InvalidACL, ask("x/y", bad)},
		{wire.InvalidACL, ask("/closed/x", bad)}, {wire.InvalidACL, ask("/open", bad)},
		{wire.NoNode, ask("x/y")}, {wire.NoNode, ask("/none/x")}, {wire.NoNode, ask("/none//x")},
		{wire.NoNode, ask("/open//x")}, {wire.NoNode, ask("/open/x/")}, {wire.NoNode, ask("/open/./x")},
		{wire.NoAuth, ask("/closed/x")}, {wire.NoAuth, ask("/closed/..")}, {wire.NoAuth, ask("/closed2/x")},
		{wire.BadArguments, ask("/open/")}, {wire.BadArguments, ask("/open/.")}, {wire.BadArguments, ask("/open/..")},
		{wire.BadArguments, ask("/open/\x01")}, {wire.BadArguments, ask("/eph/\ufffd")},
		{wire.NodeExists, ask("/open")}, {wire.NodeExists, ask("/")}, {wire.NodeExists, ask("/zookeeper/config")},
		{wire.NoChildrenForEphemerals, ask("/eph/x")}, {wire.NoChildrenForEphemerals, ask("/eph/x", mode(wire.ModePersistentSequential))},
		{wire.NoNode, ask("/eph/x/y")},
	} {
		w.fails(c.want, c.q)
	}
	w.flags &^= wire.FlagExtendedTypes
	w.fails(wire.Unimplemented, ask("relative", ttl(wire.ModeTTL, 0), noACL))
	w.fails(wire.Unimplemented, ask("/none/x", mode(wire.ModeTTLSequential)))
	w.session = 0x999
	w.fails(wire.SessionExpired, ask("relative", mode(7)))
}

func TestCreate_Stat(t *testing.T) {
	w := newWorld(t)
	body := w.ok(&wire.Create{Kind: wire.OpCreate2, Path: "/a", Data: []byte("xy"), ACL: wire.OpenACL}).(*wire.PathStatReply)
	z := w.zxid
	want := wire.Stat{Czxid: z, Mzxid: z, Pzxid: z, Ctime: w.time, Mtime: w.time, DataLength: 2}
	if body.Path != "/a" || body.Stat != want || w.stat("/a") != want {
		t.Errorf("%+v, then %+v, want %+v", body, w.stat("/a"), want)
	}
	made := w.time
	w.ok(create("/a/b"), create("/a/c"), del("/a/b"))
	if s := w.stat("/a"); s.Cversion != 3 || s.NumChildren != 1 || s.Pzxid != z+3 || s.Mzxid != z || s.Mtime != made || s.Version != 0 {
		t.Errorf("after two births and a death: %+v", s)
	}
	w.ok(set("/a", "longer"), set("/a", ""))
	if s := w.stat("/a"); s.Version != 2 || s.Mzxid != z+5 || s.Pzxid != z+3 || s.Cversion != 3 || s.Ctime != made ||
		s.Mtime != w.time || s.DataLength != 0 {
		t.Errorf("after two writes: %+v", s)
	}
	w.ok(setACL("/a", anyone(wire.PermRead|wire.PermAdmin)))
	if s := w.stat("/a"); s.Aversion != 1 || s.Version != 2 || s.Mzxid != z+5 || s.Pzxid != z+3 {
		t.Errorf("after a new ACL: %+v", s)
	}
}

// TestNew_StandardNodes are as Apache ZooKeeper 3.8 shows them when it is fresh.
func TestNew_StandardNodes(t *testing.T) {
	w := newWorld(t)
	for path, want := range map[string]wire.Stat{
		"/":                 {Cversion: -1, NumChildren: 1},
		"/zookeeper":        {Cversion: -2, NumChildren: 2},
		"/zookeeper/quota":  {},
		"/zookeeper/config": {Aversion: -1},
	} {
		if s := w.stat(path); s != want {
			t.Errorf("%s: %+v", path, s)
		}
		if z, _ := w.tree.Lookup(path); z.Data == nil {
			t.Errorf("%s has null data", path)
		}
	}
	if n, _ := w.tree.Descendants("/"); n != 3 {
		t.Errorf("%d descendants", n)
	}
	w.fails(wire.NoAuth, set("/zookeeper/config", "x"))
	w.fails(wire.NoAuth, create("/zookeeper/config/x"))
	w.as(wire.ID{Scheme: "super"}, func() { w.ok(set("/zookeeper/config", "x"), create("/zookeeper/config/x")) })
	w.ok(set("/", "root"), set("/zookeeper", "z"), create("/zookeeper/mine"), del("/zookeeper/mine"))
}

func TestCreate_SequenceCountsBirthsOnly(t *testing.T) {
	w := newWorld(t)
	seq := func(path string) string {
		return w.ok(createMode(path, wire.ModePersistentSequential)).(*wire.PathReply).Path
	}
	if p := seq("/"); p != "/0000000000" {
		t.Errorf("the first under the root: %s", p)
	}
	w.ok(create("/p"), create("/p/a"), createMode("/p/b", wire.ModeEphemeral), del("/p/a"), del("/p/b"))
	w.fails(wire.NodeExists, create("/p"))
	for _, c := range [][2]string{{"/p/x-", "/p/x-0000000002"}, {"/p/", "/p/0000000003"}, {"/p/.", "/p/.0000000004"}} {
		if p := seq(c[0]); p != c[1] {
			t.Errorf("%s became %s", c[0], p)
		}
	}
	if p := w.ok(createMode("/p/e", wire.ModeEphemeralSequential)).(*wire.PathReply).Path; p != "/p/e0000000005" {
		t.Error(p)
	}
	if p := w.ok(createTTL("/p/t", wire.ModeTTLSequential, 1)).(*wire.PathStatReply).Path; p != "/p/t0000000006" {
		t.Error(p)
	}
	container := createKind(wire.OpCreateContainer, "/p/c")
	container.Mode = wire.ModePersistentSequential
	if p := w.ok(container).(*wire.PathStatReply).Path; p != "/p/c0000000007" {
		t.Error(p)
	}
}

// TestCreate_SequenceIsASigned32BitCounter.
func TestCreate_SequenceIsASigned32BitCounter(t *testing.T) {
	w := newWorld(t)
	w.ok(create("/p"))
	for _, c := range []struct {
		creates int32
		want    string
	}{{math.MaxInt32, "/p/s2147483647"}, {math.MinInt32, "/p/s-2147483648"}, {-5, "/p/s-000000005"}} {
		n := w.tree.find("/p")
		z := *n.z
		z.Creates = c.creates
		w.tree.replace(n, "/p", &z)
		if p := w.ok(createMode("/p/s", wire.ModePersistentSequential)).(*wire.PathReply).Path; p != c.want {
			t.Errorf("after %d: %s", c.creates, p)
		}
	}
}

func TestCreate_Kinds(t *testing.T) {
	w := newWorld(t)
	type want struct {
		kind  wire.NodeKind
		owner int64
		eo    wire.SessionID
	}
	persistent, ephemeral := want{}, want{wire.Ephemeral, int64(testSession), testSession}
	container := want{kind: wire.Container}
	for i, c := range []struct {
		op   wire.OpCode
		mode wire.CreateMode
		ttl  int64
		want
	}{
		{wire.OpCreate, 0, 0, persistent}, {wire.OpCreate, 1, 0, ephemeral}, {wire.OpCreate2, 2, 0, persistent},
		{wire.OpCreate2, 3, 0, ephemeral}, {wire.OpCreate, 4, 0, persistent}, {wire.OpCreate2, 4, 0, persistent},
		{wire.OpCreateContainer, 0, 0, container}, {wire.OpCreateContainer, 1, 0, container},
		{wire.OpCreateContainer, 3, 0, container}, {wire.OpCreateContainer, 4, 0, container},
		{wire.OpCreateTTL, 5, 1, want{wire.TTL, 1, 0}}, {wire.OpCreateTTL, 6, 1<<40 - 1, want{wire.TTL, 1<<40 - 1, 0}},
	} {
		q := &wire.Create{Kind: c.op, Path: fmt.Sprintf("/n%d-", i), ACL: wire.OpenACL, Mode: c.mode, TTL: c.ttl}
		var path string
		switch b := w.ok(q).(type) {
		case *wire.PathReply:
			if path = b.Path; c.op != wire.OpCreate {
				t.Errorf("%v answers without a stat", c.op)
			}
		case *wire.PathStatReply:
			if path = b.Path; c.op == wire.OpCreate || b.Stat != w.stat(path) {
				t.Errorf("%v answers %+v", c.op, b)
			}
		}
		z, _ := w.tree.Lookup(path)
		if z.Kind != c.kind || z.Owner != c.owner || w.stat(path).EphemeralOwner != c.eo || z.Data != nil {
			t.Errorf("%v with mode %d: %+v", c.op, c.mode, z)
		}
	}
}

func TestCreate_KeepsDataOfItsOwn(t *testing.T) {
	w := newWorld(t)
	data := []byte("abc")
	w.ok(&wire.Create{Kind: wire.OpCreate, Path: "/a", Data: data, ACL: wire.OpenACL},
		create("/b"), &wire.SetData{Path: "/b", Data: data, Version: -1})
	clear(data) // it was a view into a frame
	if w.data("/a") != "abc" || w.data("/b") != "abc" {
		t.Errorf("%q, %q", w.data("/a"), w.data("/b"))
	}
	w.ok(&wire.SetData{Path: "/b", Version: -1})
	if z, _ := w.tree.Lookup("/b"); z.Data != nil {
		t.Error("null became empty")
	}
}

func TestCreate_Events(t *testing.T) {
	w := newWorld(t)
	w.ok(create("/a"))
	if got := eventNames(w.events); got != "created /a, children /" {
		t.Error(got)
	}
	w.ok(set("/a", "x"))
	if got := eventNames(w.events); got != "changed /a" {
		t.Error(got)
	}
	w.ok(setACL("/a", anyone(wire.PermAll)))
	if got := eventNames(w.events); got != "" {
		t.Error(got)
	}
	w.ok(multi(create("/a/b"), set("/a", "y"), del("/a/b")))
	if got := eventNames(w.events); got != "created /a/b, children /a, changed /a, deleted /a/b, children /a" {
		t.Error(got)
	}
	w.ok(del("/a"))
	if got := eventNames(w.events); got != "deleted /a, children /" {
		t.Error(got)
	}
}

func eventNames(events []Event) (s string) {
	names := map[wire.EventType]string{wire.EventNodeCreated: "created", wire.EventNodeDeleted: "deleted",
		wire.EventNodeDataChanged: "changed", wire.EventNodeChildrenChanged: "children"}
	for i, e := range events {
		if i > 0 {
			s += ", "
		}
		s += names[e.Type] + " " + e.Path
	}
	return s
}
