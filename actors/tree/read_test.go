package tree

import (
	"strings"
	"testing"

	"troupe/actors/tree/znode"
	"troupe/wire"
)

func TestWatch_EventBeforeTheReplyThatShowsIt(t *testing.T) {
	r := newRig(t)
	r.connect(1, 0x10)
	r.connect(2, 0x20)
	r.commit(1, 1, create("/a", ""))
	r.expect(1, "1@3 /a")
	r.ask(1, read(2, 1, seen("/a")), read(3, 1, &wire.GetChildren{Path: "/a", Watch: true}), read(5, 2, get("/a")))
	r.ask(2, read(1, 0, seen("/a")))
	r.expect(1, `2@3 "" v0`, "3@3 []")
	r.expect(2, `1@3 "" v0`)
	// The writer's own event comes before its reply, another's before its read.
	r.commit(1, 4, set("/a", "x"))
	r.expect(1, "event 3 /a", "4@4 v1", `5@4 "x" v1`)
	r.ask(2, read(2, 0, get("/a")))
	r.expect(2, "event 3 /a", `2@4 "x" v1`)
	r.commit(2, 3, set("/a", "y")) // one-shot: nobody is told
	r.expect(1)
	r.expect(2, "3@5 v2")
	r.commit(2, 4, create("/a/b", ""))
	r.expect(1, "event 4 /a")
	r.expect(2, "4@6 /a/b")
}

func TestWatch_MultiTellsInOrderBeforeItsReply(t *testing.T) {
	r := newRig(t)
	r.connect(1, 0x10)
	r.ask(1, read(1, 0, &wire.AddWatch{Path: "/", Mode: wire.WatchPersistentRecursive}))
	r.expect(1, "1@1")
	r.commit(1, 2, &wire.Multi{Ops: []wire.Request{create("/a", ""), create("/a/b", ""), set("/a/b", "x"),
		&wire.Delete{Path: "/a/b", Version: -1}}})
	r.expect(1, "event 1 /a", "event 1 /a/b", "event 3 /a/b", "event 2 /a/b",
		"2@2 [create Ok] [create Ok] [setData Ok] [delete Ok]")
	r.commit(1, 3, &wire.Multi{Ops: []wire.Request{set("/a", "x"), set("/none", "")}})
	r.expect(1, "3@3 [error Ok] [error NoNode]")
}

func TestWatch_OfMissingNodes(t *testing.T) {
	r := newRig(t)
	r.connect(1, 0x10)
	r.ask(1, read(1, 0, seen("/a")), read(2, 0, &wire.GetChildren{Path: "/a", Watch: true}),
		read(3, 0, &wire.Exists{Path: "/a", Watch: true}), read(4, 0, &wire.Exists{Path: "/\x00", Watch: true}))
	r.expect(1, "1@1 NoNode", "2@1 NoNode", "3@1 NoNode", "4@1 BadArguments")
	if _, _, n := r.watches.Counts(); n != 1 {
		t.Errorf("%d watches are set", n)
	}
	r.commit(0, 0, create("/a", ""))
	r.expect(1, "event 1 /a")
	r.ask(1, read(5, 0, seen("/a")))
	r.commit(0, 0, &wire.Delete{Path: "/a", Version: -1})
	r.expect(1, `5@2 "" v0`, "event 2 /a")
}

func TestWatch_DeletedIsToldOnce(t *testing.T) {
	r := newRig(t)
	r.connect(1, 0x10)
	r.commit(0, 0, create("/a", ""))
	r.ask(1, read(1, 0, seen("/a")), read(2, 0, &wire.GetChildren{Path: "/a", Watch: true, WithStat: true}),
		read(3, 0, &wire.GetChildren{Path: "/", Watch: true}))
	r.commit(0, 0, &wire.Delete{Path: "/a", Version: -1})
	r.expect(1, `1@2 "" v0`, "2@2 [] 0", "3@2 [a zookeeper]", "event 2 /a", "event 4 /")
}

// TestWatch_WithheldFromThoseWhoMayNotRead: judged by the node's ACL, the
// parent's for its children, the last one for a node that is gone.
func TestWatch_WithheldFromThoseWhoMayNotRead(t *testing.T) {
	jo := wire.ID{Scheme: "digest", ID: "jo:1"}
	private := func(path string) *wire.Create {
		q := create(path, "")
		q.ACL = []wire.ACL{{Perms: wire.PermAll, ID: jo}}
		return q
	}
	r := newRig(t)
	r.connect(1, 0x10)
	r.connect(2, 0x20, jo)
	for id := Conn(1); id <= 2; id++ {
		r.ask(id, read(1, 0, &wire.AddWatch{Path: "/p", Mode: wire.WatchPersistent}),
			read(2, 0, &wire.AddWatch{Path: "/p", Mode: wire.WatchPersistentRecursive}),
			read(3, 0, &wire.AddWatch{Path: "/p", Mode: wire.WatchPersistent}), read(4, 0, &wire.AddWatch{Path: "/p/open", Mode: 0}))
		r.expect(id, "1@2", "2@2", "3@2", "4@2")
	}
	r.commit(2, 5, private("/p"))
	r.commit(2, 6, create("/p/open", ""))
	r.commit(2, 7, set("/p", "secret"))
	r.commit(2, 8, &wire.Delete{Path: "/p/open", Version: -1})
	r.commit(2, 9, &wire.Delete{Path: "/p", Version: -1})
	r.expect(2, "event 1 /p", "5@3 /p", "event 1 /p/open", "event 4 /p", "6@4 /p/open", "event 3 /p", "7@5 v1",
		"event 2 /p/open", "event 4 /p", "8@6", "event 2 /p", "9@7")
	r.expect(1, "event 1 /p/open", "event 2 /p/open") // those two may be read by anyone
	r.skipACL = true
	r.commit(2, 10, private("/p"))
	r.expect(1, "event 1 /p")
}

func TestSetWatches_CatchesUpBeforeItsReply(t *testing.T) {
	r := newRig(t)
	r.connect(1, 0x10)
	for _, q := range []wire.Request{create("/old", ""), create("/new", ""), create("/kids", ""), create("/calm", ""), // 2..5
		set("/new", "x"), create("/kids/k", "")} { // 6, 7
		r.commit(0, 0, q)
	}
	list := []string{"/old", "/new", "/kids", "/calm", "/none"}
	r.ask(1, read(-8, 0, &wire.SetWatches{Kind: wire.OpSetWatches2, Relative: 5, Data: list, Exist: list, Child: list,
		Persistent: []string{"/pers"}, Recursive: []string{"/rec"}}))
	r.expect(1, "event 3 /new", "event 2 /none",
		"event 1 /old", "event 1 /new", "event 1 /kids", "event 1 /calm",
		"event 4 /kids", "event 2 /none", "-8@7")
	r.commit(0, 0, set("/old", "now"))
	r.commit(0, 0, set("/new", "told already"))
	r.commit(0, 0, create("/none", ""))
	r.commit(0, 0, create("/pers", ""))
	r.commit(0, 0, create("/pers/x", ""))
	r.commit(0, 0, create("/rec", ""))
	r.commit(0, 0, create("/rec/x", ""))
	r.expect(1, "event 3 /old", "event 1 /none", "event 1 /pers", "event 4 /pers", "event 1 /rec", "event 1 /rec/x")
	r.commit(0, 0, create("/calm/x", ""))
	r.commit(0, 0, create("/kids/y", ""))
	r.expect(1, "event 4 /calm")
}

func TestRemoveWatches(t *testing.T) {
	r := newRig(t)
	r.connect(1, 0x10)
	r.commit(0, 0, create("/a", ""))
	watches := func(kind wire.OpCode, wt wire.WatcherType) *wire.Watches {
		return &wire.Watches{Kind: kind, Path: "/a", Type: wt}
	}
	check, remove := wire.OpCheckWatches, wire.OpRemoveWatches
	r.ask(1, read(1, 0, watches(check, wire.WatcherAny)), read(2, 0, seen("/a")),
		read(3, 0, watches(check, wire.WatcherChildren)), read(4, 0, watches(check, wire.WatcherData)),
		read(5, 0, watches(check, wire.WatcherAny)), read(6, 0, watches(remove, wire.WatcherChildren)),
		read(7, 0, watches(remove, wire.WatcherData)), read(8, 0, watches(remove, wire.WatcherData)),
		read(9, 0, watches(remove, 0)), read(10, 0, watches(check, 4)),
		read(11, 0, &wire.AddWatch{Path: "/a", Mode: 2}), read(12, 0, &wire.AddWatch{Path: "/a", Mode: -1}))
	r.expect(1, "1@2 No such watcher", `2@2 "" v0`, "3@2 No such watcher", "4@2", "5@2", "6@2 No such watcher",
		"7@2", "8@2 No such watcher", "9@2 MarshallingError", "10@2 MarshallingError", "11@2 MarshallingError", "12@2 MarshallingError")
	r.commit(0, 0, set("/a", "x"))
	r.expect(1)
}

func TestRead_Permissions(t *testing.T) {
	jo := wire.ID{Scheme: "digest", ID: "jo:1"}
	r := newRig(t)
	r.connect(1, 0x10)
	r.connect(2, 0x20, jo)
	q := create("/a", "x")
	q.ACL = []wire.ACL{{Perms: wire.PermAll, ID: jo}, {Perms: wire.PermWrite, ID: wire.ID{Scheme: "world", ID: "anyone"}}}
	r.commit(2, 1, q)
	q = create("/b", "x")
	q.ACL = []wire.ACL{{Perms: wire.PermAll, ID: jo}, {Perms: wire.PermRead, ID: wire.ID{Scheme: "world", ID: "anyone"}}}
	r.commit(2, 2, q)
	r.expect(2, "1@3 /a", "2@4 /b")
	reads := []Item{read(1, 0, get("/a")), read(2, 0, &wire.GetChildren{Path: "/a"}), read(3, 0, &wire.GetAllChildrenNumber{Path: "/a"}),
		read(4, 0, &wire.GetACL{Path: "/a"}), read(5, 0, &wire.Exists{Path: "/a"}), read(6, 0, &wire.GetACL{Path: "/b"}),
		read(7, 0, seen("/a"))}
	all := "[{31 {digest jo:1}} {2 {world anyone}}]"
	r.ask(1, reads...)
	r.expect(1, "1@4 NoAuth", "2@4 NoAuth", "3@4 NoAuth", "4@4 NoAuth", "5@4 v0", "6@4 [{31 {digest jo:x}} {1 {world anyone}}]", "7@4 NoAuth")
	if _, _, n := r.watches.Counts(); n != 0 {
		t.Error("a read that was refused has set its watch")
	}
	r.ask(2, reads[:6]...)
	r.expect(2, `1@4 "x" v0`, "2@4 []", "3@4 0", "4@4 "+all, "5@4 v0", "6@4 [{31 {digest jo:1}} {1 {world anyone}}]")
	r.skipACL = true
	r.ask(1, reads[0], reads[3])
	r.expect(1, `1@4 "x" v0`, "4@4 "+all)
}

// TestRead_JudgedAsOfItsTime: an identity added later does not help a read that
// was sent before it.
func TestRead_JudgedAsOfItsTime(t *testing.T) {
	jo := wire.ID{Scheme: "digest", ID: "jo:1"}
	r := newRig(t)
	r.connect(1, 0x10)
	q := create("/a", "x")
	q.ACL = []wire.ACL{{Perms: wire.PermAll, ID: jo}}
	r.onRequests(&Requests{Conn: 1, Auth: local, Items: []Item{read(2, 1, get("/a"))}})
	r.conns[1].auth = append([]wire.ID{jo}, local...)
	r.onRequests(&Requests{Conn: 1, Auth: r.conns[1].auth, Items: []Item{read(3, 1, get("/a"))}})
	r.commit(1, 1, q)
	r.expect(1, "1@2 /a", "2@2 NoAuth", `3@2 "x" v0`)
}

func TestRead_Others(t *testing.T) {
	r := newRig(t)
	r.connect(1, 0x10, wire.ID{Scheme: "super"}, wire.ID{Scheme: "digest", ID: "jo:hash"})
	r.connect(2, 0x20)
	r.commit(1, 1, ephemeral("/m1"))
	r.commit(1, 2, ephemeral("/m10"))
	r.commit(1, 3, create("/p", ""))
	r.commit(2, 1, ephemeral("/other"))
	r.expect(1, "1@3 /m1", "2@4 /m10", "3@5 /p")
	r.ask(1, read(4, 0, &wire.GetEphemerals{Prefix: ""}), read(5, 0, &wire.GetEphemerals{Prefix: " / "}),
		read(6, 0, &wire.GetEphemerals{Prefix: "/m10"}), read(7, 0, &wire.GetEphemerals{Prefix: "/m1"}), read(8, 0, &wire.GetEphemerals{Prefix: "/other"}),
		read(9, 0, &wire.WhoAmI{}), read(10, 0, &wire.GetAllChildrenNumber{Path: "/"}), read(11, 0, &wire.GetAllChildrenNumber{Path: "/p"}),
		read(12, 0, &wire.GetAllChildrenNumber{Path: "/none"}), read(13, 0, get("")), read(14, 0, get("relative")))
	r.expect(1, "4@6 [/m1 /m10]", "5@6 [/m1 /m10]", "6@6 [/m10]", "7@6 [/m1 /m10]", "8@6 []",
		"9@6 [{ip 127.0.0.1} {super } {digest jo}]", "10@6 7", "11@6 0", "12@6 NoNode", `13@6 "" v0`, "14@6 NoNode")
}

func TestMultiRead_EachOnItsOwn(t *testing.T) {
	r := newRig(t)
	r.connect(1, 0x10)
	r.commit(0, 0, create("/a", "x"))
	r.ask(1, read(1, 0, &wire.MultiRead{Ops: []wire.Request{get("/none"), seen("/a"), &wire.GetChildren{Path: "/", Watch: true}}}),
		read(2, 0, &wire.MultiRead{}))
	r.expect(1, "1@2 [getData NoNode] [getData Ok] [getChildren Ok]", "2@2")
	r.ask(1, read(3, 0, &wire.MultiRead{Ops: []wire.Request{get("/a"), create("/b", "")}}))
	r.collect()
	if got := strings.Join(r.sent[1], "; "); !strings.HasPrefix(got, "3@2 MarshallingError") {
		t.Error(got)
	}
	if _, _, n := r.watches.Counts(); n != 0 {
		t.Error("a multiRead sets watches")
	}
}

func TestSweep_WhatIsDue(t *testing.T) {
	for name, c := range map[string]struct {
		z        wire.Znode
		children int
		m        Sweep
		want     bool
	}{
		"a container that was emptied":         {wire.Znode{Kind: wire.Container, Creates: 1}, 0, Sweep{Now: 1}, true},
		"one with a child":                     {wire.Znode{Kind: wire.Container, Creates: 2}, 1, Sweep{Now: 1}, false},
		"one never used":                       {wire.Znode{Kind: wire.Container}, 0, Sweep{Now: 1 << 40}, false},
		"one never used for too long":          {wire.Znode{Kind: wire.Container, Ctime: 100}, 0, Sweep{Now: 201, NeverUsed: 100}, true},
		"one never used for as long as it may": {wire.Znode{Kind: wire.Container, Ctime: 100}, 0, Sweep{Now: 200, NeverUsed: 100}, false},
		"a TTL node that is over":              {wire.Znode{Kind: wire.TTL, Mtime: 100, Owner: 50}, 0, Sweep{Now: 151}, true},
		"one that is not":                      {wire.Znode{Kind: wire.TTL, Mtime: 100, Owner: 50}, 0, Sweep{Now: 150}, false},
		"one written since":                    {wire.Znode{Kind: wire.TTL, Ctime: 1, Mtime: 140, Owner: 50}, 0, Sweep{Now: 151}, false},
		"one with a child, over":               {wire.Znode{Kind: wire.TTL, Mtime: 100, Owner: 50, Creates: 1}, 1, Sweep{Now: 999}, false},
	} {
		if got := due(&c.z, c.children, &c.m); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestSweep_ListsNoMoreThanAsked(t *testing.T) {
	r := newRig(t)
	r.connect(1, 0x10)
	for _, path := range []string{"/a", "/b", "/c", "/d"} {
		r.commit(1, 0, &wire.Create{Kind: wire.OpCreateTTL, Path: path, ACL: wire.OpenACL, Mode: wire.ModeTTL, TTL: 1})
	}
	if got := r.onSweep(&Sweep{Now: 100, Max: 3}); len(got.Nodes) != 3 {
		t.Errorf("%+v", got)
	}
	got := r.onSweep(&Sweep{Now: 100, Max: 100})
	z, _ := r.tree.Lookup(got.Nodes[0].Path)
	if len(got.Nodes) != 4 || got.Nodes[0].Czxid != z.Czxid || got.Nodes[0].Mtime != z.Mtime {
		t.Errorf("%+v", got)
	}
	if got := r.onSweep(&Sweep{Now: 0, Max: 100}); len(got.Nodes) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestDescribe(t *testing.T) {
	r := newRig(t)
	r.connect(1, 0x10)
	r.connect(2, 0x20)
	r.commit(1, 1, ephemeral("/e"))
	r.ask(1, read(2, 0, seen("/e")), read(3, 0, &wire.GetChildren{Path: "/", Watch: true}))
	r.ask(2, read(2, 0, seen("/e")), read(3, 0, &wire.Exists{Path: "/none", Watch: true}))
	d := r.describe(&Describe{Lists: true})
	if d.Nodes != 5 || d.Ephemerals != 1 || d.Sessions != 2 || d.Watchers != 2 || d.WatchedPaths != 2 || d.Watches != 3 ||
		d.Applied != 3 || d.Digest != r.tree.Digest() || d.SessionTimeouts[0x20] != 4000 ||
		len(d.SessionEphemerals) != 1 || d.SessionEphemerals[0x10][0] != "/e" ||
		len(d.WatchesByPath["/e"]) != 2 || len(d.WatchesBySession[0x20]) != 2 {
		t.Errorf("%+v", d)
	}
	if d := r.describe(&Describe{}); d.WatchesByPath != nil || d.SessionTimeouts != nil || d.Nodes != 5 {
		t.Errorf("%+v", d)
	}
}

// TestRead_TheListOfServersIsInEveryStat of /zookeeper/config, until somebody writes it.
func TestRead_TheListOfServersIsInEveryStat(t *testing.T) {
	r := newRig(t)
	r.config = "server.1=a:1:2\nversion=0"
	r.connect(1, 1, wire.ID{Scheme: "super"})
	stats := func() (all []wire.Stat) {
		for _, q := range []wire.Request{&wire.Exists{Path: znode.ConfigPath}, &wire.GetData{Path: znode.ConfigPath},
			&wire.GetChildren{Path: znode.ConfigPath, WithStat: true}, &wire.GetACL{Path: znode.ConfigPath}} {
			body, code := r.answer(r.conns[1], q, r.conns[1].auth)
			if code != wire.OK {
				t.Fatalf("%v: %v", q.Op(), code)
			}
			switch b := body.(type) {
			case *wire.StatReply:
				all = append(all, b.Stat)
			case *wire.DataReply:
				all = append(all, b.Stat)
			case *wire.NamesStatReply:
				all = append(all, b.Stat)
			case *wire.ACLReply:
				all = append(all, b.Stat)
			}
		}
		return all
	}
	for i, s := range stats() {
		if s.Version != -1 || int(s.DataLength) != len(r.config) {
			t.Errorf("read %d: %+v", i, s)
		}
	}
	r.commit(1, 1, &wire.SetData{Path: znode.ConfigPath, Data: []byte("own"), Version: -1})
	for i, s := range stats() {
		if s.Version != 1 || s.DataLength != 3 {
			t.Errorf("read %d after a write: %+v", i, s)
		}
	}
}
