package wire

import (
	"math/rand"
	"regexp"
	"strings"
	"testing"
)

// pathShape says with a pattern what ValidPath says with a loop. A byte that is
// no UTF-8 counts as U+FFFD, which is not in it.
var pathShape = regexp.MustCompile(`^(?:/|(?:/[\x{20}-\x{2e}\x{30}-\x{7e}\x{a0}-\x{d7ff}\x{f900}-\x{ffef}]+)+)$`)

func oracleValidPath(p string) bool {
	for _, name := range strings.Split(p, "/") {
		if name == "." || name == ".." {
			return false
		}
	}
	return pathShape.MatchString(p)
}

func TestValidPath_Table(t *testing.T) {
	valid := []string{"/", "/a", "/a/b", "/...", "/.a", "/a.", "/a/..b", "/a b", "/ ", "/\u00a0", "/\uffef", "/\uf900",
		"/\ud7ff", "/\u4e2d\u6587", "/zookeeper/quota", "/" + strings.Repeat("x", 10000)}
	invalid := []string{"", "a", "a/b", "//", "/a/", "//a", "/a//b", "/.", "/..", "/a/.", "/a/..", "/./a", "/../a", "/a/./b",
		"/a/../b", "/\x00", "/a\x00b", "/\x01", "/\x1f", "/\x7f", "/\u0080", "/\u009f", "/\ue000", "/\uf8ff", "/\ufff0",
		"/\ufffd", "/\uffff", "/\U0001F600", "/a\xff", "/\xed\xa0\x80", "/\n"}
	for _, p := range valid {
		if !ValidPath(p) || !oracleValidPath(p) {
			t.Errorf("%q: %v, the oracle %v", p, ValidPath(p), oracleValidPath(p))
		}
	}
	for _, p := range invalid {
		if ValidPath(p) || oracleValidPath(p) {
			t.Errorf("%q: %v, the oracle %v", p, ValidPath(p), oracleValidPath(p))
		}
	}
}

func TestValidPath_AgainstTheOracle(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	pieces := []string{"/", "/", "/", ".", "..", "a", "bc", "\x00", "\x1f", " ", "\x7f", "\u009f", "\u00a0", "\ud7ff",
		"\ue000", "\uf8ff", "\uf900", "\uffef", "\ufff0", "\U00010000", "\xff", "\xe4", "\xed\xa0\x80"}
	for range 50000 {
		p := "/"
		if rnd.Intn(10) == 0 {
			p = ""
		}
		for n := rnd.Intn(7); n > 0; n-- {
			p += pieces[rnd.Intn(len(pieces))]
		}
		if ValidPath(p) != oracleValidPath(p) {
			t.Fatalf("%q: %v, the oracle %v", p, ValidPath(p), oracleValidPath(p))
		}
	}
}

func TestSplitPath(t *testing.T) {
	for p, want := range map[string][2]string{
		"/": {"", ""}, "": {"", ""}, "x": {"", ""}, "/a": {"/", "a"}, "/a/b": {"/a", "b"}, "/a/b/c": {"/a/b", "c"},
	} {
		if parent, name := SplitPath(p); parent != want[0] || name != want[1] {
			t.Errorf("%q: %q, %q", p, parent, name)
		}
	}
}
