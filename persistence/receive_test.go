package persistence

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"troupe/persistence/faulty"
	"troupe/wire"
)

// received is where the state in these tests stands that another sends.
var received = wire.MakeZxid(5, 7)

// chunksOf are the chunks of a state of n nodes and a session, at received.
func chunksOf(t testing.TB, n, maxBytes int) [][]byte {
	t.Helper()
	s, err := OpenState("from", Options{Open: faulty.New(1, nil).Open})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var list []Node
	for i := range n {
		list = append(list, Node{fmt.Sprintf("/new/%04d", i), fmt.Appendf(nil, "value %d", i)})
	}
	c := &Checkpoint{Zxid: received, Digest: 77, Nodes: znodes(list...), Sessions: []SessionValue{{-3, []byte("session")}}}
	if err := s.Commit(c); err != nil {
		t.Fatal(err)
	}
	return exportAll(t, s, maxBytes)
}

func exportAll(t testing.TB, s *State, maxBytes int) (chunks [][]byte) {
	t.Helper()
	e, err := s.Export()
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for done := false; !done; {
		var chunk []byte
		if chunk, done, err = e.Next(maxBytes); err != nil {
			t.Fatal(err)
		}
		chunks = append(chunks, chunk)
	}
	return chunks
}

// oldPair leaves a pair that is to be replaced: a state at 3, and 8 records.
func oldPair(t testing.TB, dataDir, dataLogDir string, o Options) {
	t.Helper()
	s, l, _, err := Open(dataDir, dataLogDir, o)
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(l.SetAcceptedEpoch(2), l.Enter(2, "old"), s.Commit(&Checkpoint{Zxid: 3, Nodes: znodes(Node{"/old", []byte("old")})}))
	for z := wire.Zxid(1); z <= 8; z++ {
		err = errors.Join(err, l.Append([]Entry{{Zxid: z, Data: []byte("old")}}, 3))
	}
	if err = errors.Join(err, s.Close(), l.Close()); err != nil {
		t.Fatal(err)
	}
}

// replace takes a state from another.
func replace(dataDir, dataLogDir string, o Options, chunks [][]byte) error {
	in, err := Receive(dataDir, dataLogDir, o, received, 77)
	if err != nil {
		return err
	}
	for _, c := range chunks {
		if err := in.Put(c); err != nil {
			return errors.Join(err, in.Abort())
		}
	}
	if err := in.Finish(6, 5, "new", true); err != nil {
		return errors.Join(err, in.Abort())
	}
	return in.Abort() // which has nothing to take back
}

// whichPair tells which of the two is there, all of it; it opens and closes.
func whichPair(dataDir, dataLogDir string, o Options, then func(*Log) error) (renewed bool, err error) {
	s, l, _, err := Open(dataDir, dataLogDir, o)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, s.Close(), l.Close()) }()
	nodes, sessions := make(map[string]string), make(map[int64]string)
	if err := errors.Join(s.Load(
		func(path string, v []byte) error { nodes[path] = string(v); return nil },
		func(id int64, v []byte) error { sessions[id] = string(v); return nil }),
		l.Continues(s.zxid), l.Scan(0, func(Entry) error { return nil })); err != nil {
		return false, err
	}
	a, c := l.Epochs()
	found := fmt.Sprint(s.zxid, s.digest, len(nodes), nodes["/old"], nodes["/new/0009"], sessions, l.Low(), l.Committed(),
		a, c, l.EnsembleID(), l.Vouches(), l.Records() >= 8)
	switch found {
	case fmt.Sprint(wire.Zxid(3), 0, 1, "old", "", map[int64]string{}, wire.Zxid(0), wire.Zxid(3), 2, 2, "old", true, true):
	case fmt.Sprint(received, 77, 10, "", "value 9", map[int64]string{-3: "session"}, received, received, 6, 5, "new", true, false):
		renewed = true
	default:
		return false, wrong("neither the one nor the other: %s", found)
	}
	if then != nil {
		err = then(l)
	}
	return renewed, err
}

func TestReceive(t *testing.T) {
	data, logs := t.TempDir(), t.TempDir()
	oldPair(t, data, logs, Options{})
	there := func(want string) {
		t.Helper()
		var names []string
		for _, dir := range []string{data, logs} {
			found, err := system{}.ReadDir(filepath.Join(dir, ours))
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, found...)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("there is %s, not %s", got, want)
		}
	}
	chunks := chunksOf(t, 10, 100)
	if len(chunks) < 3 {
		t.Fatalf("%d chunks", len(chunks))
	}
	in, err := Receive(data, logs, Options{}, received, 77)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(in.Put(chunks[0]), in.Abort(), in.Abort()); err != nil || in.Received() != int64(len(chunks[0])) {
		t.Fatalf("abort: %v, %d bytes", err, in.Received())
	}
	there("state log")
	check := func(want bool) {
		t.Helper()
		if renewed, err := whichPair(data, logs, Options{}, nil); err != nil || renewed != want {
			t.Errorf("the new one %v: %v", renewed, err)
		}
	}
	check(false)
	for _, want := range []string{"state.2 log.2", "state.3 log.3"} {
		if err := replace(data, logs, Options{}, chunks); err != nil {
			t.Fatal(err)
		}
		state, log, _ := strings.Cut(want, " ")
		if d, err := Locate(data, logs, Options{}); err != nil || d != (Directories{filepath.Join(data, ours, state), filepath.Join(logs, ours, log)}) {
			t.Errorf("in use: %v, %v", d, err)
		}
		check(true)
		there("current " + want)
	}
	s, l, r, err := Open(data, logs, Options{})
	if err != nil || r.Created || l.Last() != 0 || firstOf(l) != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	defer s.Close()
	if ends, err := l.EpochEnds(0); err != nil || len(ends) != 0 {
		t.Errorf("a log that has only begun has ends %v, %v", ends, err)
	}
	mustAppend(t, l, []Entry{{Zxid: received + 1}}, received)
	l.Close()
	l, _ = mustOpenLog(t, l.db.dir, Options{})
	if es := scan(t, l, received+1); len(es) != 1 || l.Records() != 1 {
		t.Errorf("%d records behind the state", len(es))
	}
}

// stepsOf runs f with a crash at each of its operations in turn, until it
// needs no more.
func stepsOf(t *testing.T, prepare, f func(d *faulty.Disk) error, after func(d *faulty.Disk, step int)) {
	for step := 1; ; step++ {
		disk := faulty.New(int64(step), nil)
		if err := prepare(disk); err != nil {
			t.Fatal(err)
		}
		disk.CrashAt(step)
		err := f(disk)
		if !disk.Crashed() {
			if err != nil || step < 20 {
				t.Fatalf("%d steps: %v", step, err)
			}
			return
		}
		after(disk, step)
	}
}

// A crash at any step of taking another's state leaves one pair or the other,
// which the next one keeps to, and what is acknowledged in it.
func TestReceive_CrashAtEachStep(t *testing.T) {
	chunks := chunksOf(t, 10, 200)
	options := func(d *faulty.Disk) Options { return Options{Open: d.Open, Files: d} }
	outcomes := make(map[string]int)
	look := func(d *faulty.Disk, step int, how string, then func(*Log) error) bool {
		t.Helper()
		renewed, err := whichPair("data", "logs", options(d), then)
		if err != nil {
			t.Fatalf("step %d, %s: %v", step, how, err)
		}
		outcomes[fmt.Sprint(how, " ", renewed)]++
		names, err := d.ReadDir("data/troupe")
		if err != nil || len(slices.DeleteFunc(names, func(n string) bool { return n == currentFile })) != 1 {
			t.Fatalf("step %d, %s: %v left, %v", step, how, names, err)
		}
		return renewed
	}
	must := func(d *faulty.Disk, err error) *faulty.Disk {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	stepsOf(t,
		func(d *faulty.Disk) error { oldPair(t, "data", "logs", options(d)); return nil },
		func(d *faulty.Disk) error { return replace("data", "logs", options(d), chunks) },
		func(d *faulty.Disk, step int) {
			for range 3 {
				look(must(d.PowerLoss()), step, "power loss", nil)
				killed := must(d.Kill())
				var last wire.Zxid
				renewed := look(killed, step, "kill", func(l *Log) error {
					last = max(l.Last(), l.Low()) + 1
					return l.Append([]Entry{{Zxid: last}}, 0)
				})
				for range 3 {
					again := look(must(killed.PowerLoss()), step, "power loss after a kill", func(l *Log) error {
						if l.Last() != last {
							return wrong("acknowledged %s, last %s", last, l.Last())
						}
						return nil
					})
					if again != renewed {
						t.Fatalf("step %d: the pair has changed once more", step)
					}
				}
			}
		})
	t.Log(outcomes)
	if len(outcomes) != 6 {
		t.Errorf("not all was seen: %v", outcomes)
	}
}

// An error at any step, too, leaves one or the other to the next Open.
func TestReceive_FaultAtEachStep(t *testing.T) {
	skipUnderRace(t)
	chunks := chunksOf(t, 10, 200)
	for _, op := range []faulty.Op{faulty.Create, faulty.Write, faulty.Sync, faulty.SyncDir, faulty.SetMeta, faulty.Remove, faulty.Rename} {
		failed := 0
		for n := 1; n <= 25; n++ {
			disk := faulty.New(int64(n), nil)
			o := Options{Open: disk.Open, Files: disk}
			oldPair(t, "data", "logs", o)
			disk.Fail(op, n, os.ErrDeadlineExceeded)
			err := replace("data", "logs", o, chunks)
			if err != nil {
				failed++
			}
			left, lerr := disk.PowerLoss()
			if lerr != nil {
				t.Fatal(lerr)
			}
			renewed, lerr := whichPair("data", "logs", Options{Open: left.Open, Files: left}, nil)
			if lerr != nil || err == nil && !renewed {
				t.Errorf("%s %d: %v, then %v, renewed %v", op, n, err, lerr, renewed)
			}
		}
		if failed == 0 && op != faulty.Remove {
			t.Errorf("%s: no failure was told of", op)
		}
	}
}

func TestReceive_Refuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := Receive(dir, "", quick(), received, 77); err == nil {
		t.Error("received beside nothing")
	}
	oldPair(t, dir, "", Options{})
	chunks := chunksOf(t, 10, 150)
	in, err := Receive(dir, "", Options{}, received, 77)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(name string, chunk []byte) {
		t.Helper()
		if err := in.Put(chunk); !errors.Is(err, errBadBytes) {
			t.Errorf("%s: %v", name, err)
		}
	}
	refused("nothing", nil)
	refused("the second first", chunks[1])
	back := appendChunkEntry(appendChunkEntry(appendChunkHead(nil, 0), []byte("n/b"), nil), []byte("n/a"), nil)
	sealChunk(back, false)
	refused("keys out of order", back)
	if err := in.Put(chunks[0]); err != nil {
		t.Fatal(err)
	}
	refused("the first twice", chunks[0])
	over := appendChunkEntry(appendChunkHead(nil, 1), []byte("n/a"), nil)
	sealChunk(over, false)
	refused("a key of before", over)
	if err := in.Finish(1, 1, "", true); err == nil {
		t.Error("finished without the last chunk")
	}
	for _, c := range chunks[1:] {
		if err := in.Put(c); err != nil {
			t.Fatal(err)
		}
	}
	end := appendChunkHead(nil, uint32(len(chunks)))
	sealChunk(end, true)
	refused("behind the last", end)
	if err := in.Abort(); err != nil {
		t.Fatal(err)
	}
	if err := in.Finish(1, 1, "", true); err == nil {
		t.Error("finished what was aborted")
	}
	refused("after the end", chunks[0])
}

// What is not in use goes only when it is certain what is.
func TestLocate_Doubt(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(data, logs string) error
		want error
	}{
		"state lost":   {func(data, logs string) error { return os.RemoveAll(data + "/troupe/state.2") }, ErrDamaged},
		"log lost":     {func(data, logs string) error { return os.RemoveAll(logs + "/troupe/log.2") }, ErrDamaged},
		"dataDir lost": {func(data, logs string) error { return os.RemoveAll(data + "/troupe") }, ErrDamaged},
		"current lost": {func(data, logs string) error { return os.Remove(data + "/troupe/current") }, ErrDamaged},
		"current torn": {func(data, logs string) error { return os.Truncate(data+"/troupe/current", 40) }, ErrDamaged},
		"both lost": {func(data, logs string) error {
			return errors.Join(os.RemoveAll(data+"/troupe"), os.RemoveAll(logs+"/troupe"))
		}, nil},
		"a copy beside":     {func(data, logs string) error { return os.Mkdir(data+"/troupe/state.2.bak", 0o755) }, nil},
		"a leftover beside": {func(data, logs string) error { return os.Mkdir(logs+"/troupe/log.9", 0o755) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			data, logs := t.TempDir(), t.TempDir()
			oldPair(t, data, logs, quick())
			if err := replace(data, logs, Options{}, chunksOf(t, 10, 1000)); err != nil {
				t.Fatal(err)
			}
			if _, err := whichPair(data, logs, quick(), nil); err != nil {
				t.Fatal(err)
			}
			if err := c.edit(data, logs); err != nil {
				t.Fatal(err)
			}
			s, l, _, err := Open(data, logs, quick())
			if err == nil {
				defer s.Close()
				defer l.Close()
			}
			if !errors.Is(err, c.want) || (err != nil) != (c.want != nil) {
				t.Errorf("%v, not %v", err, c.want)
			}
			_, bak := os.Stat(data + "/troupe/state.2.bak")
			_, left := os.Stat(logs + "/troupe/log.9")
			if (bak == nil) != (name == "a copy beside") || left == nil {
				t.Errorf("removed what is not ours, or left what is: %v, %v", bak, left)
			}
		})
	}
}

// While a pair is in use, no other process gets at it, or clears up beside it.
func TestOpen_PairInUse(t *testing.T) {
	dir := t.TempDir()
	s, l, _, err := Open(dir, "", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	defer l.Close()
	in, err := Receive(dir, "", Options{}, received, 77)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Abort()
	if _, _, _, err := Open(dir, "", Options{}); !errors.Is(err, ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	if err := in.Put(chunksOf(t, 10, 1<<20)[0]); err != nil {
		t.Error(err)
	}
	h := homeOf(dir, "", nil)
	if err := in.Finish(1, 1, "x", false); err != nil {
		t.Error(err)
	}
	if err := h.settle(firstPair); !errors.Is(err, ErrInUse) {
		t.Errorf("went on with a pair that is no longer in use: %v", err)
	}
}
