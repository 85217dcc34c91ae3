package persistence

import (
	"errors"
	"fmt"
	"maps"
	"testing"

	"troupe/persistence/faulty"
	"troupe/wire"
)

// An export is the state at its zxid, whatever is committed meanwhile.
func TestExport_BesideCommit(t *testing.T) {
	s := mustOpenState(t, "state", Options{Open: faulty.New(1, nil).Open, writeBuffer: 16 << 10})
	const count = 50
	commit := func(z wire.Zxid) error {
		var list []Node
		for i := range count {
			list = append(list, Node{fmt.Sprintf("/%02d", i), fmt.Append(nil, z)})
		}
		return s.Commit(&Checkpoint{Zxid: z, Digest: uint64(z) * 3, Nodes: znodes(list...)})
	}
	if err := commit(1); err != nil {
		t.Fatal(err)
	}
	stop, done := make(chan bool), make(chan error)
	go func() {
		for z := wire.Zxid(2); ; z++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
				if err := commit(z); err != nil {
					done <- err
					return
				}
			}
		}
	}()
	seen := make(map[wire.Zxid]bool)
	for len(seen) < 10 {
		e, err := s.Export()
		if err != nil {
			t.Fatal(err)
		}
		seen[e.Zxid()] = true
		want := make(map[string]string)
		for i := range count {
			want[fmt.Sprintf("n/%02d", i)] = fmt.Sprint(e.Zxid())
		}
		got := make(map[string]string)
		for end := false; !end; {
			var chunk []byte
			if chunk, end, err = e.Next(200); err != nil {
				t.Fatal(err)
			}
			p, err := decodeChunk(chunk)
			if err != nil || len(chunk) > 200 || p.last != end {
				t.Fatalf("%d bytes, %v", len(chunk), err)
			}
			for rest := p.entries; len(rest) > 0; {
				var key, value []byte
				key, value, rest, _ = cutEntry(rest)
				got[string(key)] = string(value)
			}
		}
		if !maps.Equal(got, want) || e.Digest() != uint64(e.Zxid())*3 || e.Bytes() <= 0 {
			t.Fatalf("at %s: %v", e.Zxid(), got)
		}
		e.Close()
	}
	close(stop)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestExport_Ends(t *testing.T) {
	s := mustOpenState(t, t.TempDir(), Options{})
	if chunks := exportAll(t, s, 0); len(chunks) != 1 || len(chunks[0]) != chunkHead {
		t.Errorf("an empty state in %d chunks", len(chunks))
	}
	mustCommit(t, s, &Checkpoint{Zxid: 1, Nodes: znodes(Node{"/", make([]byte, 1000)}, Node{"/a", []byte{}})})
	if chunks := exportAll(t, s, 0); len(chunks) != 2 || len(chunks[0]) != chunkHead+chunkEntry+2+1000 {
		t.Errorf("one entry each: %d chunks", len(chunks))
	}
	e, err := s.Export()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("close beside an export: %v", err)
	}
	if _, _, err := e.Next(100); !errors.Is(err, ErrClosed) {
		t.Errorf("export of a closed state: %v", err)
	}
	e.Close()
	if _, err := s.Export(); !errors.Is(err, ErrClosed) {
		t.Errorf("export after close: %v", err)
	}
}
