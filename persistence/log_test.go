package persistence

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"troupe/persistence/faulty"
	"troupe/wire"
)

// disks are the storages on which everything must hold alike.
func disks(t *testing.T, f func(t *testing.T, dir string, o Options)) {
	t.Run("files", func(t *testing.T) { f(t, t.TempDir()+"/data/log", Options{}) })
	t.Run("memory", func(t *testing.T) {
		f(t, "log", Options{Open: faulty.New(1, nil).Open, writeBuffer: 16 << 10})
	})
	t.Run("segments", func(t *testing.T) {
		disk := faulty.New(1, nil)
		f(t, "log", Options{Open: disk.Open, Files: disk, writeBuffer: 4 << 10, segment: 2 << 10})
	})
	t.Run("segments in files", func(t *testing.T) { f(t, t.TempDir()+"/data/log", Options{segment: 4 << 10}) })
}

func mustOpenLog(t *testing.T, dir string, o Options) (*Log, Recovery) {
	t.Helper()
	l, r, err := OpenLog(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, r
}

// entries makes n entries with zxids from, from+1, ... and random data.
func entries(rnd *rand.Rand, from wire.Zxid, n, size int) []Entry {
	es := make([]Entry, n)
	for i := range es {
		es[i] = Entry{Zxid: from + wire.Zxid(i), Data: make([]byte, size)}
		rnd.Read(es[i].Data)
	}
	return es
}

func mustAppend(t *testing.T, l *Log, es []Entry, committed wire.Zxid) {
	t.Helper()
	if err := l.Append(es, committed); err != nil {
		t.Fatal(err)
	}
}

// firstOf is the zxid of the first record, 0 if there is none.
func firstOf(l *Log) wire.Zxid {
	if es, err := l.Read(l.Low()+1, 0); err == nil && len(es) > 0 {
		return es[0].Zxid
	}
	return 0
}

func scan(t *testing.T, l *Log, from wire.Zxid) []Entry {
	t.Helper()
	var es []Entry
	if err := l.Scan(from, func(e Entry) error { es = append(es, e); return nil }); err != nil {
		t.Fatal(err)
	}
	return es
}

func sameEntries(a, b []Entry) bool {
	return slices.EqualFunc(a, b, func(a, b Entry) bool { return a.Zxid == b.Zxid && bytes.Equal(a.Data, b.Data) })
}

func TestLog_KeepsWhatWasAppended(t *testing.T) {
	disks(t, func(t *testing.T, dir string, o Options) {
		rnd := rand.New(rand.NewSource(1))
		l, r := mustOpenLog(t, dir, o)
		if !r.Created || r.Records != 0 || firstOf(l) != 0 || l.Last() != 0 || l.Committed() != 0 {
			t.Fatalf("a new log: %+v", r)
		}
		all := entries(rnd, wire.MakeZxid(1, 1), 100, 300)
		all = append(all, Entry{Zxid: wire.MakeZxid(2, 1), Data: []byte{}})
		all = append(all, entries(rnd, wire.MakeZxid(7, 3), 50, 10)...)
		mustAppend(t, l, all[:1], 0)
		mustAppend(t, l, all[1:90], all[0].Zxid)
		mustAppend(t, l, all[90:], all[89].Zxid)
		mustAppend(t, l, nil, all[100].Zxid)
		check := func() {
			t.Helper()
			if got := scan(t, l, 0); !sameEntries(got, all) {
				t.Fatalf("scan: %d records of %d", len(got), len(all))
			}
			if got := scan(t, l, all[100].Zxid); !sameEntries(got, all[100:]) {
				t.Fatalf("scan from the middle: %d records", len(got))
			}
			if got := scan(t, l, wire.MakeZxid(5, 0)); !sameEntries(got, all[101:]) {
				t.Fatalf("scan from between two records: %d records", len(got))
			}
			if got := scan(t, l, l.Last()+1); len(got) != 0 {
				t.Fatalf("scan behind the end: %d records", len(got))
			}
			if firstOf(l) != all[0].Zxid || l.Last() != all[150].Zxid || l.Committed() != all[89].Zxid || l.Records() != 151 {
				t.Fatalf("first %s, last %s, committed %s, %d records", firstOf(l), l.Last(), l.Committed(), l.Records())
			}
		}
		check()
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l, r = mustOpenLog(t, dir, o)
		check()
		if r.Created || r.Records != 151 || r.Tail != TailWhole || r.Last != l.Last() || r.Bytes != l.Size() || r.Bytes < 30000 {
			t.Fatalf("recovery: %+v", r)
		}
	})
}

func TestLog_RefusesEntriesOutOfOrder(t *testing.T) {
	l, _ := mustOpenLog(t, t.TempDir(), Options{})
	mustAppend(t, l, []Entry{{Zxid: 5}}, 0)
	for _, es := range [][]Entry{{{Zxid: 5}}, {{Zxid: 4}}, {{Zxid: 0}}, {{Zxid: 7}, {Zxid: 6}}, {{Zxid: 7}, {Zxid: 7}}} {
		if err := l.Append(es, 0); err == nil {
			t.Errorf("appended %v behind 5", es)
		}
	}
	if err := l.Err(); err != nil {
		t.Fatalf("a refused entry ended writing: %v", err)
	}
	mustAppend(t, l, []Entry{{Zxid: 6}}, 0)
	if l.Last() != 6 || l.Records() != 2 {
		t.Fatalf("last %s, %d records", l.Last(), l.Records())
	}
}

func TestLog_Trim(t *testing.T) {
	disks(t, func(t *testing.T, dir string, o Options) {
		all := entries(rand.New(rand.NewSource(1)), 101, 2000, 50)
		l, _ := mustOpenLog(t, dir, o)
		mustAppend(t, l, all, 0)
		for _, below := range []wire.Zxid{0, 101, 102, 110, 110, 1400, 1399, 2100} {
			if err := l.Trim(below); err != nil {
				t.Fatal(err)
			}
			first := max(below, firstOf(l))
			if firstOf(l) != first || l.Records() != uint64(2101-first) || l.Last() != 2100 {
				t.Fatalf("after trim below %s: first %s, %d records", below, firstOf(l), l.Records())
			}
			if got := scan(t, l, 0); !sameEntries(got, all[first-101:]) {
				t.Fatalf("after trim below %s: %d records", below, len(got))
			}
		}
		if err := l.Scan(2099, func(Entry) error { return nil }); !errors.Is(err, ErrTrimmed) {
			t.Fatalf("scan of what was trimmed: %v", err)
		}
		if err := l.Trim(5000); err != nil {
			t.Fatal(err)
		}
		empty := func() {
			t.Helper()
			if firstOf(l) != 0 || l.Last() != 0 || l.Records() != 0 || len(scan(t, l, 0)) != 0 || l.Committed() != 2100 {
				t.Fatalf("empty log: first %s, last %s, %d records", firstOf(l), l.Last(), l.Records())
			}
		}
		empty()
		l.Close()
		l, _ = mustOpenLog(t, dir, o)
		empty()
		if err := l.Append([]Entry{{Zxid: 2100}}, 0); err == nil {
			t.Fatal("appended a zxid that was trimmed away")
		}
		mustAppend(t, l, []Entry{{Zxid: 2101, Data: []byte("x")}}, 0)
		l.Close()
		l, _ = mustOpenLog(t, dir, o)
		if got := scan(t, l, 2101); len(got) != 1 || firstOf(l) != 2101 || l.Records() != 1 {
			t.Fatalf("behind an emptied log: %v", got)
		}
	})
}

func TestLog_TruncateAfter(t *testing.T) {
	disks(t, func(t *testing.T, dir string, o Options) {
		all := entries(rand.New(rand.NewSource(1)), wire.MakeZxid(1, 1), 100, 50)
		l, _ := mustOpenLog(t, dir, o)
		mustAppend(t, l, all[:50], 0)
		mustAppend(t, l, all[50:], all[19].Zxid)
		if err := l.TruncateAfter(all[18].Zxid); err == nil {
			t.Fatal("truncated a committed record")
		}
		if err := l.TruncateAfter(all[99].Zxid); err != nil || l.Records() != 100 {
			t.Fatalf("truncate after the last: %v, %d records", err, l.Records())
		}
		if err := l.TruncateAfter(all[39].Zxid); err != nil {
			t.Fatal(err)
		}
		more := entries(rand.New(rand.NewSource(2)), wire.MakeZxid(2, 1), 10, 20)
		mustAppend(t, l, more, 0)
		want := slices.Concat(all[:40], more)
		l.Close()
		l, _ = mustOpenLog(t, dir, o)
		if got := scan(t, l, 0); !sameEntries(got, want) || l.Records() != 50 || l.Committed() != all[19].Zxid {
			t.Fatalf("%d records, committed %s", len(got), l.Committed())
		}
		if err := l.Trim(all[30].Zxid); err != nil {
			t.Fatal(err)
		}
		// The records behind an empty log's low are all there is to truncate.
		if err := l.TruncateAfter(all[29].Zxid); err != nil || firstOf(l) != 0 || l.Last() != 0 || l.Records() != 0 {
			t.Fatalf("truncate all: %v, first %s, last %s", err, firstOf(l), l.Last())
		}
		mustAppend(t, l, all[30:32], 0)
		if got := scan(t, l, 0); !sameEntries(got, all[30:32]) {
			t.Fatalf("%d records", len(got))
		}
	})
}

func TestLog_Meta(t *testing.T) {
	disks(t, func(t *testing.T, dir string, o Options) {
		l, _ := mustOpenLog(t, dir, o)
		if err := errors.Join(l.SetAcceptedEpoch(3), l.SetCurrentEpoch(2), l.SetEnsembleID("c0ffee"), l.SetCommitted(17),
			l.SetCommitted(16)); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if a, c := l.Epochs(); a != 3 || c != 2 || l.EnsembleID() != "c0ffee" || l.Committed() != 17 {
				t.Fatalf("epochs %d, %d, ensemble %q, committed %s", a, c, l.EnsembleID(), l.Committed())
			}
			l.Close()
			l, _ = mustOpenLog(t, dir, o)
		}
	})
}

func TestLog_Continues(t *testing.T) {
	l, _ := mustOpenLog(t, t.TempDir(), Options{})
	mustAppend(t, l, entries(rand.New(rand.NewSource(1)), 1, 100, 1), 0)
	if err := l.Trim(50); err != nil {
		t.Fatal(err)
	}
	for applied, want := range map[wire.Zxid]error{48: ErrDamaged, 49: nil, 50: nil, 100: nil, 101: ErrDamaged} {
		if err := l.Continues(applied); !errors.Is(err, want) {
			t.Errorf("a state at %s: %v", applied, err)
		}
	}
}

func TestLog_Close(t *testing.T) {
	l, _ := mustOpenLog(t, t.TempDir(), Options{})
	mustAppend(t, l, entries(rand.New(rand.NewSource(1)), 1, 10, 1), 0)
	scanning, closed := make(chan bool), make(chan error)
	go func() {
		<-scanning
		closed <- l.Close()
	}()
	err := l.Scan(0, func(e Entry) error {
		if e.Zxid == 1 {
			scanning <- true
		}
		for l.Append([]Entry{{Zxid: l.Last() + 1}}, 0) == nil { // until Close has begun
		}
		return nil
	})
	if !errors.Is(err, ErrClosed) {
		t.Errorf("a scan that Close overtook: %v", err)
	}
	if err := <-closed; err != nil {
		t.Errorf("close: %v", err)
	}
	for name, f := range map[string]func() error{
		"append":    func() error { return l.Append([]Entry{{Zxid: 1 << 40}}, 0) },
		"scan":      func() error { return l.Scan(0, nil) },
		"trim":      func() error { return l.Trim(5) },
		"truncate":  func() error { return l.TruncateAfter(5) },
		"epoch":     func() error { return l.SetAcceptedEpoch(5) },
		"committed": func() error { return l.SetCommitted(1 << 50) },
		"close":     func() error { return l.Close() },
	} {
		if err := f(); !errors.Is(err, ErrClosed) {
			t.Errorf("%s after close: %v", name, err)
		}
	}
}

// Trim and Scan run beside Append. Segments are smaller than a write buffer,
// so that none is closed while it is flushed: the race detector would tell of
// LevelDB, which then closes a channel beside an attempt to send on it.
func TestLog_Concurrent(t *testing.T) {
	disk := faulty.New(1, nil)
	l, _ := mustOpenLog(t, "log", Options{Open: disk.Open, Files: disk, writeBuffer: 64 << 10, segment: 32 << 10})
	rnd := rand.New(rand.NewSource(1))
	const last = 20000
	done := make(chan error, 2)
	go func() {
		for l.Last() < last {
			if err := l.Trim(l.Last() - min(l.Last(), 1000)); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	go func() {
		for l.Last() < last {
			if err := l.Scan(0, func(Entry) error { return nil }); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for z := wire.Zxid(1); z <= last; {
		es := entries(rnd, z, 1+rnd.Intn(20), 100)
		mustAppend(t, l, es, z-1)
		z += wire.Zxid(len(es))
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if err := l.Scan(0, func(Entry) error { return nil }); err != nil {
		t.Error(err)
	}
}

func ExampleLog() {
	l, _, err := OpenLog("log", Options{Open: faulty.New(1, nil).Open})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	err = l.Append([]Entry{{Zxid: wire.MakeZxid(1, 1), Data: []byte("one")}, {Zxid: wire.MakeZxid(1, 2), Data: []byte("two")}}, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = l.Scan(0, func(e Entry) error {
		fmt.Printf("%s %s\n", e.Zxid, e.Data)
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// 0x100000001 one
	// 0x100000002 two
}
