package faulty_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"troupe/persistence"
	"troupe/persistence/faulty"
)

// TestLosePower_OnRealFiles: what was synced is there, what was not may be gone, and
// a database that syncs has all that it acknowledged.
func TestLosePower_OnRealFiles(t *testing.T) {
	found := map[string]int{}
	for seed := range int64(60) {
		dir := t.TempDir()
		d := faulty.New(seed, persistence.OpenFiles)
		s, err := d.Open(dir)
		must(t, err)
		w := create(t, s, journal, "ab")
		syncDir(t, s)
		must(t, w.Sync())
		_, err = w.Write([]byte("cd"))
		must(t, err)
		create(t, s, table, "t") // its name is not synced
		must(t, d.LosePower())
		if _, err := w.Write([]byte("e")); !errors.Is(err, faulty.ErrCrashed) {
			t.Fatalf("it goes on: %v", err)
		}
		must(t, s.Close())
		b, err := os.ReadFile(filepath.Join(dir, "000001.log"))
		must(t, err)
		_, err = os.Stat(filepath.Join(dir, "000002.ldb"))
		if !strings.HasPrefix(string(b), "ab") {
			t.Fatalf("what was synced is %q", b)
		}
		found[string(b)]++
		found["no table"] += map[bool]int{true: 1}[errors.Is(err, fs.ErrNotExist)]
	}
	for _, want := range []string{"ab", "abcd", "ab\x00\x00", "no table"} {
		if found[want] == 0 || found[want] == 60 {
			t.Errorf("%d times %q, of 60: %v", found[want], want, found)
		}
	}
}

// TestLosePower_OfAClosedDirectory changes nothing in it.
func TestLosePower_OfAClosedDirectory(t *testing.T) {
	dir := t.TempDir()
	d := faulty.New(1, persistence.OpenFiles)
	s, err := d.Open(dir)
	must(t, err)
	must(t, errors.Join(create(t, s, journal, "ab").Close(), s.Close()))
	must(t, d.LosePower())
	if b, err := os.ReadFile(filepath.Join(dir, "000001.log")); err != nil || string(b) != "ab" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestBreak_UntilItIsMended(t *testing.T) {
	d := faulty.New(1, nil)
	w := create(t, open(t, d), journal, "a")
	d.Break(faulty.Sync, syscall.EIO)
	for range 2 {
		if err := w.Sync(); !errors.Is(err, syscall.EIO) {
			t.Errorf("sync: %v", err)
		}
	}
	d.Break(faulty.Sync, nil)
	must(t, w.Sync())
}
