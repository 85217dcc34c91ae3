package wire

import (
	"bytes"
	"errors"
	"math/rand"
	"reflect"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
)

func TestPack_RandomRoundTrip(t *testing.T) {
	m := maker{rand.New(rand.NewSource(1))}
	p := NewPacker()
	for range 5000 {
		record, znode, session := m.record(), m.znode(), m.session()
		if got, err := UnpackRecord(p.Record(nil, record)); err != nil || !reflect.DeepEqual(got, record) {
			t.Fatalf("%+v came back as %+v, %v", record, got, err)
		}
		if got, err := UnpackZnode(p.Znode(nil, znode)); err != nil || !reflect.DeepEqual(got, znode) {
			t.Fatalf("%+v came back as %+v, %v", znode, got, err)
		}
		if got, err := UnpackSession(p.Session(nil, session)); err != nil || !reflect.DeepEqual(got, session) {
			t.Fatalf("%+v came back as %+v, %v", session, got, err)
		}
	}
}

// unpackers reads each kind of what a Packer writes.
var unpackers = map[string]func([]byte) (any, error){
	"record":  func(b []byte) (any, error) { return UnpackRecord(b) },
	"znode":   func(b []byte) (any, error) { return UnpackZnode(b) },
	"session": func(b []byte) (any, error) { return UnpackSession(b) },
}

// packed has one of each kind, with something in every field.
func packed() map[string][]byte {
	m := maker{rand.New(rand.NewSource(2))}
	record, znode := m.record(), m.znode()
	record.Auth, record.Body = []ID{{"ip", "127.0.0.1"}, {"digest", "a:b"}}, []byte("body")
	znode.ACL, znode.Data = &sampleACL, []byte("data")
	p := NewPacker()
	return map[string][]byte{"record": p.Record(nil, record), "znode": p.Znode(nil, znode),
		"session": p.Session(nil, &Session{4000, []byte("0123456789abcdef")})}
}

func TestPack_AppendsToWhatIsThere(t *testing.T) {
	p := NewPacker()
	s := &Session{1, nil}
	alone := bytes.Clone(p.Session(nil, s))
	both := p.Session(p.Session([]byte("x"), s), s)
	if want := "x" + string(alone) + string(alone); string(both) != want {
		t.Errorf("%x", both)
	}
}

func TestUnpack_CutOrTooLong(t *testing.T) {
	for kind, b := range packed() {
		unpack := unpackers[kind]
		if _, err := unpack(b); err != nil {
			t.Fatal(err)
		}
		for n := range b {
			if v, err := unpack(b[:n]); err == nil {
				t.Errorf("%s: %d of %d bytes: %+v", kind, n, len(b), v)
			}
		}
		if _, err := unpack(append(bytes.Clone(b), 0)); err == nil {
			t.Errorf("%s: a byte left over is taken", kind)
		}
	}
}

// TestUnpack_FreshMemory: what is unpacked lives on when the buffer is used anew.
func TestUnpack_FreshMemory(t *testing.T) {
	for kind, b := range packed() {
		v, err := unpackers[kind](b)
		again, err2 := unpackers[kind](bytes.Clone(b))
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		clear(b)
		if !reflect.DeepEqual(v, again) {
			t.Errorf("%s: the value changes with its buffer", kind)
		}
	}
}

// TestUnpack_OtherVersions: a newer version is told apart from rubbish, however
// many fields it has.
func TestUnpack_OtherVersions(t *testing.T) {
	for kind, b := range packed() {
		newer := bytes.Clone(b)
		newer[1] = 2
		grown := append(bytes.Clone(newer), 0xc0)
		grown[0]++
		for _, b := range [][]byte{newer, grown, {0x91, 2}} {
			if _, err := unpackers[kind](b); !errors.Is(err, ErrNewer) {
				t.Errorf("%s: %x: %v", kind, b, err)
			}
		}
		old := bytes.Clone(b)
		old[1] = 0 // was never written
		for _, b := range [][]byte{old, {}, {0x90}, {0xc0}, {0x80}, {0xa1, 'x'}, b[1:]} {
			if v, err := unpackers[kind](b); err == nil || errors.Is(err, ErrNewer) {
				t.Errorf("%s: %x: %+v, %v", kind, b, v, err)
			}
		}
	}
}

func TestUnpack_NumbersOutOfRange(t *testing.T) {
	array := func(v ...any) []byte {
		b, err := msgpack.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	noIDs := []any{}
	for name, c := range map[string]struct {
		kind string
		b    []byte
	}{
		"timeout":      {"session", array(1, int64(1)<<31, []byte{})},
		"timeout < 0":  {"session", array(1, -1, []byte{})},
		"eval":         {"record", array(1, 1, 256, 1, 0, 0, 0, 0, 0, noIDs, []byte{})},
		"op":           {"record", array(1, 1, 1, int64(1)<<31, 0, 0, 0, 0, 0, noIDs, []byte{})},
		"flags":        {"record", array(1, 1, 1, 1, 0, 0, 0, 0, 256, noIDs, []byte{})},
		"id":           {"record", array(1, 1, 1, 1, 0, 0, 0, 0, 0, []any{[]any{"a", "b", "c"}}, []byte{})},
		"kind":         {"znode", array(1, 4, 1, 1, 1, 0, 0, 0, 0, 0, 0, noIDs, []byte{})},
		"version":      {"znode", array(1, 0, 1, 1, 1, 0, 0, int64(-1)<<32, 0, 0, 0, noIDs, []byte{})},
		"ACL":          {"znode", array(1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, []any{[]any{1, "a"}}, []byte{})},
		"text for int": {"session", array(1, "4000", []byte{})},
	} {
		if v, err := unpackers[c.kind](c.b); err == nil {
			t.Errorf("%s: %+v", name, v)
		}
	}
}
