package wire

import (
	"encoding/hex"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// goldens are the values whose encodings stand in testdata, by file and name.
// Files of a format are never changed once it has been released: servers read
// what an older one has written.
func goldens() map[string]map[string]any {
	open, empty, two := OpenACL, []ACL{}, sampleACL
	return map[string]map[string]any{
		"record.1": {
			"plain": &Record{Zxid: 1, Eval: 1, Op: OpCreate, Time: 1700000000000, Session: 0x100000000000001, Generation: 1,
				Cxid: 1, Auth: []ID{{"ip", "127.0.0.1"}}, Body: []byte("body")},
			"full": &Record{Zxid: MakeZxid(7, 9), Eval: 255, Op: OpMulti, Time: 1<<62 + 1, Session: -2, Generation: 7<<32 | 3,
				Cxid: math.MinInt32, Flags: FlagSkipACL | FlagEnforceQuota | FlagExtendedTypes,
				Auth: []ID{{"super", ""}, {"digest", "jo:aGFzaA=="}}, Body: []byte(strings.Repeat("b", 300))},
			"leader's own": &Record{Zxid: math.MaxUint64, Op: OpCloseSession, Body: []byte{}},
			"null body":    &Record{Zxid: 2, Eval: 1, Op: OpReconfig, Time: -1},
		},
		"znode.1": {
			"root": &Znode{Data: []byte{}, ACL: &open},
			"ephemeral": &Znode{Data: []byte("data"), ACL: &two, Czxid: MakeZxid(1, 2), Mzxid: MakeZxid(1, 3),
				Pzxid: MakeZxid(1, 2), Ctime: 1700000000000, Mtime: 1700000000001, Version: 1, Aversion: -1,
				Kind: Ephemeral, Owner: -0x7fffffffffffffff},
			"container": &Znode{ACL: &open, Czxid: 5, Mzxid: 5, Pzxid: 9, Creates: 3, Kind: Container},
			"TTL": &Znode{Data: []byte(strings.Repeat("x", 300)), ACL: &empty, Czxid: math.MaxUint64, Version: math.MinInt32,
				Creates: math.MaxInt32, Kind: TTL, Owner: 1<<40 - 1},
		},
		"session.1": {
			"plain":       &Session{30000, []byte("0123456789abcdef")},
			"longest":     &Session{math.MaxInt32, []byte{}},
			"no password": &Session{0, nil},
		},
	}
}

func TestGolden(t *testing.T) {
	for file, values := range goldens() {
		kind, _, _ := strings.Cut(file, ".")
		lines := readGolden(t, file)
		if len(lines) != len(values) {
			t.Errorf("%s has %d lines, there are %d values", file, len(lines), len(values))
		}
		for name, want := range values {
			old := lines[name]
			if got := pack(want); hex.EncodeToString(got) != hex.EncodeToString(old) {
				t.Errorf("%s, %s is encoded as\n%x, the file has\n%x", file, name, got, old)
			}
			if got, err := unpackers[kind](old); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %s is read as %+v, %v", file, name, got, err)
			}
		}
	}
}

func pack(v any) []byte {
	p := NewPacker()
	switch v := v.(type) {
	case *Record:
		return p.Record(nil, v)
	case *Znode:
		return p.Znode(nil, v)
	case *Session:
		return p.Session(nil, v)
	}
	panic("no packer for this")
}

// readGolden reads lines of name, colon and hexadecimal digits.
func readGolden(t *testing.T, file string) map[string][]byte {
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	lines := make(map[string][]byte)
	for line := range strings.Lines(string(text)) {
		name, digits, _ := strings.Cut(strings.TrimSpace(line), ": ")
		lines[name] = unhex(t, digits)
	}
	return lines
}
