package persistence

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"troupe/wire"
)

var goldenWrite = flag.Bool("golden.write", false, "write testdata of this format, where there is none yet")

// golden is what the databases in testdata hold, in every format there was.
func golden() (records []Entry, nodes map[string]string, sessions map[int64]string) {
	for i := range 40 {
		z := wire.MakeZxid(1, uint32(i+1))
		if i >= 30 {
			z = wire.MakeZxid(3, uint32(i-30))
		}
		records = append(records, Entry{Zxid: z, Data: bytes.Repeat([]byte{byte(i)}, i*20)})
	}
	nodes = map[string]string{"/": "", "/zookeeper": "quota", "/a": "A", "/a/\u00fc": "\x00\xff"}
	for i := range 30 {
		nodes[fmt.Sprintf("/a/%03d", i)] = fmt.Sprint("value ", i)
	}
	sessions = map[int64]string{0x100000000000001: "one", -2: ""}
	return records, nodes, sessions
}

// goldenLow records are trimmed; the last goldenJournal lie in the journal.
const goldenLow, goldenJournal = 5, 10

// TestGolden opens what every format so far has left, written by the version
// that introduced it, and must for ever.
func TestGolden(t *testing.T) {
	if *goldenWrite {
		writeGolden(t, filepath.Join("testdata", fmt.Sprint("format", Format)))
	}
	for format := 1; format <= Format; format++ {
		t.Run(fmt.Sprint("format", format), func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", fmt.Sprint("format", format)))); err != nil {
				t.Fatal(err)
			}
			readGolden(t, dir)
		})
	}
}

func readGolden(t *testing.T, dir string) {
	records, nodes, sessions := golden()
	dirs, err := Locate(dir, "", Options{})
	if err != nil {
		t.Fatal(err)
	}
	stateDir, logDir := dirs.State, dirs.Log
	l, r := mustOpenLog(t, logDir, Options{})
	if got := scan(t, l, 0); !sameEntries(got, records[goldenLow:]) {
		t.Errorf("%d records", len(got))
	}
	if a, c := l.Epochs(); a != 4 || c != 3 || l.EnsembleID() != "golden" {
		t.Errorf("epochs %d, %d, ensemble %q", a, c, l.EnsembleID())
	}
	if !l.Vouches() {
		t.Error("a log with records and without a word about it does not vouch")
	}
	if r.Tail != TailWhole || r.Created || r.Records != 35 ||
		r.Last != records[39].Zxid || r.Committed != records[38].Zxid {
		t.Errorf("recovery: %+v", r)
	}
	s := mustOpenState(t, stateDir, Options{})
	gotNodes, gotSessions, _ := load(t, s)
	if !maps.Equal(gotNodes, nodes) || !maps.Equal(gotSessions, sessions) {
		t.Errorf("nodes %q, sessions %v", gotNodes, gotSessions)
	}
	if z, d := s.Applied(); z != records[35].Zxid || d != 0x0123456789abcdef {
		t.Errorf("applied %s, %x", z, d)
	}
	if err := l.Continues(records[35].Zxid); err != nil {
		t.Error(err)
	}
	l.Close()
	goOn(t, logDir, records)
}

// goOn writes to what another version left until it is trimmed away.
func goOn(t *testing.T, logDir string, records []Entry) {
	t.Helper()
	o := quick()
	o.segment = 4 << 10
	l, _ := mustOpenLog(t, logDir, o)
	all := slices.Concat(records[goldenLow:], entries(rand.New(rand.NewSource(1)), wire.MakeZxid(4, 1), 60, 300))
	for _, e := range all[len(records)-goldenLow:] {
		mustAppend(t, l, []Entry{e}, e.Zxid-1)
	}
	l.Close()
	l, _ = mustOpenLog(t, logDir, o)
	if got := scan(t, l, 0); !sameEntries(got, all) || len(l.segments.list) < 3 {
		t.Errorf("%d records in %d segments", len(got), len(l.segments.list))
	}
	if err := l.Trim(all[len(all)-1].Zxid); err != nil {
		t.Fatal(err)
	}
	if got := scan(t, l, 0); len(got) > 20 || !sameEntries(got, all[len(all)-len(got):]) {
		t.Errorf("%d records left", len(got))
	}
}

func writeGolden(t *testing.T, to string) {
	if _, err := os.Stat(to); err == nil {
		t.Fatalf("%s is there, and stays as it is", to)
	}
	records, nodes, sessions := golden()
	dir := t.TempDir()
	dirs, err := Locate(dir, "", Options{})
	if err != nil {
		t.Fatal(err)
	}
	stateDir, logDir := dirs.State, dirs.Log
	o := Options{segment: 3 << 10} // a few, which format 2 has
	l, _ := mustOpenLog(t, logDir, o)
	mustAppend(t, l, records[:20], 0)
	if err := errors.Join(l.SetAcceptedEpoch(4), l.SetCurrentEpoch(3), l.SetEnsembleID("golden"), l.Trim(records[goldenLow].Zxid)); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, l, records[20:40-goldenJournal], records[19].Zxid)
	l.Close()
	l, _ = mustOpenLog(t, logDir, o)
	mustAppend(t, l, records[40-goldenJournal:], records[38].Zxid)
	l.Close()

	s := mustOpenState(t, stateDir, Options{})
	mustCommit(t, s, &Checkpoint{Zxid: records[30].Zxid, Nodes: znodes(Node{"/gone", []byte("x")}, Node{"/a", []byte("old")})})
	s.Close()
	s = mustOpenState(t, stateDir, Options{})
	c := &Checkpoint{Zxid: records[35].Zxid, Digest: 0x0123456789abcdef}
	list := []Node{{"/gone", nil}}
	for path, v := range nodes {
		list = append(list, Node{path, []byte(v)})
	}
	c.Nodes = znodes(list...)
	for id, v := range sessions {
		c.Sessions = append(c.Sessions, SessionValue{id, []byte(v)})
	}
	mustCommit(t, s, c)
	s.Close()
	copyGolden(t, dir, to)
}

// copyGolden keeps a data directory, but for LevelDB's locks and logs.
func copyGolden(t *testing.T, dir, to string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if name := d.Name(); err == nil && (name == "LOCK" || name == "LOG" || name == "LOG.old") {
			return os.Remove(path)
		}
		return err
	})
	if err = errors.Join(err, os.CopyFS(to, os.DirFS(dir))); err != nil {
		t.Fatal(err)
	}
}

// goldenSwitched is a pair that was received, as version 1 of the file current
// and of chunks had it. Its parts are the old pair and the chunks it was made
// of, beside what became of them.
const goldenSwitched = "testdata/switched1"

// TestGolden_Switched opens a pair that another version received, and receives
// the chunks that one sent.
func TestGolden_Switched(t *testing.T) {
	if *goldenWrite {
		if _, err := os.Stat(goldenSwitched); err == nil {
			t.Fatalf("%s is there, and stays as it is", goldenSwitched)
		}
		writeSwitched(t)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(goldenSwitched)); err != nil {
		t.Fatal(err)
	}
	var chunks [][]byte
	for i := range 3 {
		b, err := os.ReadFile(filepath.Join(dir, fmt.Sprint("chunk", i)))
		if err != nil {
			t.Fatal(err)
		}
		chunks = append(chunks, b)
	}
	check := func() {
		t.Helper()
		if renewed, err := whichPair(dir, "", quick(), nil); err != nil || !renewed {
			t.Errorf("the new one %v: %v", renewed, err)
		}
	}
	check()
	if err := replace(dir, "", Options{}, chunks); err != nil {
		t.Fatal(err)
	}
	check()
	if d, err := Locate(dir, "", Options{}); err != nil || filepath.Base(d.State) != "state.3" {
		t.Errorf("in use: %v, %v", d, err)
	}
}

func writeSwitched(t *testing.T) {
	dir := t.TempDir()
	oldPair(t, dir, "", Options{})
	chunks := chunksOf(t, 10, 150)
	if len(chunks) != 3 {
		t.Fatalf("%d chunks", len(chunks))
	}
	if err := replace(dir, "", Options{}, chunks); err != nil {
		t.Fatal(err)
	}
	for i, c := range chunks {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint("chunk", i)), c, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	copyGolden(t, dir, goldenSwitched) // with what the next Open removes
}
