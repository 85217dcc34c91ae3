package znode

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"troupe/wire"
)

// world is a tree and what the next record carries besides its request.
type world struct {
	testing.TB
	tree    *Tree
	zxid    wire.Zxid
	time    int64
	session wire.SessionID
	auth    []wire.ID
	flags   wire.RecordFlags
	events  []Event // of the last record
}

const testSession wire.SessionID = 0x77

// newWorld has a session, and everything switched on but skipACL.
func newWorld(t testing.TB) *world {
	w := &world{TB: t, tree: New(), time: 1700000000000, session: testSession,
		auth:  []wire.ID{{Scheme: "ip", ID: "127.0.0.1"}},
		flags: wire.FlagExtendedTypes | wire.FlagEnforceQuota}
	w.open(testSession)
	return w
}

func (w *world) open(id wire.SessionID) {
	w.Helper()
	defer func(was wire.SessionID) { w.session = was }(w.session)
	w.session = id
	w.do(&wire.CreateSession{Timeout: 4000, Password: []byte("0123456789abcdef")})
}

// record is the next one: with a zxid and a time of its own.
func (w *world) record(q wire.Request) *wire.Record {
	w.zxid++
	w.time++
	return &wire.Record{Zxid: w.zxid, Eval: wire.EvalVersion, Op: q.Op(), Time: w.time, Session: w.session,
		Auth: w.auth, Flags: w.flags, Request: q}
}

// do applies a request, and checks that Evaluate changes nothing, that failure
// changes nothing, and that the tree's figures hold.
func (w *world) do(q wire.Request) Outcome {
	w.Helper()
	r := w.record(q)
	before := flatten(w.tree)
	txn, out := Evaluate(w.tree, r)
	if after := flatten(w.tree); !reflect.DeepEqual(before, after) {
		w.Fatalf("Evaluate of %v changes the tree", q.Op())
	}
	if out.Panic != nil {
		w.Fatalf("Evaluate of %v %+v panics: %v", q.Op(), q, out.Panic)
	}
	w.events = w.tree.Perform(r, &txn, nil)
	if failed(out) {
		before.applied = w.zxid
		if after := flatten(w.tree); !reflect.DeepEqual(before, after) || len(w.events) > 0 {
			w.Fatalf("%v %+v fails with %v and yet changes something: %+v", q.Op(), q, out.Err, w.events)
		}
	}
	checkTree(w, w.tree)
	return out
}

// failed tells whether a client is told that nothing was done.
func failed(out Outcome) bool {
	if out.Err != wire.OK {
		return true
	}
	m, ok := out.Body.(*wire.MultiReply)
	return ok && slices.ContainsFunc(m.Results, func(r wire.Result) bool { return r.Op == wire.OpError })
}

// ok applies requests that must succeed and returns the last one's body.
func (w *world) ok(requests ...wire.Request) (body wire.Body) {
	w.Helper()
	for _, q := range requests {
		out := w.do(q)
		if failed(out) {
			w.Fatalf("%v %+v: %v, %+v", q.Op(), q, out.Err, out.Body)
		}
		body = out.Body
	}
	return body
}

func (w *world) fails(want wire.ErrorCode, q wire.Request) {
	w.Helper()
	if out := w.do(q); out.Err != want {
		w.Errorf("%v %+v: %v, want %v", q.Op(), q, out.Err, want)
	}
}

func (w *world) stat(path string) wire.Stat {
	w.Helper()
	z, children := w.tree.Lookup(path)
	if z == nil {
		w.Fatalf("%s is not there", path)
	}
	return z.Stat(children)
}

func (w *world) data(path string) string {
	w.Helper()
	z, _ := w.tree.Lookup(path)
	if z == nil {
		w.Fatalf("%s is not there", path)
	}
	return string(z.Data)
}

func (w *world) gone(path string) {
	w.Helper()
	if z, _ := w.tree.Lookup(path); z != nil {
		w.Errorf("%s is there", path)
	}
}

// as does something with another identity.
func (w *world) as(id wire.ID, do func()) {
	defer func(was []wire.ID) { w.auth = was }(w.auth)
	w.auth = []wire.ID{{Scheme: "ip", ID: "127.0.0.1"}, id}
	do()
}

// Requests, in short.
func create(path string) *wire.Create {
	return &wire.Create{Kind: wire.OpCreate, Path: path, Data: []byte{}, ACL: wire.OpenACL}
}

func createMode(path string, mode wire.CreateMode) *wire.Create {
	q := create(path)
	q.Mode = mode
	return q
}

func createACL(path string, acl ...wire.ACL) *wire.Create {
	q := create(path)
	q.ACL = acl
	return q
}

func createData(path, data string) *wire.Create {
	q := create(path)
	q.Data = []byte(data)
	return q
}

func createKind(kind wire.OpCode, path string) *wire.Create {
	q := create(path)
	q.Kind = kind
	return q
}

func createTTL(path string, mode wire.CreateMode, ttl int64) *wire.Create {
	return &wire.Create{Kind: wire.OpCreateTTL, Path: path, ACL: wire.OpenACL, Mode: mode, TTL: ttl}
}

func set(path, data string) *wire.SetData {
	return &wire.SetData{Path: path, Data: []byte(data), Version: -1}
}

func del(path string) *wire.Delete { return &wire.Delete{Path: path, Version: -1} }

func multi(ops ...wire.Request) *wire.Multi { return &wire.Multi{Ops: ops} }

func setACL(path string, acl ...wire.ACL) *wire.SetACL {
	return &wire.SetACL{Path: path, ACL: acl, Version: -1}
}

func anyone(perms wire.Perm) wire.ACL {
	return wire.ACL{Perms: perms, ID: wire.ID{Scheme: "world", ID: "anyone"}}
}

func digest(perms wire.Perm, id string) wire.ACL {
	return wire.ACL{Perms: perms, ID: wire.ID{Scheme: "digest", ID: id}}
}

// flat is everything a tree is, as plain values.
type flat struct {
	applied    wire.Zxid
	digest     uint64
	counts     Counts
	limits     int
	reapable   map[string]struct{}
	nodes      map[string]wire.Znode
	acls       map[string][]wire.ACL
	children   map[string][]string
	sessions   map[wire.SessionID]wire.Session
	ephemerals map[wire.SessionID][]string
}

func flatten(t *Tree) flat {
	f := flat{applied: t.applied, digest: t.digest, counts: t.Counts(), limits: t.limits, reapable: maps.Clone(t.reapable),
		nodes: map[string]wire.Znode{}, acls: map[string][]wire.ACL{}, children: map[string][]string{},
		sessions: map[wire.SessionID]wire.Session{}, ephemerals: map[wire.SessionID][]string{}}
	var walk func(path string, n *node)
	walk = func(path string, n *node) {
		z := *n.z
		z.ACL = nil
		f.nodes[path], f.acls[path] = z, slices.Clone(*n.z.ACL)
		f.children[path] = slices.Sorted(maps.Keys(n.children))
		for name, c := range n.children {
			if path == "/" {
				walk("/"+name, c)
			} else {
				walk(path+"/"+name, c)
			}
		}
	}
	walk("/", t.root)
	t.Sessions(func(id wire.SessionID, s wire.Session, n int) {
		f.sessions[id], f.ephemerals[id] = s, t.Ephemerals(id)
	})
	return f
}

// checkTree compares what a tree keeps count of with a count from scratch.
func checkTree(t testing.TB, tree *Tree) {
	t.Helper()
	f := flatten(tree)
	want := flat{counts: Counts{Sessions: len(f.sessions)}, reapable: map[string]struct{}{}}
	mine := map[wire.SessionID][]string{}
	for id := range f.sessions {
		mine[id] = nil
	}
	for path := range f.nodes {
		z, children := tree.Lookup(path)
		_, name := wire.SplitPath(path)
		want.digest += nodeDigest(path, z)
		want.counts.Nodes++
		want.counts.Bytes += int64(len(name) + len(z.Data))
		switch z.Kind {
		case wire.Ephemeral:
			want.counts.Ephemerals++
			mine[wire.SessionID(z.Owner)] = append(mine[wire.SessionID(z.Owner)], path)
			if children > 0 {
				t.Errorf("the ephemeral %s has children", path)
			}
		case wire.Container, wire.TTL:
			want.reapable[path] = struct{}{}
		}
		if isLimits(path) {
			want.limits++
		}
	}
	for id, s := range f.sessions {
		want.digest += sessionDigest(id, &s)
	}
	for id := range mine {
		slices.Sort(mine[id])
		if !slices.Equal(mine[id], f.ephemerals[id]) {
			t.Errorf("session %v has the ephemerals %v and is said to have %v", id, mine[id], f.ephemerals[id])
		}
	}
	if want.digest != f.digest || want.counts != f.counts || want.limits != f.limits || !maps.Equal(want.reapable, f.reapable) {
		t.Fatalf("digest %x, %+v, %d limits, reapable %v; from scratch %x, %+v, %d, %v", f.digest, f.counts, f.limits,
			f.reapable, want.digest, want.counts, want.limits, want.reapable)
	}
}

func sameFlat(a, b flat) bool { return reflect.DeepEqual(a, b) }
