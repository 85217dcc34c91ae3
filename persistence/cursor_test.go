package persistence

import (
	"bytes"
	"errors"
	"math"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"troupe/persistence/faulty"
	"troupe/wire"
)

func TestLog_Read(t *testing.T) {
	disks(t, func(t *testing.T, dir string, o Options) {
		rnd := rand.New(rand.NewSource(1))
		l, _ := mustOpenLog(t, dir, o)
		if es, err := l.Read(1, 100); err != nil || len(es) != 0 {
			t.Fatalf("read an empty log: %d records, %v", len(es), err)
		}
		all := slices.Concat(entries(rnd, wire.MakeZxid(1, 1), 500, 100), entries(rnd, wire.MakeZxid(3, 1), 10, 5000))
		mustAppend(t, l, all, 0)
		for _, maxBytes := range []int{-1, 0, 1, 300, 10000, math.MaxInt} {
			next := 0
			for from := wire.Zxid(0); next < len(all); from = all[next-1].Zxid + 1 {
				es, err := l.Read(from, maxBytes)
				if err != nil || len(es) == 0 || next+len(es) > len(all) || !sameEntries(es, all[next:next+len(es)]) {
					t.Fatalf("read %s, %d: %d records, %v", from, maxBytes, len(es), err)
				}
				if size := len(es) * (len(es[0].Data) + recordHeader + recordKeyLen); len(es) > 1 && size-10000 > maxBytes {
					t.Fatalf("read %d bytes, not %d", size, maxBytes)
				}
				next += len(es)
			}
		}
		for _, from := range []wire.Zxid{l.Last() + 1, math.MaxUint64} {
			if es, err := l.Read(from, 100); err != nil || len(es) != 0 {
				t.Errorf("read behind the last: %d records, %v", len(es), err)
			}
		}
		if es, err := l.Read(wire.MakeZxid(2, 0), 1); err != nil || es[0].Zxid != wire.MakeZxid(3, 1) {
			t.Errorf("read from between two records: %v", err)
		}
		if err := l.Trim(all[100].Zxid); err != nil {
			t.Fatal(err)
		}
		if l.Low() != all[99].Zxid {
			t.Errorf("low %s", l.Low())
		}
		for _, from := range []wire.Zxid{0, all[99].Zxid} {
			if _, err := l.Read(from, 100); !errors.Is(err, ErrTrimmed) {
				t.Errorf("read what was trimmed: %v", err)
			}
		}
		if es, err := l.Read(all[100].Zxid, 1); err != nil || es[0].Zxid != all[100].Zxid {
			t.Errorf("read the first: %v", err)
		}
		l.Close()
		if _, err := l.Read(all[100].Zxid, 1); !errors.Is(err, ErrClosed) {
			t.Errorf("read after close: %v", err)
		}
	})
}

// Read notices a record that is missing: before the first returned, between
// two, and at the end.
func TestLog_ReadChecks(t *testing.T) {
	for _, lost := range []wire.Zxid{10, 15, 20} {
		l, _ := mustOpenLog(t, t.TempDir(), quick())
		mustAppend(t, l, entries(rand.New(rand.NewSource(1)), 1, 20, 10), 0)
		if err := l.db.ldb.Delete(recordKey(lost), nil); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Read(10, 1<<20); !errors.Is(err, ErrDamaged) {
			t.Errorf("without %s: %v", lost, err)
		}
		if es, err := l.Read(1, 9*(10+recordHeader+recordKeyLen)); err != nil || len(es) != 9 {
			t.Errorf("before %s: %d records, %v", lost, len(es), err)
		}
	}
}

func TestLog_EpochEnds(t *testing.T) {
	disks(t, func(t *testing.T, dir string, o Options) {
		rnd := rand.New(rand.NewSource(1))
		l, _ := mustOpenLog(t, dir, o)
		if ends, err := l.EpochEnds(0); err != nil || len(ends) != 0 {
			t.Fatalf("of an empty log: %v, %v", ends, err)
		}
		var all []Entry
		for e := wire.Epoch(1); e < 200; e += wire.Epoch(1 + rnd.Intn(3)) {
			es := entries(rnd, wire.MakeZxid(e, uint32(rnd.Intn(3))), 1+rnd.Intn(60), 20)
			mustAppend(t, l, es, 0)
			all = append(all, es...)
		}
		check := func(above wire.Zxid, left []Entry) {
			t.Helper()
			i, _ := slices.BinarySearchFunc(left, above+1, func(e Entry, z wire.Zxid) int {
				if e.Zxid < z {
					return -1
				}
				return int(min(e.Zxid-z, 1))
			})
			want := epochEnds(left[i:])
			want = want[:min(len(want), maxEpochEnds)]
			if got, err := l.EpochEnds(above); err != nil || !slices.Equal(got, want) {
				t.Fatalf("above %s: %v, not %v: %v", above, got, want, err)
			}
		}
		check(0, all)
		for range 50 {
			check(all[rnd.Intn(len(all))].Zxid-wire.Zxid(rnd.Intn(2)), all)
		}
		check(l.Last(), all)
		if ends, err := l.EpochEnds(math.MaxUint64); err != nil || len(ends) != 0 {
			t.Errorf("above all: %v, %v", ends, err)
		}
		if err := l.Trim(all[len(all)-30].Zxid); err != nil {
			t.Fatal(err)
		}
		for all[0].Zxid <= l.Low() {
			all = all[1:]
		}
		if len(all) > 30+60 { // a segment at most
			t.Errorf("%d records left", len(all))
		}
		check(0, all)
	})
}

func TestLog_Pin(t *testing.T) {
	l, _ := mustOpenLog(t, t.TempDir(), quick())
	mustAppend(t, l, entries(rand.New(rand.NewSource(1)), 1, 100, 10), 100)
	one, two := l.Pin(30), l.Pin(20)
	for _, c := range []struct {
		release func()
		low     wire.Zxid
	}{{nil, 20}, {two, 30}, {two, 30}, {one, 79}} {
		if c.release != nil {
			c.release()
		}
		if err := l.Trim(80); err != nil || l.Low() != c.low {
			t.Errorf("trimmed to %s, not %s: %v", l.Low(), c.low, err)
		}
	}
	l.Pin(math.MaxUint64)
	if err := l.Trim(90); err != nil || l.Low() != 89 {
		t.Errorf("trimmed to %s: %v", l.Low(), err)
	}
}

// Beside appends, truncations and trims, in segments, each Read is the log as it was at some
// moment, and nothing in it is taken for damage.
func TestLog_ReadBesideAll(t *testing.T) {
	disk := faulty.New(1, nil)
	o := Options{Open: disk.Open, Files: disk, writeBuffer: 16 << 10, segment: 8 << 10}
	l, _ := mustOpenLog(t, "log", o)
	const last = 6000
	done := make(chan error, 3)
	readers := func(f func() error) {
		go func() {
			for l.Committed() < last-50 {
				if err := f(); err != nil && !errors.Is(err, ErrTrimmed) {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	at := wire.Zxid(1)
	readers(func() error {
		es, err := l.Read(at, 2000)
		for i, e := range es {
			if !bytes.HasPrefix(e.Data, encodeZxid(e.Zxid)) || i > 0 && e.Zxid != es[i-1].Zxid+1 {
				return wrong("record %s", e.Zxid)
			}
		}
		if at = l.Committed() + 1; len(es) > 0 {
			at = es[len(es)-1].Zxid + 1
		}
		if errors.Is(err, ErrTrimmed) {
			at = l.Low() + 1
		}
		return err
	})
	readers(func() error { _, err := l.EpochEnds(l.Low()); return err })
	readers(func() error { return l.Trim(l.Committed() - min(l.Committed(), 300)) })
	rnd := rand.New(rand.NewSource(1))
	for z := wire.Zxid(1); z <= last; {
		es := entries(rnd, z, 1+rnd.Intn(20), 50)
		for i := range es {
			copy(es[i].Data, encodeZxid(es[i].Zxid))
		}
		mustAppend(t, l, es, z-min(z, 40))
		z += wire.Zxid(len(es))
		if rnd.Intn(5) == 0 {
			z = l.Committed() + (z-l.Committed())/2
			if err := l.TruncateAfter(z - 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 3 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if l.segments.next < 10 {
		t.Errorf("%d segments", l.segments.next)
	}
	l.Close()
	l, _ = mustOpenLog(t, "log", o)
	if es := scan(t, l, 0); len(es) == 0 || es[0].Zxid != firstOf(l) || es[len(es)-1].Zxid != l.Last() {
		t.Errorf("%d records", len(es))
	}
	counts(t, disk, l)
}

// After a truncation other records take the places of those removed, also
// when the log has been opened again in between.
func TestLog_TruncateAndGoOn(t *testing.T) {
	disks(t, func(t *testing.T, dir string, o Options) {
		l, _ := mustOpenLog(t, dir, o)
		old := entries(rand.New(rand.NewSource(1)), wire.MakeZxid(1, 1), 50, 30)
		mustAppend(t, l, old, old[9].Zxid)
		if err := l.SetCommitted(old[19].Zxid); err != nil {
			t.Fatal(err)
		}
		reopen := func() {
			t.Helper()
			l.Close()
			l, _ = mustOpenLog(t, dir, o)
			if l.Committed() != old[19].Zxid {
				t.Fatalf("committed %s, not %s", l.Committed(), old[19].Zxid)
			}
		}
		reopen()
		err := l.TruncateAfter(old[18].Zxid)
		if err == nil || !strings.Contains(err.Error(), old[18].Zxid.String()) || !strings.Contains(err.Error(), old[19].Zxid.String()) {
			t.Fatalf("truncated what is committed: %v", err)
		}
		for i, after := range []int{39, 29, 19} {
			if err := l.TruncateAfter(old[after].Zxid); err != nil {
				t.Fatal(err)
			}
			if i == 1 {
				reopen()
			}
			other := entries(rand.New(rand.NewSource(int64(after))), old[after].Zxid+1, 5, 30)
			mustAppend(t, l, other, 0)
			if i == 2 {
				reopen()
			}
			if got := scan(t, l, 0); !sameEntries(got, slices.Concat(old[:after+1], other)) || l.Last() != other[4].Zxid {
				t.Fatalf("%d records, last %s", len(got), l.Last())
			}
			if err := l.TruncateAfter(old[after].Zxid); err != nil || l.Last() != old[after].Zxid {
				t.Fatalf("last %s: %v", l.Last(), err)
			}
		}
	})
}
