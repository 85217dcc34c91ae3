package wire

import (
	"math/rand"
	"reflect"
	"testing"
)

// everyPeerMessage is one of each kind, filled at random.
func everyPeerMessage(rnd *rand.Rand) (all []PeerMessage) {
	for kind := range uint64(256) {
		m := blank(kind)
		if m == nil {
			continue
		}
		fill(rnd, reflect.ValueOf(m).Elem())
		switch m := m.(type) {
		case *Notification:
			m.State %= Observing + 1
		case *Propose:
			m.Block = nil
		}
		all = append(all, m)
	}
	return all
}

// fill sets all that goes over the wire.
func fill(rnd *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(rnd.Intn(2) == 0)
	case reflect.Uint8, reflect.Uint32, reflect.Uint64:
		v.SetUint(rnd.Uint64() >> rnd.Intn(64) & (1<<v.Type().Bits() - 1))
	case reflect.Int32, reflect.Int64:
		v.SetInt(int64(int32(rnd.Uint32())))
	case reflect.String:
		v.SetString("text"[:rnd.Intn(5)])
	case reflect.Slice:
		n := rnd.Intn(4)
		if n == 0 {
			return // an empty list comes back as none
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(rnd, v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; name != "Request" && name != "Malformed" {
				fill(rnd, v.Field(i))
			}
		}
	}
}

func TestPeer_EveryKindComesBackAsItWas(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	p := NewPacker()
	kinds := 0
	for range 200 {
		all := everyPeerMessage(rnd)
		kinds = len(all)
		for _, m := range all {
			b := p.Peer(nil, m)
			got, err := UnpackPeer(b)
			if err != nil || !reflect.DeepEqual(got, m) {
				t.Fatalf("%T: %+v came back as %+v, %v", m, m, got, err)
			}
			for n := range len(b) {
				if _, propose := m.(*Propose); propose {
					break // its entries end where the message does
				}
				if _, err := UnpackPeer(b[:n]); err == nil {
					t.Fatalf("%T cut to %d of %d bytes is taken", m, n, len(b))
				}
			}
			if _, err := UnpackPeer(append(b, 0)); err == nil {
				t.Fatalf("%T with a byte more is taken", m)
			}
		}
	}
	if kinds != 30 {
		t.Errorf("%d kinds", kinds)
	}
}

// TestPeer_ABlockIsTheEntriesPackedBefore, once for all learners.
func TestPeer_ABlockIsTheEntriesPackedBefore(t *testing.T) {
	p := NewPacker()
	entries := []Entry{{Zxid: 1, Data: []byte("one")}, {Zxid: 1 << 40, Data: make([]byte, 1000)}}
	m := &Propose{Join: 7, Committed: 5, Entries: entries}
	whole := p.Peer(nil, m)
	m.Block = p.PackEntries(nil, entries)
	if parts := append(p.Peer(nil, m), m.Block...); string(parts) != string(whole) {
		t.Errorf("%x, not %x", parts, whole)
	}
}

func FuzzUnpackPeer(f *testing.F) {
	rnd := rand.New(rand.NewSource(1))
	p := NewPacker()
	for range 3 {
		for _, m := range everyPeerMessage(rnd) {
			f.Add(p.Peer(nil, m))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := UnpackPeer(b)
		if err != nil {
			return
		}
		again, err := UnpackPeer(p.Peer(nil, m))
		if err != nil || !reflect.DeepEqual(again, m) {
			t.Fatalf("%+v came back as %+v, %v", m, again, err)
		}
	})
}
