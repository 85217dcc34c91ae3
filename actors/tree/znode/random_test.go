package znode

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand"
	"reflect"
	"slices"
	"strings"
	"testing"

	"troupe/wire"
)

var (
	seeds   = flag.Int("seeds", 12, "seeds of the random tests")
	records = flag.Int("records", 400, "records of each random test")
)

// workload makes records at random over a few paths, so that most hit something.
type workload struct {
	*rand.Rand
	zxid wire.Zxid
}

func (g *workload) path() string {
	names := []string{"a", "b", "c"}
	p := ""
	for n := 1 + g.Intn(3); n > 0; n-- {
		p += "/" + names[g.Intn(len(names))]
	}
	switch g.Intn(12) {
	case 0:
		return quotaPath + p
	case 1:
		return quotaPath + p + limitsName
	case 2:
		return quotaPath + p + statsName
	case 3:
		return "/zookeeper/quota/zookeeper" + []string{"", limitsName, statsName}[g.Intn(3)]
	case 4:
		return []string{"/", "/zookeeper", "", "x", "/a/", "/zookeeper/config"}[g.Intn(6)]
	}
	return p
}

func (g *workload) data() []byte {
	switch g.Intn(6) {
	case 0:
		return nil
	case 1:
		return []byte(fmt.Sprintf("count=%d,bytes=%d=;byteHardLimit=%d;countHardLimit=%d", g.Intn(9), g.Intn(99), g.Intn(200), g.Intn(9)))
	}
	return []byte(strings.Repeat("d", g.Intn(20)))
}

func (g *workload) acl() []wire.ACL {
	switch g.Intn(10) {
	case 0:
		return []wire.ACL{{Perms: wire.Perm(g.Intn(32)), ID: wire.ID{Scheme: "world", ID: "anyone"}}, digest(31, "jo:1")}
	case 1:
		return []wire.ACL{{Perms: 31, ID: wire.ID{Scheme: "auth"}}}
	}
	return wire.OpenACL
}

func (g *workload) version() int32 {
	if g.Intn(4) == 0 {
		return int32(g.Intn(3))
	}
	return -1
}

// member is an operation as a multi may have it.
func (g *workload) member() wire.Request {
	switch g.Intn(8) {
	case 0, 1, 2:
		kinds := []wire.OpCode{wire.OpCreate, wire.OpCreate, wire.OpCreate2, wire.OpCreateContainer, wire.OpCreateTTL}
		q := &wire.Create{Kind: kinds[g.Intn(len(kinds))], Path: g.path(), Data: g.data(), ACL: g.acl(), Mode: wire.CreateMode(g.Intn(5))}
		if q.Kind == wire.OpCreateTTL {
			q.Mode, q.TTL = wire.ModeTTL+wire.CreateMode(g.Intn(2)), int64(g.Intn(100))
		}
		return q
	case 3, 4:
		return &wire.Delete{Path: g.path(), Version: g.version()}
	case 5:
		return &wire.Check{Path: g.path(), Version: g.version()}
	}
	return &wire.SetData{Path: g.path(), Data: g.data(), Version: g.version()}
}

func (g *workload) request(t *Tree, r *wire.Record) wire.Request {
	switch g.Intn(30) {
	case 0:
		return &wire.SetACL{Path: g.path(), ACL: g.acl(), Version: g.version()}
	case 1, 2, 3:
		m := &wire.Multi{}
		for n := g.Intn(6); n > 0; n-- {
			m.Ops = append(m.Ops, g.member())
		}
		return m
	case 4, 7, 8, 9:
		return &wire.CreateSession{Timeout: int32(g.Intn(9000)), Password: g.data()}
	case 5:
		return &wire.CloseSession{}
	case 6:
		q := &wire.DeleteContainer{Path: g.path()}
		if z, _ := t.Lookup(q.Path); z != nil {
			q.Czxid, q.Mtime = z.Czxid, z.Mtime
		}
		r.Session = 0
		return q
	}
	return g.member()
}

// next makes the next record for a tree. Zxids leave gaps, as epochs do.
func (g *workload) next(t *Tree) *wire.Record {
	g.zxid += wire.Zxid(1 + g.Intn(2)*g.Intn(5))
	r := &wire.Record{Zxid: g.zxid, Eval: wire.EvalVersion, Time: 1700000000000 + int64(g.Intn(1000)),
		Session: wire.SessionID(1 + g.Intn(4)), Flags: wire.RecordFlags(g.Intn(8)) | wire.FlagExtendedTypes,
		Auth: []wire.ID{{Scheme: "ip", ID: "127.0.0.1"}}}
	if g.Intn(2) == 0 {
		r.Auth = append(r.Auth, wire.ID{Scheme: "digest", ID: "jo:1"})
	}
	q := g.request(t, r)
	r.Op = q.Op()
	var e wire.Encoder
	e.EncodeRequest(q)
	r.Body = e.Bytes()
	if g.Intn(30) == 0 && len(r.Body) > 0 {
		r.Body = r.Body[:g.Intn(len(r.Body))]
	}
	return r
}

func apply(t *Tree, r *wire.Record) ([]Event, Outcome) {
	txn, out := Evaluate(t, r)
	return t.Perform(r, &txn, nil), out
}

// copyOf is a record as another server reads it from its log: nothing shared.
func copyOf(t testing.TB, r *wire.Record) *wire.Record {
	again, err := wire.UnpackRecord(wire.NewPacker().Record(nil, r))
	if err != nil {
		t.Fatal(err)
	}
	return again
}

// TestRandom_SameRecordsSameTrees: two trees that are given the same records are
// equal after each, and so is what clients are told.
func TestRandom_SameRecordsSameTrees(t *testing.T) {
	succeeded, kinds := 0, map[wire.OpCode]bool{}
	for seed := range *seeds {
		g := &workload{Rand: rand.New(rand.NewSource(int64(seed)))}
		a, b := New(), New()
		for range *records {
			r := g.next(a)
			again := copyOf(t, r)
			events, out := apply(a, r)
			events2, out2 := apply(b, again)
			if out.Panic != nil {
				t.Fatalf("seed %d, %v %v: %v", seed, r.Zxid, r.Op, out.Panic)
			}
			if a.Digest() != b.Digest() || !reflect.DeepEqual(out, out2) || eventNames(events) != eventNames(events2) {
				t.Fatalf("seed %d, %v %v: %x, %+v, %v and %x, %+v, %v", seed, r.Zxid, r.Op, a.Digest(), out, eventNames(events),
					b.Digest(), out2, eventNames(events2))
			}
			if checkTree(t, a); t.Failed() {
				t.Fatalf("seed %d, %v %v", seed, r.Zxid, r.Op)
			}
			if !failed(out) {
				succeeded++
				kinds[r.Op] = true
			}
		}
		if !sameFlat(flatten(a), flatten(b)) {
			t.Fatalf("seed %d: equal digests of different trees", seed)
		}
	}
	if succeeded < *seeds**records/5 || len(kinds) < 12 {
		t.Errorf("%d records succeeded, of %d kinds: the workload is too tame", succeeded, len(kinds))
	}
}

// TestRandom_DigestTellsTreesApart: any one field of a node or session, changed,
// changes the digest.
func TestRandom_DigestTellsTreesApart(t *testing.T) {
	acl, other := wire.OpenACL, wire.ReadACL
	base := wire.Znode{Data: []byte("x"), ACL: &acl}
	seen := map[uint64]string{nodeDigest("/a", &base): "base"}
	changes := map[string]func(*wire.Znode){
		"data": func(z *wire.Znode) { z.Data = []byte("y") }, "empty": func(z *wire.Znode) { z.Data = []byte{} },
		"null": func(z *wire.Znode) { z.Data = nil }, "ACL": func(z *wire.Znode) { z.ACL = &other },
		"czxid": func(z *wire.Znode) { z.Czxid++ }, "mzxid": func(z *wire.Znode) { z.Mzxid++ },
		"pzxid": func(z *wire.Znode) { z.Pzxid++ }, "ctime": func(z *wire.Znode) { z.Ctime++ },
		"mtime": func(z *wire.Znode) { z.Mtime++ }, "version": func(z *wire.Znode) { z.Version++ },
		"aversion": func(z *wire.Znode) { z.Aversion++ }, "creates": func(z *wire.Znode) { z.Creates++ },
		"kind": func(z *wire.Znode) { z.Kind++ }, "owner": func(z *wire.Znode) { z.Owner++ },
	}
	if fields := reflect.TypeFor[wire.Znode]().NumField(); fields != len(changes)-2 {
		t.Errorf("a znode has %d fields, this test changes %d", fields, len(changes)-2)
	}
	note := func(name string, d uint64) {
		if other, taken := seen[d]; taken {
			t.Errorf("%s and %s have the same digest", name, other)
		}
		seen[d] = name
	}
	for name, change := range changes {
		z := base
		change(&z)
		note(name, nodeDigest("/a", &z))
	}
	note("path", nodeDigest("/b", &base))
	for name, s := range map[string]wire.Session{"session": {Timeout: 1, Password: []byte("p")}, "timeout": {Timeout: 2, Password: []byte("p")},
		"password": {Timeout: 1, Password: []byte("q")}} {
		note(name, sessionDigest(1, &s))
	}
	note("session id", sessionDigest(2, &wire.Session{Timeout: 1, Password: []byte("p")}))
}

// image is what checkpoints have brought together on disk.
type image struct {
	zxid     wire.Zxid
	digest   uint64
	nodes    map[string][]byte
	sessions map[wire.SessionID][]byte
}

func newImage() *image {
	return &image{nodes: map[string][]byte{}, sessions: map[wire.SessionID][]byte{}}
}

func (m *image) add(s *Snapshot) {
	p := wire.NewPacker()
	m.zxid, m.digest = s.Zxid, s.Digest
	for path, z := range s.Nodes {
		if delete(m.nodes, path); z != nil {
			m.nodes[path] = p.Znode(nil, z)
		}
	}
	for id, ses := range s.Sessions {
		if delete(m.sessions, id); ses != nil {
			m.sessions[id] = p.Session(nil, ses)
		}
	}
}

// load rebuilds a tree as recovery does: nodes by path in byte order.
func (m *image) load(t testing.TB) *Tree {
	t.Helper()
	l := NewLoader()
	paths := make([]string, 0, len(m.nodes))
	for p := range m.nodes {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	for _, p := range paths {
		z, err := wire.UnpackZnode(m.nodes[p])
		if err != nil || !l.Node(p, z) {
			t.Fatalf("%s: %v, or its parent is missing", p, err)
		}
	}
	for id, b := range m.sessions {
		s, err := wire.UnpackSession(b)
		if err != nil {
			t.Fatal(err)
		}
		l.Session(id, *s)
	}
	return l.Tree(m.zxid)
}

// TestRandom_SnapshotsAreExact: records are applied between the slices of
// snapshots, and each snapshot shows the tree as it was when it was begun.
func TestRandom_SnapshotsAreExact(t *testing.T) {
	for seed := range *seeds {
		g := &workload{Rand: rand.New(rand.NewSource(int64(1000 + seed)))}
		tree, disk := New(), newImage()
		var begun *flat
		taken := 0
		for range *records {
			switch {
			case begun == nil && g.Intn(20) == 0:
				f := flatten(tree)
				begun = &f
				tree.BeginSnapshot()
			case begun != nil && g.Intn(3) == 0:
				if s := tree.SnapshotSlice(1 + g.Intn(4)); s != nil {
					disk.add(s)
					checkImage(t, seed, disk, begun)
					begun = nil
					taken++
				}
			}
			if _, out := apply(tree, g.next(tree)); out.Panic != nil {
				t.Fatalf("seed %d: %v", seed, out.Panic)
			}
			if checkTree(t, tree); t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
		if taken < 2 {
			t.Errorf("seed %d: %d snapshots", seed, taken)
		}
	}
}

func checkImage(t *testing.T, seed int, disk *image, begun *flat) {
	t.Helper()
	if disk.zxid != begun.applied || disk.digest != begun.digest {
		t.Fatalf("seed %d: the snapshot is of %v, %x; it was begun at %v, %x", seed, disk.zxid, disk.digest, begun.applied, begun.digest)
	}
	loaded := disk.load(t)
	checkTree(t, loaded)
	if got := flatten(loaded); !sameFlat(got, *begun) {
		t.Fatalf("seed %d: loaded\n%+v\nit was\n%+v", seed, got, *begun)
	}
}

// TestLoader_GoesOnAsTheOriginalWouldHave: a loaded tree takes the records that
// follow as the tree it came from does, and what is dirty begins anew.
func TestLoader_GoesOnAsTheOriginalWouldHave(t *testing.T) {
	for seed := range *seeds {
		g := &workload{Rand: rand.New(rand.NewSource(int64(2000 + seed)))}
		tree, disk := New(), newImage()
		for range *records / 2 {
			apply(tree, g.next(tree))
		}
		tree.BeginSnapshot()
		disk.add(tree.SnapshotSlice(1 << 30))
		loaded := disk.load(t)
		if loaded.Dirty() != 0 || tree.Dirty() != 0 {
			t.Fatalf("seed %d: dirty %d and %d", seed, loaded.Dirty(), tree.Dirty())
		}
		for range *records / 2 {
			r := g.next(tree)
			_, out := apply(tree, r)
			_, out2 := apply(loaded, copyOf(t, r))
			if tree.Digest() != loaded.Digest() || !reflect.DeepEqual(out, out2) {
				t.Fatalf("seed %d, %v %v: %+v and %+v", seed, r.Zxid, r.Op, out, out2)
			}
		}
		// A checkpoint of the loaded tree brings the image up to date.
		loaded.BeginSnapshot()
		disk.add(loaded.SnapshotSlice(1 << 30))
		f := flatten(tree)
		checkImage(t, seed, disk, &f)
	}
}

func TestLoader_WithoutAParent(t *testing.T) {
	acl := wire.OpenACL
	if NewLoader().Node("/none/x", &wire.Znode{ACL: &acl}) {
		t.Error("a node without a parent is taken")
	}
}

func TestSnapshot_OnlyOneAtATime(t *testing.T) {
	tree := New()
	tree.BeginSnapshot()
	defer func() {
		if recover() == nil {
			t.Error("a second snapshot begins beside the first")
		}
	}()
	tree.BeginSnapshot()
}

// TestSnapshot_ValuesDoNotChange while the tree goes on.
func TestSnapshot_ValuesDoNotChange(t *testing.T) {
	w := newWorld(t)
	w.ok(createData("/a", "old"), create("/b"))
	w.tree.BeginSnapshot()
	s := w.tree.SnapshotSlice(100)
	before := wire.NewPacker().Znode(nil, s.Nodes["/a"])
	w.ok(set("/a", "new"), create("/a/x"), setACL("/a", anyone(1)), del("/b"))
	if after := wire.NewPacker().Znode(nil, s.Nodes["/a"]); !bytes.Equal(before, after) {
		t.Errorf("%x became %x", before, after)
	}
	if s.Nodes["/b"] == nil || s.Sessions[testSession] == nil || w.tree.Dirty() == 0 {
		t.Errorf("%+v", s)
	}
}

func TestReapable(t *testing.T) {
	w := newWorld(t)
	w.ok(createKind(wire.OpCreateContainer, "/c"), createTTL("/t", wire.ModeTTL, 9), create("/plain"), create("/c/x"))
	got := map[string]int{}
	w.tree.Reapable(func(path string, z *wire.Znode, children int) bool { got[path] = children; return true })
	if len(got) != 2 || got["/c"] != 1 || got["/t"] != 0 {
		t.Errorf("%v", got)
	}
	n := 0
	w.tree.Reapable(func(string, *wire.Znode, int) bool { n++; return false })
	if n != 1 {
		t.Errorf("%d after it was told to stop", n)
	}
}
