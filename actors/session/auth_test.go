package session

import (
	"reflect"
	"testing"

	"troupe/wire"
)

// TestAuthenticate_Digests: the hashes are those of ZooKeeper's documents and of
// openssl.
func TestAuthenticate_Digests(t *testing.T) {
	for _, c := range []struct{ alg, credentials, want string }{
		{"SHA1", "super:test", "super:D/InIHSb7yEEbrWz8b9l71RjZJU="},
		{"", "super:test", "super:D/InIHSb7yEEbrWz8b9l71RjZJU="},
		{"SHA-256", "super:test", "super:wjySwxg860UATFtciuZ1lpzrCHrPeov6SPu/ZD56uig="},
		{"SHA3-256", "a:b", "a:ejvga8z66+WtMLJrmlP4mB2ikyi0ZnEdX7dJ2QqhVbg="},
		{"SHA1", "nocolon", "nocolon:Ra+cHr2ZoHvBjtNArFGNGlVie4g="},
		{"SHA1", "", ":2jmj7l5rSw0yVb/vlWAYkK/YBwk="},
	} {
		a := Authenticator{DigestAlg: c.alg}
		ids, verdict := a.Authenticate("digest", []byte(c.credentials))
		if want := []wire.ID{{Scheme: "digest", ID: c.want}}; verdict != Authenticated || !reflect.DeepEqual(ids, want) {
			t.Errorf("%s of %q: %v, %v", c.alg, c.credentials, ids, verdict)
		}
	}
	a, b, c := Authenticator{DigestAlg: "SHA1"}, Authenticator{DigestAlg: "SHA-256"}, Authenticator{DigestAlg: "SHA3-256"}
	if x, y, z := a.digest("a:b:c"), b.digest("a:b:c"), c.digest("a:b:c"); x == y || y == z || x[:2] != "a:" || len(z) != 2+44 {
		t.Errorf("%s, %s, %s", x, y, z)
	}
}

func TestAuthenticate_Verdicts(t *testing.T) {
	plain := Authenticator{}
	full := Authenticator{SuperDigest: "super:D/InIHSb7yEEbrWz8b9l71RjZJU=", EnsembleNames: []string{"one", "two"}}
	for _, c := range []struct {
		a       *Authenticator
		scheme  string
		auth    []byte
		verdict AuthVerdict
		ids     int
	}{
		{&plain, "digest", nil, Failed, 0}, {&plain, "digest", []byte{}, Authenticated, 1},
		{&plain, "ip", nil, Authenticated, 0}, {&plain, "ip", []byte("10.0.0.1"), Authenticated, 0},
		{&plain, "world", []byte("anyone"), Failed, 0}, {&plain, "super", []byte("x"), Failed, 0},
		{&plain, "auth", nil, Failed, 0}, {&plain, "sasl", nil, Failed, 0}, {&plain, "x509", nil, Failed, 0},
		{&plain, "", nil, Failed, 0}, {&plain, "Digest", []byte("a:b"), Failed, 0}, {&plain, "ensemble", []byte("one"), Failed, 0},
		{&plain, "digest", []byte("super:test"), Authenticated, 1},
		{&full, "digest", []byte("super:test"), Authenticated, 2}, {&full, "digest", []byte("super:other"), Authenticated, 1},
		{&full, "ensemble", []byte("two"), Authenticated, 0}, {&full, "ensemble", nil, Authenticated, 0},
		{&full, "ensemble", []byte("three"), Disconnect, 0},
	} {
		ids, verdict := c.a.Authenticate(c.scheme, c.auth)
		if verdict != c.verdict || len(ids) != c.ids {
			t.Errorf("%s %q: %v, %v", c.scheme, c.auth, ids, verdict)
		}
	}
	ids, _ := full.Authenticate("digest", []byte("super:test"))
	if ids[0] != (wire.ID{Scheme: "super"}) {
		t.Errorf("super is not among %v", ids)
	}
}

func TestJoin(t *testing.T) {
	a, b := wire.ID{Scheme: "digest", ID: "a"}, wire.ID{Scheme: "digest", ID: "b"}
	have := make([]wire.ID, 1, 8)
	have[0] = a
	if got := join(have, []wire.ID{b, a, b}); !reflect.DeepEqual(got, []wire.ID{a, b}) {
		t.Errorf("%v", got)
	}
	if spare := have[:2]; spare[1] != (wire.ID{}) {
		t.Error("a list that others hold has been written to")
	}
}
