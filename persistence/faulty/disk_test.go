package faulty_test

import (
	"bytes"
	"errors"
	"io"
	"syscall"
	"testing"
	"time"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/storage"

	"troupe/persistence/faulty"
)

var (
	journal  = storage.FileDesc{Type: storage.TypeJournal, Num: 1}
	table    = storage.FileDesc{Type: storage.TypeTable, Num: 2}
	manifest = storage.FileDesc{Type: storage.TypeManifest, Num: 3}
)

func open(t *testing.T, d *faulty.Disk) storage.Storage {
	t.Helper()
	s, err := d.Open("dir")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func create(t *testing.T, s storage.Storage, fd storage.FileDesc, content string) storage.Writer {
	t.Helper()
	w, err := s.Create(fd)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := w.Write([]byte(content)); err != nil || n != len(content) {
		t.Fatalf("wrote %d: %v", n, err)
	}
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// read returns a file's content, "-" if there is none.
func read(t *testing.T, s storage.Storage, fd storage.FileDesc) string {
	t.Helper()
	r, err := s.Open(fd)
	if err != nil {
		return "-"
	}
	b, err := io.ReadAll(r)
	must(t, errors.Join(err, r.Close()))
	return string(b)
}

func syncDir(t *testing.T, s storage.Storage) {
	t.Helper()
	must(t, s.(interface{ SyncDir() error }).SyncDir())
}

// outcomes is what a file may hold after a loss of power, over many seeds.
func outcomes(t *testing.T, fd storage.FileDesc, run func(d *faulty.Disk, s storage.Storage)) map[string]int {
	t.Helper()
	all := make(map[string]int)
	for seed := range int64(200) {
		d := faulty.New(seed, nil)
		run(d, open(t, d))
		left, err := d.PowerLoss()
		must(t, err)
		all[read(t, open(t, left), fd)]++
	}
	return all
}

func only(t *testing.T, got map[string]int, want ...string) {
	t.Helper()
	for _, w := range want {
		if got[w] == 0 {
			t.Errorf("never %q", w)
		}
		delete(got, w)
	}
	if len(got) > 0 {
		t.Errorf("also %v", got)
	}
}

func TestPowerLoss(t *testing.T) {
	only(t, outcomes(t, journal, func(_ *faulty.Disk, s storage.Storage) {
		w := create(t, s, journal, "ab")
		syncDir(t, s)
		must(t, w.Sync())
		_, err := w.Write([]byte("cd"))
		must(t, err)
	}), "ab", "abc", "abcd", "ab\x00\x00")

	only(t, outcomes(t, journal, func(_ *faulty.Disk, s storage.Storage) { // no name
		must(t, create(t, s, journal, "ab").Sync())
	}), "ab", "-")

	only(t, outcomes(t, journal, func(_ *faulty.Disk, s storage.Storage) { // a manifest's sync names it
		must(t, create(t, s, journal, "ab").Sync())
		must(t, create(t, s, manifest, "m").Sync())
	}), "ab")

	only(t, outcomes(t, journal, func(d *faulty.Disk, s storage.Storage) {
		d.IgnoreSyncDir()
		w := create(t, s, journal, "ab")
		syncDir(t, s)
		must(t, w.Sync())
	}), "ab", "-")

	only(t, outcomes(t, journal, func(d *faulty.Disk, s storage.Storage) {
		d.IgnoreSync()
		w := create(t, s, journal, "a")
		syncDir(t, s)
		must(t, w.Sync())
	}), "a", "\x00", "")

	only(t, outcomes(t, journal, func(_ *faulty.Disk, s storage.Storage) { // a removal that is not synced
		w := create(t, s, journal, "ab")
		syncDir(t, s)
		must(t, w.Sync())
		must(t, s.Remove(journal))
	}), "ab", "-")

	only(t, outcomes(t, journal, func(_ *faulty.Disk, s storage.Storage) {
		must(t, create(t, s, journal, "ab").Sync())
		must(t, s.Remove(journal))
		syncDir(t, s)
	}), "-")
}

func TestFailedSyncLosesForGood(t *testing.T) {
	only(t, outcomes(t, journal, func(d *faulty.Disk, s storage.Storage) {
		w := create(t, s, journal, "a")
		syncDir(t, s)
		must(t, w.Sync())
		_, err := w.Write([]byte("b"))
		must(t, err)
		d.Fail(faulty.Sync, 1, syscall.EIO)
		if err := w.Sync(); !errors.Is(err, syscall.EIO) {
			t.Fatalf("sync: %v", err)
		}
		if got := read(t, s, journal); got != "ab" {
			t.Fatalf("reads back %q", got)
		}
		_, err = w.Write([]byte("c"))
		must(t, errors.Join(err, w.Sync()))
	}), "a\x00c")
}

func TestKill(t *testing.T) {
	d := faulty.New(1, nil)
	create(t, open(t, d), journal, "ab")
	if _, err := d.Open("dir"); !errors.Is(err, syscall.EAGAIN) {
		t.Errorf("opened twice: %v", err)
	}
	next, err := d.Kill()
	must(t, err)
	if got := read(t, open(t, next), journal); got != "ab" {
		t.Errorf("left %q", got)
	}
	if _, err := d.Open("other"); !errors.Is(err, faulty.ErrCrashed) {
		t.Errorf("a dead disk: %v", err)
	}
	// What was not durable is not for having been read by another process.
	lost := 0
	for seed := range int64(50) {
		d := faulty.New(seed, nil)
		create(t, open(t, d), journal, "ab")
		next, err := d.Kill()
		must(t, err)
		left, err := next.PowerLoss()
		must(t, err)
		if read(t, open(t, left), journal) != "ab" {
			lost++
		}
	}
	if lost == 0 {
		t.Error("a kill made everything durable")
	}
}

func TestQuota(t *testing.T) {
	d := faulty.New(1, nil)
	s := open(t, d)
	d.Quota(5)
	w := create(t, s, journal, "abc")
	if n, err := w.Write([]byte("def")); n != 2 || !errors.Is(err, syscall.ENOSPC) || d.Used() != 5 {
		t.Errorf("wrote %d: %v, %d used", n, err, d.Used())
	}
	must(t, s.Remove(journal))
	create(t, s, table, "abcde")
	if d.Used() != 5 {
		t.Errorf("%d used", d.Used())
	}
}

func TestFailAndCrash(t *testing.T) {
	d := faulty.New(1, nil)
	s := open(t, d)
	d.Fail(faulty.Create, 2, syscall.EIO)
	create(t, s, journal, "a")
	if _, err := s.Create(table); !errors.Is(err, syscall.EIO) {
		t.Errorf("second create: %v", err)
	}
	w := create(t, s, table, "a")
	if d.Ops() != 5 {
		t.Errorf("%d operations", d.Ops())
	}
	d.CrashAt(2)
	must(t, w.Sync())
	if _, err := w.Write([]byte("b")); !errors.Is(err, faulty.ErrCrashed) || !d.Crashed() {
		t.Errorf("write: %v", err)
	}
	if err := w.Sync(); !errors.Is(err, faulty.ErrCrashed) {
		t.Errorf("after the crash: %v", err)
	}
	must(t, s.Close())
}

func TestSlowSync(t *testing.T) {
	d := faulty.New(1, nil)
	w := create(t, open(t, d), journal, "a")
	d.SlowSync(20 * time.Millisecond)
	began := time.Now()
	must(t, w.Sync())
	if took := time.Since(began); took < 20*time.Millisecond {
		t.Errorf("took %v", took)
	}
}

// A disk may stand on real files, and be opened again.
func TestRealFiles(t *testing.T) {
	dir := t.TempDir()
	d := faulty.New(1, func(name string) (storage.Storage, error) { return storage.OpenFile(dir+"/"+name, false) })
	value := bytes.Repeat([]byte("value"), 100)
	for i := range byte(3) {
		s := open(t, d)
		db, err := leveldb.Open(s, nil)
		must(t, err)
		must(t, db.Put([]byte{i}, value, nil))
		for j := range i + 1 {
			got, err := db.Get([]byte{j}, nil)
			if err != nil || !bytes.Equal(got, value) {
				t.Fatalf("key %d: %v", j, err)
			}
		}
		must(t, errors.Join(db.Close(), s.Close()))
	}
	s := open(t, d)
	left, err := d.Kill()
	must(t, errors.Join(err, s.Close()))
	db, err := leveldb.Open(open(t, left), nil)
	must(t, err)
	defer db.Close()
	if _, err := db.Get([]byte{2}, nil); err != nil {
		t.Error(err)
	}
}
