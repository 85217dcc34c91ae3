package wire

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func sampleHello() Hello {
	return Hello{Server: 3, Incarnation: 1 << 63, Ensemble: "e-1", Members: []Member{{1, true}, {2, true}, {254, false}},
		Link: Versions{1, 2}, Record: Versions{3, 4}, Eval: Versions{5, 255}, MaxMessage: 64 << 20, ID: 7, Echo: 1<<64 - 1}
}

func TestHello_ComesBackAsItWas(t *testing.T) {
	for _, h := range []Hello{{}, sampleHello()} {
		got, err := UnpackHello(NewPacker().Hello(nil, &h))
		if err != nil || !reflect.DeepEqual(got, h) {
			t.Errorf("%+v came back as %+v, %v", h, got, err)
		}
	}
}

// TestHello_OfALaterVersion has more at its end, and can be read all the same.
func TestHello_OfALaterVersion(t *testing.T) {
	h := sampleHello()
	b := NewPacker().Hello(nil, &h)
	b[0]++ // one element more
	got, err := UnpackHello(append(b, 0xc4, 2, 1, 2))
	if err != nil || !reflect.DeepEqual(got, h) {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestHello_RefusesDamage: whatever is cut, added or declared.
func TestHello_RefusesDamage(t *testing.T) {
	h := sampleHello()
	b := NewPacker().Hello(nil, &h)
	for n := range b {
		if _, err := UnpackHello(b[:n]); err == nil {
			t.Errorf("the first %d of %d bytes are taken", n, len(b))
		}
	}
	many := sampleHello()
	many.Members = make([]Member, 256)
	long := sampleHello()
	long.Ensemble = strings.Repeat("e", maxEnsemble+1)
	for name, bad := range map[string][]byte{
		"more":          append(bytes.Clone(b), 0),
		"huge":          make([]byte, MaxHello+1),
		"other format":  bytes.Replace(b, []byte{b[0], 1}, []byte{b[0], 2}, 1),
		"many members":  NewPacker().Hello(nil, &many),
		"long ensemble": NewPacker().Hello(nil, &long),
		"a long string": {0x9e, 1, 1, 1, 0xdb, 0xff, 0xff, 0xff, 0xff},
	} {
		if _, err := UnpackHello(bad); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := UnpackHello([]byte{0x9e, 1, 1, 1, 0xdb, 0xff, 0xff, 0xff, 0xff}); !errors.Is(err, ErrShort) {
		t.Error(err)
	}
}

func TestVersions_Common(t *testing.T) {
	for _, c := range []struct {
		a, b Versions
		want uint8
		ok   bool
	}{{Versions{1, 1}, Versions{1, 1}, 1, true}, {Versions{1, 3}, Versions{2, 5}, 3, true}, {Versions{2, 5}, Versions{1, 3}, 3, true},
		{Versions{1, 2}, Versions{3, 4}, 2, false}, {Versions{3, 4}, Versions{1, 2}, 2, false}} {
		if v, ok := c.a.Common(c.b); ok != c.ok || ok && v != c.want {
			t.Errorf("%v and %v: %d, %v", c.a, c.b, v, ok)
		}
	}
	if (Versions{1, 1}).String() != "1" || (Versions{1, 3}).String() != "1 to 3" {
		t.Error("words")
	}
}

func FuzzHello(f *testing.F) {
	h := sampleHello()
	f.Add(NewPacker().Hello(nil, &h))
	f.Add([]byte{0x9e, 1, 1, 1, 0xdb, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := UnpackHello(b)
		if err != nil {
			return
		}
		if again, err := UnpackHello(NewPacker().Hello(nil, &h)); err != nil || !reflect.DeepEqual(again, h) {
			t.Errorf("%+v came back as %+v, %v", h, again, err)
		}
	})
}
