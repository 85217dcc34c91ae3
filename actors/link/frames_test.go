package link

import (
	"errors"
	"testing"
)

// FuzzFrames: no frame makes the reading of frames panic, or say that there is
// more than there is.
func FuzzFrames(f *testing.F) {
	f.Add(header(kindMessages, 1, 2, 0))
	f.Add(append(header(kindMessages, 1, 2, 0), 3, 1, 2, 3, 0))
	f.Add(beat{300, 5000, true}.append(header(kindHeartbeat, 1, 2, 0)))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _, _, payload, err := split(b)
		if err != nil {
			return
		}
		total := 0
		_ = eachMessage(payload, func(m []byte) error { total += len(m) + 1; return nil })
		if total > len(payload) {
			t.Errorf("%d bytes in %d", total, len(payload))
		}
		if h, err := readBeat(payload); err == nil {
			if again, err := readBeat(h.append(nil)); err != nil || again != h {
				t.Errorf("heartbeat %x", payload)
			}
		}
		_ = isBytesValue(b)
	})
}

func TestPieces_AreBounded(t *testing.T) {
	var p pieces
	for range 4 {
		if err := p.add(make([]byte, 25), 100); err != nil {
			t.Fatal(err)
		}
	}
	if m := p.join(); len(m) != 100 || p.size != 0 {
		t.Errorf("%d bytes, %d left", len(m), p.size)
	}
	if err := p.add(make([]byte, 101), 100); err == nil {
		t.Error("too much is taken")
	}
	if err := p.add(nil, 1000); !errors.Is(err, errBadFrame) {
		t.Error("nothing is taken for something")
	}
}

func TestUvarintSize(t *testing.T) {
	for n, want := range map[uint64]int{0: 1, 127: 1, 128: 2, 1<<14 - 1: 2, 1 << 14: 3, pieceSize: 3} {
		if got := uvarintSize(n); got != want {
			t.Errorf("%d takes %d", n, got)
		}
	}
}
