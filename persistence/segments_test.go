package persistence

import (
	"errors"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"troupe/persistence/faulty"
	"troupe/wire"
)

// inSegments writes a log of 200 records in a dozen segments and more, on real
// files.
func inSegments(t *testing.T) (dir string, o Options, all []Entry) {
	t.Helper()
	dir, o = t.TempDir(), quick()
	o.segment, o.writeBuffer = 4<<10, 16<<10
	l, _ := mustOpenLog(t, dir, o)
	all = entries(rand.New(rand.NewSource(1)), 1, 200, 250)
	for _, e := range all {
		mustAppend(t, l, []Entry{e}, e.Zxid-1)
	}
	if n := len(l.segments.list); n < 12 {
		t.Fatalf("%d segments", n)
	}
	l.Close()
	return dir, o, all
}

func segmentDirs(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, segmentName+"*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Trim removes whole segments, and nothing of them is written or compacted.
func TestSegments_Trim(t *testing.T) {
	disk := faulty.New(1, nil)
	o := Options{Open: disk.Open, Files: disk, segment: 8 << 10, writeBuffer: 16 << 10}
	l, _ := mustOpenLog(t, "log", o)
	all := entries(rand.New(rand.NewSource(1)), 1, 400, 250)
	for i := 0; i < len(all); i += 4 {
		mustAppend(t, l, all[i:i+4], 0)
	}
	if err := l.Trim(100); err != nil || l.Low() < 60 || l.Low() > 99 {
		t.Fatalf("trimmed to %s: %v", l.Low(), err)
	}
	segments, size, ops := len(l.segments.list), l.Size(), disk.Ops()
	release := l.Pin(250)
	for _, c := range []struct {
		release  func()
		from, to wire.Zxid
	}{{nil, 200, 250}, {release, 350, 399}} {
		if c.release != nil {
			c.release()
		}
		if err := l.Trim(400); err != nil || l.Low() < c.from || l.Low() > c.to || firstOf(l) != l.Low()+1 {
			t.Fatalf("trimmed to %s, not from %s to %s: %v", l.Low(), c.from, c.to, err)
		}
		if got := scan(t, l, 0); !sameEntries(got, all[l.Low():]) || l.Records() != uint64(len(got)) {
			t.Fatalf("%d records", len(got))
		}
	}
	// A dozen segments: a batch each time, and what there is to be removed.
	if ops = disk.Ops() - ops; len(l.segments.list) > 3 || l.Size() > size/3 || ops > 10*segments {
		t.Errorf("%d segments, %d bytes of %d, %d operations", len(l.segments.list), l.Size(), size, ops)
	}
	counts(t, disk, l)
	last := l.Last()
	l.Close()
	l, r := mustOpenLog(t, "log", o)
	if r.Last != last || firstOf(l) != l.Low()+1 {
		t.Errorf("recovery: %+v", r)
	}
}

// counts polls until what the log counts is what is on the disk, which are not
// changed at once when LevelDB removes a file.
func counts(t *testing.T, disk *faulty.Disk, l *Log) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for disk.Used() != l.Size() {
		if time.Now().After(deadline) {
			t.Fatalf("%d bytes on disk, %d counted", disk.Used(), l.Size())
		}
		time.Sleep(time.Millisecond)
	}
}

// A segment that is not there, not whole, or another's, is damage; what is in a full one
// shows when it is read.
func TestSegments_Damage(t *testing.T) {
	for name, edit := range map[string]func(dir string) error{
		"the newest missing": func(dir string) error { return os.RemoveAll(theFile(t, dir, segmentName+"1[0-9]")) },
		"one missing":        func(dir string) error { return os.RemoveAll(filepath.Join(dir, segmentName+"3")) },
		"the end of one cut off": func(dir string) error {
			return os.Truncate(theFile(t, filepath.Join(dir, segmentName+"3"), "*.log"), 1000)
		},
		"a flip in the oldest": func(dir string) error {
			edit(t, theFile(t, dir, "*.log"), flip(func(n int) int { return n / 2 }))
			return nil
		},
		"one exchanged": func(dir string) error {
			three, four := filepath.Join(dir, segmentName+"3"), filepath.Join(dir, segmentName+"4")
			return errors.Join(os.Rename(three, three+"x"), os.Rename(four, three), os.Rename(three+"x", four))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, o, _ := inSegments(t)
			if err := edit(dir); err != nil {
				t.Fatal(err)
			}
			l, _, err := OpenLog(dir, o)
			if err == nil && strings.Contains(name, "one") {
				defer l.Close()
				err = l.Scan(0, func(Entry) error { return nil })
			}
			if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), dir) {
				t.Errorf("%v", err)
			}
		})
	}
}

// What a suspect tail says counts wherever it is, for the whole log.
func TestSegments_Suspect(t *testing.T) {
	dir, o, all := inSegments(t)
	newest := theFile(t, dir, segmentName+"1[0-9]")
	l, _ := mustOpenLog(t, dir, o)
	if err := l.Enter(1, "x"); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, l, []Entry{{Zxid: 201, Data: make([]byte, 200)}}, 0)
	if l.segments.newest().db.dir != newest {
		t.Fatal("one segment more than was looked for")
	}
	l.Close()
	edit(t, theFile(t, newest, "*.log"), flip(func(n int) int { return n - 50 }))
	for i := range 2 {
		l, r := mustOpenLog(t, dir, o)
		if l.Vouches() || l.Last() != 200 || (r.Tail == TailSuspect) != (i == 0) {
			t.Errorf("vouches %v, last %s: %+v", l.Vouches(), l.Last(), r)
		}
		if got := scan(t, l, 0); !sameEntries(got, all) {
			t.Errorf("%d records", len(got))
		}
		l.Close()
	}
}

// Directories of segments that are no part of the log are removed at the next
// opening; the numbers of the format tell an older version to stay away.
func TestSegments_Leftovers(t *testing.T) {
	dir, o, _ := inSegments(t)
	there := segmentDirs(t, dir)
	for _, name := range []string{"segment.0", "segment.77"} {
		if err := os.MkdirAll(filepath.Join(dir, name, "x"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	l, _ := mustOpenLog(t, dir, o)
	if got := segmentDirs(t, dir); strings.Join(got, " ") != strings.Join(there, " ") {
		t.Errorf("there is %v, not %v", got, there)
	}
	if v, err := l.db.get(keyFormat); err != nil || v[4] != segmentFormat {
		t.Errorf("format %x, %v", v, err)
	}
	if err := l.TruncateAfter(199); err != nil {
		t.Error(err)
	}
	l.Close()
	l, _ = mustOpenLog(t, t.TempDir(), o)
	if v, err := l.db.get(keyFormat); err != nil || v[4] != firstFormat {
		t.Errorf("format %x without segments, %v", v, err)
	}
}

// A full segment is closed, opened while somebody reads it, and not changed by that:
// what is in it was written once.
func TestSegments_FullOnes(t *testing.T) {
	dir, o, all := inSegments(t)
	open := func(l *Log) (n int) {
		for _, s := range l.segments.list {
			if s.current() != nil {
				n++
			}
		}
		return n
	}
	l, _ := mustOpenLog(t, dir, o)
	size := l.Size()
	if n := open(l); n != 2 {
		t.Errorf("%d are open, not the first and the newest", n)
	}
	if ends, err := l.EpochEnds(0); err != nil || len(ends) != 1 || open(l) != 2 {
		t.Errorf("ends of epochs: %v, %v, with %d open", ends, err, open(l))
	}
	for range 2 {
		if got := scan(t, l, 0); !sameEntries(got, all) || open(l) > 3 {
			t.Errorf("%d records, %d are open", len(got), open(l))
		}
		l.rest.hold(nil)
		if n := open(l); n != 2 || l.Size() != size {
			t.Errorf("%d are open, %d bytes and not %d", n, l.Size(), size)
		}
	}
	for _, s := range l.segments.list[1 : len(l.segments.list)-1] {
		if tables, _ := filepath.Glob(filepath.Join(s.dir, "*.ldb")); len(tables) > 0 {
			t.Errorf("tables: %v", tables)
		}
	}
}

// One that cannot be closed ends writing: nobody knows what is wrong with the disk.
func TestSegments_BadClose(t *testing.T) {
	dir, o, _ := inSegments(t)
	l, _ := mustOpenLog(t, dir, o)
	s := l.segments.list[1]
	s.enter()
	db, err := s.opened()
	if err != nil {
		t.Fatal(err)
	}
	db.close() // so that another time fails
	s.leave()
	l.rest.hold(nil)
	if err := l.Append([]Entry{{Zxid: 500}}, 0); !errors.Is(err, ErrStopped) {
		t.Error(err)
	}
}

// A truncation goes back over segments, and what is committed is not forgotten
// with the records that said so.
func TestSegments_Truncate(t *testing.T) {
	dir, o, _ := inSegments(t)
	l, _ := mustOpenLog(t, dir, o)
	more := entries(rand.New(rand.NewSource(2)), 201, 100, 250)
	for _, e := range more {
		mustAppend(t, l, []Entry{e}, 0)
	}
	if err := l.TruncateAfter(198); err == nil {
		t.Error("truncated what is committed")
	}
	scanning := make(chan error)
	began := make(chan bool)
	go func() { // whose segments are removed under it
		scanning <- l.Scan(1, func(e Entry) error {
			if e.Zxid == 1 {
				began <- true
			}
			return nil
		})
	}()
	<-began
	before := len(l.segments.list)
	if err := l.TruncateAfter(199); err != nil {
		t.Fatal(err)
	}
	if err := <-scanning; err != nil {
		t.Errorf("a scan beside it: %v", err)
	}
	if n := len(l.segments.list); n > before-4 || len(segmentDirs(t, dir)) != n-1 {
		t.Errorf("%d segments of %d", n, before)
	}
	mustAppend(t, l, more[50:60], 0)
	l.Close()
	l, _ = mustOpenLog(t, dir, o)
	if got := scan(t, l, 200); !sameEntries(got, more[50:60]) || l.Committed() != 199 || l.Records() != 209 {
		t.Errorf("%d records, committed %s", len(got), l.Committed())
	}
}

// One failure ends writing in all segments, and the meta data.
func TestSegments_FailTogether(t *testing.T) {
	disk := faulty.New(1, nil)
	o := Options{Open: disk.Open, Files: disk, segment: 2 << 10}
	l, _ := mustOpenLog(t, "log", o)
	mustAppend(t, l, entries(rand.New(rand.NewSource(1)), 1, 20, 250), 0)
	mustAppend(t, l, entries(rand.New(rand.NewSource(1)), 21, 2, 250), 0)
	disk.Fail(faulty.Sync, 1, os.ErrDeadlineExceeded)
	if err := l.Append([]Entry{{Zxid: 50}}, 0); !errors.Is(err, ErrStopped) {
		t.Errorf("append: %v", err)
	}
	if err := l.SetAcceptedEpoch(1); !errors.Is(err, ErrStopped) {
		t.Errorf("epoch: %v", err)
	}
	if err := l.Err(); !errors.Is(err, ErrStopped) {
		t.Error(err)
	}
	l.Close()
	l, _ = mustOpenLog(t, "log", o)
	if l.Last() < 22 {
		t.Errorf("last %s", l.Last())
	}
}
