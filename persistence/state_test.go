package persistence

import (
	"errors"
	"fmt"
	"maps"
	"math/rand"
	"path"
	"testing"
	"time"

	"troupe/persistence/faulty"
	"troupe/wire"
)

func mustOpenState(t *testing.T, dir string, o Options) *State {
	t.Helper()
	s, err := OpenState(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if raceDetector {
			compacted(s)
		}
		s.Close()
	})
	return s
}

func mustCommit(t *testing.T, s *State, c *Checkpoint) {
	t.Helper()
	if err := s.Commit(c); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, s *State) (nodes map[string]string, sessions map[int64]string, paths []string) {
	t.Helper()
	nodes, sessions = make(map[string]string), make(map[int64]string)
	err := s.Load(
		func(path string, value []byte) error {
			nodes[path] = string(value)
			paths = append(paths, path)
			return nil
		},
		func(id int64, value []byte) error { sessions[id] = string(value); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return nodes, sessions, paths
}

func TestState_KeepsWhatWasCommitted(t *testing.T) {
	disks(t, func(t *testing.T, dir string, o Options) {
		s := mustOpenState(t, dir, o)
		if z, d := s.Applied(); z != 0 || d != 0 {
			t.Fatalf("a new state: %s, %x", z, d)
		}
		mustCommit(t, s, &Checkpoint{
			Zxid: wire.MakeZxid(1, 7), Digest: 1 << 63,
			Nodes:    znodes(Node{"/", []byte{}}, Node{"/a", []byte("A")}, Node{"/a/b", []byte("B")}, Node{"/c", []byte("C")}),
			Sessions: []SessionValue{{-1, []byte("minus")}, {1 << 60, []byte("plus")}, {5, []byte("five")}},
		})
		mustCommit(t, s, &Checkpoint{
			Zxid: wire.MakeZxid(1, 9), Digest: 42,
			Nodes:    znodes(Node{"/a/b", nil}, Node{"/c", []byte("CC")}, Node{"/none", nil}),
			Sessions: []SessionValue{{5, nil}, {6, []byte{}}},
		})
		if err := s.Commit(&Checkpoint{Zxid: wire.MakeZxid(1, 8)}); err == nil {
			t.Error("committed a checkpoint of the past")
		}
		for range 2 {
			nodes, sessions, _ := load(t, s)
			if want := map[string]string{"/": "", "/a": "A", "/c": "CC"}; !maps.Equal(nodes, want) {
				t.Errorf("nodes: %q", nodes)
			}
			if want := map[int64]string{-1: "minus", 1 << 60: "plus", 6: ""}; !maps.Equal(sessions, want) {
				t.Errorf("sessions: %v", sessions)
			}
			if z, d := s.Applied(); z != wire.MakeZxid(1, 9) || d != 42 {
				t.Errorf("applied %s, %x", z, d)
			}
			s.Close()
			s = mustOpenState(t, dir, o)
		}
	})
}

func TestState_LoadsParentsFirst(t *testing.T) {
	s := mustOpenState(t, "state", Options{Open: faulty.New(1, nil).Open})
	rnd := rand.New(rand.NewSource(1))
	known := []string{"/"}
	list := []Node{{"/", []byte{}}}
	seen := map[string]bool{"/": true}
	for range 5000 {
		name := []string{"a", "a-", "a.", "a0", "\x01", "\u00fc", "\U0010ffff", "-", "~", " "}[rnd.Intn(10)]
		p := path.Join(known[rnd.Intn(len(known))], name+fmt.Sprint(rnd.Intn(3)))
		if !seen[p] {
			seen[p] = true
			known = append(known, p)
			list = append(list, Node{p, []byte{}})
		}
	}
	mustCommit(t, s, &Checkpoint{Zxid: 1, Nodes: znodes(list...)})
	_, _, paths := load(t, s)
	loaded := map[string]bool{"/": true}
	for _, p := range paths {
		if !loaded[path.Dir(p)] {
			t.Fatalf("%q comes before its parent", p)
		}
		loaded[p] = true
	}
	if len(paths) != len(known) {
		t.Fatalf("%d of %d paths", len(paths), len(known))
	}
}

func TestState_LoadStops(t *testing.T) {
	s := mustOpenState(t, t.TempDir(), Options{})
	mustCommit(t, s, &Checkpoint{Zxid: 1, Nodes: znodes(Node{"/", []byte{}}, Node{"/a", []byte{}})})
	stop := errors.New("stop")
	calls := 0
	err := s.Load(func(string, []byte) error { calls++; return stop }, nil)
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
	s.Close()
	if err := s.Commit(&Checkpoint{Zxid: 2}); !errors.Is(err, ErrClosed) {
		t.Errorf("commit after close: %v", err)
	}
	if err := s.Load(nil, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("load after close: %v", err)
	}
}

// settles polls the size on disk until it is at most limit.
func settles(t *testing.T, what string, size func() int64, limit int64) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for size() > limit {
		if time.Now().After(deadline) {
			t.Fatalf("%s: %d bytes on disk, not %d", what, size(), limit)
		}
		time.Sleep(time.Millisecond)
	}
}

func overwrite(t *testing.T, s *State, rnd *rand.Rand, many, perCheckpoint int) {
	t.Helper()
	for i := 0; i < many; i += perCheckpoint {
		var list []Node
		for j := range perCheckpoint {
			value := make([]byte, 1024)
			rnd.Read(value)
			list = append(list, Node{fmt.Sprintf("/node/%08d", i+j), value})
		}
		mustCommit(t, s, &Checkpoint{Zxid: s.zxid + 1, Live: int64(many * (1024 + 15)), Nodes: znodes(list...)})
	}
}

func TestState_GivesSpaceBack(t *testing.T) {
	disk := faulty.New(1, nil)
	o := Options{Open: disk.Open, writeBuffer: stateBuffer}
	many := 20000
	if raceDetector { // ten times slower, on a tenth
		many /= 10
		o.writeBuffer /= 10
	}
	live := int64(many * (1024 + 15))
	s := mustOpenState(t, "state", o)
	rnd := rand.New(rand.NewSource(1))
	overwrite(t, s, rnd, many, many/20)
	peak := int64(0)
	for range 10 {
		overwrite(t, s, rnd, many, many/20)
		peak = max(peak, s.Size())
	}
	t.Logf("live %d, at most %d after an overwriting, %d after all", live, peak, s.Size())
	if peak > 4*live {
		t.Errorf("%d bytes on disk for %d live", peak, live)
	}
	settles(t, "overwritten", s.Size, 2*live)
	if raceDetector {
		compacted(s)
	}
	s.Close()
	if s.Size() != disk.Used() {
		t.Errorf("size %d, on disk %d", s.Size(), disk.Used())
	}

	s = mustOpenState(t, "state", o)
	if got, _, _ := load(t, s); len(got) != many {
		t.Fatalf("%d nodes", len(got))
	}
	for i := 0; i < many; i += many / 4 {
		var list []Node
		for j := range many / 4 {
			list = append(list, Node{Path: fmt.Sprintf("/node/%08d", i+j)})
		}
		left := live - int64((i+many/4)*(1024+15))
		mustCommit(t, s, &Checkpoint{Zxid: s.zxid + 1, Live: left, Nodes: znodes(list...)})
	}
	settles(t, "deleted", s.Size, live*3/4)
}

// compacted waits until no compaction runs. LevelDB answers one that Close
// breaks off on a channel which is closed by then, and recovers: that does no
// harm, but the race detector cannot know.
func compacted(s *State) {
	s.waste.mu.Lock()
	running := s.waste.running
	s.waste.mu.Unlock()
	if running != nil {
		<-running
	}
}
