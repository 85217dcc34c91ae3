package stock_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
)

// wantErr demands an error of an operation.
func wantErr(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestGoZk_Data(t *testing.T) { everywhere(t, goZkData) }

func goZkData(t *testing.T, f form) {
	z := connect(t, shared(t, f).here)
	before := time.Now().UnixMilli()
	z.mustCreate("/gozk-data", "one")
	data, born := z.mustGet("/gozk-data")
	want := zk.Stat{
		Czxid: born.Czxid, Mzxid: born.Czxid, Pzxid: born.Czxid, Ctime: born.Ctime, Mtime: born.Ctime, DataLength: 3,
	}
	if data != "one" || born != want || born.Czxid <= 0 || born.Ctime < before || born.Ctime > time.Now().UnixMilli() {
		t.Fatalf("after create: %q %+v", data, born)
	}

	set := z.mustSet("/gozk-data", "three")
	want.Mzxid, want.Mtime, want.Version, want.DataLength = set.Mzxid, set.Mtime, 1, 5
	if set != want || set.Mzxid <= born.Czxid || set.Mtime < born.Ctime {
		t.Fatalf("after set: %+v, want %+v", set, want)
	}

	z.mustCreate("/gozk-data/b", "")
	z.mustCreate("/gozk-data/a", "")
	z.mustDelete("/gozk-data/b")
	children, parent, err := z.Children("/gozk-data")
	want.Cversion, want.NumChildren, want.Pzxid = 3, 1, parent.Pzxid
	if err != nil || !slices.Equal(children, []string{"a"}) || *parent != want || parent.Pzxid <= set.Mzxid {
		t.Fatalf("children %q %+v %v, want %+v", children, parent, err, want)
	}

	_, err = z.Create("/gozk-data", nil, 0, worldACL)
	wantErr(t, "create of what exists", err, zk.ErrNodeExists)
	_, err = z.Create("/gozk-nothing/x", nil, 0, worldACL)
	wantErr(t, "create below nothing", err, zk.ErrNoNode)
	_, err = z.Set("/gozk-data", nil, 0)
	wantErr(t, "set of an old version", err, zk.ErrBadVersion)
	_, err = z.Set("/gozk-nothing", nil, -1)
	wantErr(t, "set of nothing", err, zk.ErrNoNode)
	wantErr(t, "delete of a parent", z.Delete("/gozk-data", -1), zk.ErrNotEmpty)
	wantErr(t, "delete of an old version", z.Delete("/gozk-data/a", 1), zk.ErrBadVersion)
	wantErr(t, "delete of nothing", z.Delete("/gozk-nothing", -1), zk.ErrNoNode)
	_, _, err = z.Get("/gozk-nothing")
	wantErr(t, "get of nothing", err, zk.ErrNoNode)
	_, _, err = z.Children("/gozk-nothing")
	wantErr(t, "children of nothing", err, zk.ErrNoNode)
	if path, err := z.Sync("/gozk-data"); err != nil || path != "/gozk-data" {
		t.Errorf("sync: %q, %v", path, err)
	}
	if data, stat := z.mustGet("/gozk-data"); data != "three" || stat != want {
		t.Errorf("after all that was refused: %q %+v, want %+v", data, stat, want)
	}
	_, err = z.IncrementalReconfig([]string{"server.5=127.0.0.1:1:2;3"}, nil, -1)
	wantErr(t, "reconfig", err, zk.ErrReconfigDisabled)
}

func TestGoZk_Kinds(t *testing.T) { everywhere(t, goZkKinds) }

func goZkKinds(t *testing.T, f form) {
	at := shared(t, f)
	z, other := connect(t, at.here), connect(t, at.there)
	z.mustCreate("/gozk-kinds", "")
	for i, want := range []string{"s-0000000000", "s-0000000001", "e-0000000002"} {
		flags, prefix := int32(zk.FlagSequence), "/gozk-kinds/s-"
		if i == 2 {
			flags, prefix = zk.FlagEphemeralSequential, "/gozk-kinds/e-"
		}
		if name := z.mustCreateWith(prefix, "", flags, worldACL); name != "/gozk-kinds/"+want {
			t.Fatalf("created %s, want %s", name, want)
		}
	}
	z.mustDelete("/gozk-kinds/s-0000000000")
	z.mustDelete("/gozk-kinds/s-0000000001")
	if name := z.mustCreateWith("/gozk-kinds/", "", zk.FlagSequence, worldACL); name != "/gozk-kinds/0000000003" {
		t.Errorf("after deletes: created %s", name)
	}

	z.mustCreateWith("/gozk-kinds/eph", "", zk.FlagEphemeral, worldACL)
	other.catchUp()
	if _, stat := other.mustGet("/gozk-kinds/eph"); stat.EphemeralOwner != z.SessionID() {
		t.Errorf("owner %x, session %x", stat.EphemeralOwner, z.SessionID())
	}
	_, err := z.Create("/gozk-kinds/eph/child", nil, 0, worldACL)
	wantErr(t, "child of an ephemeral", err, zk.ErrNoChildrenForEphemerals)

	name, err := z.CreateContainer("/gozk-kinds/box", []byte("b"), zk.FlagContainer, worldACL)
	if err != nil || name != "/gozk-kinds/box" {
		t.Fatalf("container: %q, %v", name, err)
	}
	name, err = z.CreateTTL("/gozk-kinds/ttl", []byte("t"), zk.FlagTTL, worldACL, 300*time.Millisecond)
	if err != nil || name != "/gozk-kinds/ttl" {
		t.Fatalf("TTL node: %q, %v", name, err)
	}
	_, err = z.CreateTTL("/gozk-kinds/never", nil, zk.FlagTTL, worldACL, -time.Second)
	wantErr(t, "negative TTL", err, zk.ErrBadArguments)
	z.mustCreate("/gozk-kinds/box/kid", "")
	if data, stat := z.mustGet("/gozk-kinds/box"); data != "b" || stat.EphemeralOwner != 0 {
		t.Errorf("container: %q %+v", data, stat)
	}
	z.mustDelete("/gozk-kinds/box/kid")
	eventually(t, "emptied container gone", func() bool { return !z.exists("/gozk-kinds/box") })
	eventually(t, "TTL node gone", func() bool { return !z.exists("/gozk-kinds/ttl") })

	z.Close()
	other.catchUp()
	children, _, err := other.Children("/gozk-kinds")
	if err != nil || !slices.Equal(children, []string{"0000000003"}) {
		t.Errorf("once the session is closed: %q, %v", children, err)
	}
}

// A session's own events are there when its write returns; another's come in the order of writes.
func TestGoZk_Watches(t *testing.T) { everywhere(t, goZkWatches) }

func goZkWatches(t *testing.T, f form) {
	at := shared(t, f)
	z, other := connect(t, at.here), connect(t, at.there)
	z.mustCreate("/gozk-watch", "")
	for _, c := range []*conn{z, other} {
		c.catchUp()
		for _, err := range []error{
			third(c.GetW("/gozk-watch")), third(c.ChildrenW("/gozk-watch")), third(c.ExistsW("/gozk-watch/kid")),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	z.mustCreate("/gozk-watch/kid", "")
	z.wantFired("NodeCreated /gozk-watch/kid", "NodeChildrenChanged /gozk-watch")
	z.mustCreate("/gozk-watch/second", "")
	z.mustSet("/gozk-watch", "x")
	z.wantFired("NodeDataChanged /gozk-watch")
	z.mustSet("/gozk-watch", "y")
	z.wantFired()
	other.awaitFired("NodeCreated /gozk-watch/kid", "NodeChildrenChanged /gozk-watch", "NodeDataChanged /gozk-watch")

	// A node's data and child watch are told of its end once, the parent's child watch after it.
	for _, err := range []error{
		third(z.GetW("/gozk-watch/kid")), third(z.ChildrenW("/gozk-watch/kid")), third(z.ExistsW("/gozk-watch/kid")),
		third(z.ChildrenW("/gozk-watch")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	z.mustDelete("/gozk-watch/kid")
	z.wantFired("NodeDeleted /gozk-watch/kid", "NodeChildrenChanged /gozk-watch")

	// A failed write tells nobody.
	if err := third(z.GetW("/gozk-watch")); err != nil {
		t.Fatal(err)
	}
	_, err := z.Set("/gozk-watch", nil, 77)
	wantErr(t, "set of an old version", err, zk.ErrBadVersion)
	z.wantFired()
	other.wantFired()
}

// third drops what a watching read returned but its error.
func third[A, B, C any](_ A, _ B, _ C, err error) error { return err }

func TestGoZk_Multi(t *testing.T) { everywhere(t, goZkMulti) }

func goZkMulti(t *testing.T, f form) {
	z := connect(t, shared(t, f).here)
	z.mustCreate("/gozk-multi", "")
	got, err := z.Multi(
		&zk.CreateRequest{Path: "/gozk-multi/s-", Data: []byte("1"), Acl: worldACL, Flags: zk.FlagSequence},
		&zk.CreateRequest{Path: "/gozk-multi/a", Acl: worldACL},
		&zk.SetDataRequest{Path: "/gozk-multi/a", Data: []byte("two"), Version: 0},
		&zk.CheckVersionRequest{Path: "/gozk-multi/a", Version: 1},
		&zk.DeleteRequest{Path: "/gozk-multi/s-0000000000", Version: 0},
	)
	if err != nil || len(got) != 5 || got[0].String != "/gozk-multi/s-0000000000" || got[1].String != "/gozk-multi/a" {
		t.Fatalf("multi: %+v, %v", got, err)
	}
	_, a := z.mustGet("/gozk-multi/a")
	_, parent := z.mustGet("/gozk-multi")
	if *got[2].Stat != a || a.Version != 1 || a.Czxid != a.Mzxid || parent.Pzxid != a.Czxid || parent.Cversion != 3 {
		t.Errorf("all in one zxid: reply %+v, node %+v, parent %+v", *got[2].Stat, a, parent)
	}

	got, err = z.Multi(
		&zk.CreateRequest{Path: "/gozk-multi/s-", Acl: worldACL, Flags: zk.FlagSequence},
		&zk.SetDataRequest{Path: "/gozk-multi/a", Version: 0},
		&zk.DeleteRequest{Path: "/gozk-multi/a", Version: -1},
	)
	wantErr(t, "multi with an old version", err, zk.ErrBadVersion)
	if len(got) != 3 || got[0].Error != nil || !errors.Is(got[1].Error, zk.ErrBadVersion) || got[2].Error == nil {
		t.Errorf("results of a failed multi: %+v", got)
	}
	children, stat, err := z.Children("/gozk-multi")
	if err != nil || !slices.Equal(children, []string{"a"}) || *stat != parent {
		t.Errorf("after a failed multi: %q %+v %v, was %+v", children, stat, err, parent)
	}
	if name := z.mustCreateWith("/gozk-multi/s-", "", zk.FlagSequence, worldACL); name != "/gozk-multi/s-0000000002" {
		t.Errorf("a failed multi moved the counter: %s", name)
	}
	if got, err := z.Multi(); err != nil || len(got) != 0 {
		t.Errorf("empty multi: %+v, %v", got, err)
	}
}

func TestGoZk_ACL(t *testing.T) { everywhere(t, goZkACL) }

func goZkACL(t *testing.T, f form) {
	at := shared(t, f)
	z, other := connect(t, at.here), connect(t, at.there)
	z.mustCreate("/gozk-acl", "")
	_, err := z.Create("/gozk-acl/mine", nil, 0, zk.AuthACL(zk.PermAll))
	wantErr(t, "auth ACL of nobody", err, zk.ErrInvalidACL)
	if err := z.AddAuth("digest", []byte("ann:pass")); err != nil {
		t.Fatal(err)
	}
	z.mustCreateWith("/gozk-acl/mine", "secret", 0, zk.AuthACL(zk.PermAll))
	acl, stat, err := z.GetACL("/gozk-acl/mine")
	if err != nil || !slices.Equal(acl, zk.DigestACL(zk.PermAll, "ann", "pass")) || stat.Aversion != 0 {
		t.Errorf("ACL %+v %+v, %v", acl, stat, err)
	}

	other.catchUp()
	for _, password := range []string{"", "ann:wrong"} {
		if password != "" {
			if err := other.AddAuth("digest", []byte(password)); err != nil {
				t.Fatal(err)
			}
		}
		_, _, err = other.Get("/gozk-acl/mine")
		wantErr(t, "get with "+password, err, zk.ErrNoAuth)
		_, err = other.Set("/gozk-acl/mine", nil, -1)
		wantErr(t, "set with "+password, err, zk.ErrNoAuth)
		_, _, err = other.Children("/gozk-acl/mine")
		wantErr(t, "children with "+password, err, zk.ErrNoAuth)
		_, err = other.Create("/gozk-acl/mine/kid", nil, 0, worldACL)
		wantErr(t, "create with "+password, err, zk.ErrNoAuth)
		_, err = other.SetACL("/gozk-acl/mine", worldACL, -1)
		wantErr(t, "setACL with "+password, err, zk.ErrNoAuth)
		if !other.exists("/gozk-acl/mine") {
			t.Error("exists asks for no permission")
		}
	}

	read := append(zk.WorldACL(zk.PermRead), zk.DigestACL(zk.PermAdmin|zk.PermWrite, "ann", "pass")...)
	if stat, err := z.SetACL("/gozk-acl/mine", read, 0); err != nil || stat.Aversion != 1 || stat.Version != 0 {
		t.Fatalf("setACL: %+v, %v", stat, err)
	}
	_, err = z.SetACL("/gozk-acl/mine", worldACL, 0)
	wantErr(t, "setACL of an old version", err, zk.ErrBadVersion)
	other.catchUp()
	if data, _ := other.mustGet("/gozk-acl/mine"); data != "secret" {
		t.Errorf("got %q", data)
	}
	masked := append(zk.WorldACL(zk.PermRead), zk.ACL{Perms: zk.PermAdmin | zk.PermWrite, Scheme: "digest", ID: "ann:x"})
	if acl, _, err := other.GetACL("/gozk-acl/mine"); err != nil || !slices.Equal(acl, masked) {
		t.Errorf("ACL for others %+v, %v", acl, err)
	}
	_, err = other.Create("/gozk-acl/none", nil, 0, nil)
	wantErr(t, "empty ACL", err, zk.ErrInvalidACL)
	z.mustDelete("/gozk-acl/mine") // the parent's permission counts
}

// The recipe that comes with the library, and the fairness that sequential nodes give it.
func TestGoZk_Lock(t *testing.T) { everywhere(t, goZkLock) }

func goZkLock(t *testing.T, f form) {
	at := shared(t, f)
	const contenders, rounds = 4, 5
	var wg sync.WaitGroup
	var mu sync.Mutex // guards the variables only; the lock under test guards the section
	inside, most, entered := 0, 0, 0
	count := func(by int) {
		mu.Lock()
		defer mu.Unlock()
		inside += by
		most = max(most, inside)
		if by > 0 {
			entered++
		}
	}
	for i := range contenders {
		lock := zk.NewLock(connect(t, []string{at.here, at.there}[i%2]).Conn, "/gozk-lock", worldACL)
		wg.Go(func() {
			for range rounds {
				if err := lock.Lock(); err != nil {
					t.Error(err)
					return
				}
				count(1)
				count(-1)
				if err := lock.Unlock(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if most != 1 || entered != contenders*rounds {
		t.Errorf("%d inside at once, %d entered", most, entered)
	}
	last := connect(t, at.here).mustCreateWith("/gozk-lock/n-", "", zk.FlagSequence, worldACL)
	if last != sequenceName("/gozk-lock/n-", contenders*rounds) {
		t.Errorf("%s after %d locks", last, contenders*rounds)
	}
}
