package znode

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"troupe/wire"
)

func id(scheme, id string) wire.ID { return wire.ID{Scheme: scheme, ID: id} }

func ip(perms wire.Perm, s string) wire.ACL { return wire.ACL{Perms: perms, ID: id("ip", s)} }

func TestFixACL_ValidEntries(t *testing.T) {
	fine := []wire.ACL{anyone(0), anyone(31), anyone(63), anyone(-1), anyone(1 << 20),
		digest(31, "a:b"), digest(31, ":b"), digest(31, "a:b:"), digest(31, "a:b::"),
		ip(31, "10.0.0.1"), ip(1, "0.0.0.0"), ip(1, "255.255.255.255/32"), ip(1, "10.0.0.0/0"), ip(1, "01.+1.0.0/8")}
	for _, a := range fine {
		if got, code := fixACL([]wire.ACL{a}, nil); code != wire.OK || !reflect.DeepEqual(got, []wire.ACL{a}) {
			t.Errorf("%+v: %+v, %v", a, got, code)
		}
	}
	bad := []wire.ACL{{Perms: 31, ID: id("world", "")}, {Perms: 31, ID: id("world", "Anyone")}, {Perms: 31, ID: id("", "anyone")},
		{Perms: 31, ID: id("WORLD", "anyone")}, {Perms: 31, ID: id("Digest", "a:b")}, {Perms: 31, ID: id("sasl", "a")},
		{Perms: 31, ID: id("x509", "a")}, {Perms: 31, ID: id("super", "")}, {Perms: 31, ID: id("ensemble", "e")},
		digest(31, "ab"), digest(31, "a:"), digest(31, ":"), digest(31, ""), digest(31, "::"), digest(31, "a:b:c"),
		ip(1, ""), ip(1, "1.2.3"), ip(1, "1.2.3.4.5"), ip(1, "1.2.3.4."), ip(1, "1.2.3.256"), ip(1, "1.2.3.-1"), ip(1, "a.b.c.d"),
		ip(1, "1.2.3.4/"), ip(1, "1.2.3.4/33"), ip(1, "1.2.3.4/-1"), ip(1, "1.2.3.4/x"), ip(1, "1.2.3.4/8/8"), ip(1, "::1"), ip(1, " 1.2.3.4")}
	for _, a := range bad {
		if got, code := fixACL([]wire.ACL{anyone(31), a}, []wire.ID{id("digest", "jo:x")}); code != wire.InvalidACL {
			t.Errorf("%+v: %+v, %v", a, got, code)
		}
	}
	for _, none := range [][]wire.ACL{nil, {}} {
		if _, code := fixACL(none, nil); code != wire.InvalidACL {
			t.Error("no ACL is taken")
		}
	}
}

func TestFixACL_AuthAndDuplicates(t *testing.T) {
	auth := func(perms wire.Perm, s string) wire.ACL { return wire.ACL{Perms: perms, ID: id("auth", s)} }
	me := []wire.ID{id("ip", "127.0.0.1"), id("super", ""), id("digest", "jo:1"), id("digest", "al:2")}
	both := func(perms wire.Perm) []wire.ACL { return []wire.ACL{digest(perms, "jo:1"), digest(perms, "al:2")} }
	for _, c := range []struct{ in, want []wire.ACL }{
		{[]wire.ACL{auth(31, "")}, both(31)},
		{[]wire.ACL{auth(31, ""), auth(31, "")}, both(31)},
		{[]wire.ACL{auth(31, "x"), anyone(1), auth(31, "")}, append(append(both(31), anyone(1)), both(31)...)},
		{[]wire.ACL{anyone(1), anyone(2), anyone(1), digest(1, "a:b"), digest(1, "a:b")}, []wire.ACL{anyone(1), anyone(2), digest(1, "a:b")}},
	} {
		if got, code := fixACL(c.in, me); code != wire.OK || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v: %+v, %v", c.in, got, code)
		}
	}
	for _, who := range [][]wire.ID{nil, me[:1], me[:2]} {
		if got, code := fixACL([]wire.ACL{anyone(31), auth(31, "")}, who); code != wire.InvalidACL {
			t.Errorf("auth of %+v: %+v, %v", who, got, code)
		}
	}
}

// TestFixACL_OfAWholeFrame: as many entries as a frame holds cost no more time
// each than a few do.
func TestFixACL_OfAWholeFrame(t *testing.T) {
	acl := make([]wire.ACL, 45_000)
	for i := range acl {
		acl[i] = anyone(wire.Perm(i))
	}
	begin := time.Now()
	got, code := fixACL(append(acl, acl...), nil)
	if code != wire.OK || !reflect.DeepEqual(got, acl) {
		t.Errorf("%d entries, %v", len(got), code)
	}
	if d := time.Since(begin); d > time.Second {
		t.Errorf("took %v", d)
	}
}

func TestPermitted(t *testing.T) {
	jo, local := id("digest", "jo:1"), id("ip", "127.0.0.1")
	for _, c := range []struct {
		acl  []wire.ACL
		auth []wire.ID
		want bool // to read
	}{
		{nil, nil, true}, {[]wire.ACL{anyone(wire.PermRead)}, nil, true},
		{[]wire.ACL{anyone(wire.PermAll &^ wire.PermRead)}, []wire.ID{local, jo}, false},
		{[]wire.ACL{anyone(0)}, []wire.ID{id("super", "")}, true},
		{[]wire.ACL{digest(1, "jo:1")}, []wire.ID{local, jo}, true}, {[]wire.ACL{digest(1, "jo:1")}, []wire.ID{local}, false},
		{[]wire.ACL{digest(2, "jo:1"), digest(1, "al:2")}, []wire.ID{jo}, false},
		{[]wire.ACL{digest(2, "jo:1"), digest(1, "jo:1")}, []wire.ID{jo}, true},
		{[]wire.ACL{digest(1, "127.0.0.1:")}, []wire.ID{local}, false},
		{[]wire.ACL{{Perms: 31, ID: id("world", "somebody")}}, []wire.ID{id("world", "somebody")}, false},
		{[]wire.ACL{ip(1, "127.0.0.1")}, []wire.ID{local}, true}, {[]wire.ACL{ip(1, "127.0.0.2")}, []wire.ID{local}, false},
		{[]wire.ACL{ip(1, "127.0.0.2/31")}, []wire.ID{local}, false}, {[]wire.ACL{ip(1, "127.0.0.0/31")}, []wire.ID{local}, true},
		{[]wire.ACL{ip(1, "255.0.0.0/0")}, []wire.ID{local}, true}, {[]wire.ACL{ip(1, "127.9.9.9/8")}, []wire.ID{local}, true},
		{[]wire.ACL{ip(1, "127.0.0.1")}, []wire.ID{id("ip", "::1")}, false},
	} {
		if got := Permitted(c.acl, wire.PermRead, c.auth); got != c.want {
			t.Errorf("%+v for %+v: %v", c.acl, c.auth, got)
		}
	}
	if !Permitted([]wire.ACL{anyone(wire.PermAdmin)}, wire.PermRead|wire.PermAdmin, nil) {
		t.Error("one of the permissions asked for is enough")
	}
}

func TestMaskACL(t *testing.T) {
	in := []wire.ACL{digest(31, "jo:hash"), digest(1, ":b"), anyone(1), ip(1, "1.2.3.4")}
	want := []wire.ACL{digest(31, "jo:x"), digest(1, ":x"), anyone(1), ip(1, "1.2.3.4")}
	if got := MaskACL(in); !reflect.DeepEqual(got, want) || in[0].ID.ID != "jo:hash" {
		t.Errorf("%+v, from %+v", got, in)
	}
}

func TestTree_SkipACL(t *testing.T) {
	w := newWorld(t)
	w.ok(createACL("/a", anyone(0)))
	w.fails(wire.NoAuth, set("/a", "x"))
	w.fails(wire.NoAuth, create("/a/b"))
	w.flags |= wire.FlagSkipACL
	w.ok(set("/a", "x"), create("/a/b"), &wire.Check{Path: "/a", Version: -1}, setACL("/a", anyone(0)), del("/a/b"))
	w.fails(wire.InvalidACL, createACL("/c")) // what an ACL may be is judged all the same
}

// TestTree_EqualACLsAreShared, whether they come by create, setACL or a load, and
// the table of them does not grow without bound.
func TestTree_EqualACLsAreShared(t *testing.T) {
	w := newWorld(t)
	for i := range 100 {
		w.ok(createACL(fmt.Sprintf("/n%d", i), anyone(31), digest(1, "a:b")))
	}
	w.ok(create("/set"), setACL("/set", anyone(31), digest(1, "a:b")))
	first, _ := w.tree.Lookup("/n0")
	for _, path := range []string{"/n1", "/n99", "/set"} {
		if z, _ := w.tree.Lookup(path); z.ACL != first.ACL {
			t.Errorf("%s has an ACL of its own", path)
		}
	}
	var table aclTable
	for i := range 3 * aclTableMax {
		table.share([]wire.ACL{digest(1, fmt.Sprintf("a:%d", i))})
	}
	if len(table.m) > aclTableMax {
		t.Errorf("%d lists are kept", len(table.m))
	}
	if p, q := table.share([]wire.ACL{anyone(1)}), table.share([]wire.ACL{anyone(2)}); p == q || (*p)[0].Perms != 1 {
		t.Error("different lists are one")
	}
}
