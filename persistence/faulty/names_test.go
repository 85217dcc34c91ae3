package faulty_test

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"

	"troupe/persistence/faulty"
)

// leaves is what may be found of some names after a loss of power.
func leaves(t *testing.T, run func(d *faulty.Disk), kill bool) map[string]int {
	t.Helper()
	all := make(map[string]int)
	for seed := range int64(200) {
		d := faulty.New(seed, nil)
		run(d)
		var err error
		if kill {
			d, err = d.Kill()
			must(t, err)
		}
		if d, err = d.PowerLoss(); err != nil {
			t.Fatal(err)
		}
		names, err := d.ReadDir("dir")
		must(t, err)
		var found []string
		for _, name := range names {
			b, err := d.ReadFile("dir/" + name)
			if errors.Is(err, fs.ErrNotExist) {
				b = []byte("directory")
			}
			found = append(found, name+"="+string(b))
		}
		all[strings.Join(found, " ")]++
	}
	return all
}

func TestNames(t *testing.T) {
	for _, kill := range []bool{false, true} {
		t.Run(fmt.Sprint("killed before ", kill), func(t *testing.T) {
			only(t, leaves(t, func(d *faulty.Disk) {
				must(t, d.WriteFile("dir/a", []byte("1")))
			}, kill), "", "a=1")
			only(t, leaves(t, func(d *faulty.Disk) {
				must(t, d.WriteFile("dir/a", []byte("1")))
				must(t, d.SyncDir("dir"))
				must(t, d.WriteFile("dir/b", []byte("2")))
				must(t, d.RenameFile("dir/b", "dir/a"))
			}, kill), "a=1", "a=2")
			only(t, leaves(t, func(d *faulty.Disk) {
				must(t, d.WriteFile("dir/a", []byte("1")))
				must(t, d.SyncDir("dir"))
				must(t, d.WriteFile("dir/b", []byte("2")))
				must(t, d.RenameFile("dir/b", "dir/a"))
				must(t, d.SyncDir("dir"))
			}, kill), "a=2")
			only(t, leaves(t, func(d *faulty.Disk) {
				must(t, d.WriteFile("dir/a", nil))
				must(t, d.SyncDir("dir"))
				d.Fail(faulty.Sync, 1, syscall.EIO)
				if err := d.WriteFile("dir/a", []byte("12")); !errors.Is(err, syscall.EIO) {
					t.Fatal(err)
				}
			}, kill), "a=", "a=1", "a=12")
			only(t, leaves(t, func(d *faulty.Disk) {
				d.IgnoreSyncDir()
				must(t, d.WriteFile("dir/a", []byte("1")))
				must(t, d.SyncDir("dir"))
			}, kill), "", "a=1")
			only(t, leaves(t, func(d *faulty.Disk) {
				s, err := d.Open("dir/sub")
				must(t, err)
				syncDir(t, s)
				must(t, s.Close())
				must(t, d.RemoveAll("dir/sub"))
			}, kill), "", "sub=directory")
			only(t, leaves(t, func(d *faulty.Disk) {
				s, err := d.Open("dir/sub")
				must(t, errors.Join(err, s.Close(), d.RemoveAll("dir/sub"), d.SyncDir("dir"), d.RemoveAll("dir/none")))
			}, kill), "")
		})
	}
}

func TestNames_RemoveAll(t *testing.T) {
	d := faulty.New(1, nil)
	s, err := d.Open("dir/sub")
	must(t, err)
	must(t, create(t, s, journal, "12345").Close())
	if err := d.RemoveAll("dir/sub"); !errors.Is(err, syscall.EBUSY) {
		t.Errorf("removed what is open: %v", err)
	}
	must(t, errors.Join(s.Close(), d.RemoveAll("dir/sub")))
	if names, err := d.ReadDir("dir"); err != nil || len(names) != 0 || d.Used() != 0 {
		t.Errorf("left %v, %d bytes: %v", names, d.Used(), err)
	}
	must(t, d.WriteFile("dir/b", nil))
	must(t, d.WriteFile("dir/a", nil))
	if names, err := d.ReadDir("dir/"); err != nil || !slices.Equal(names, []string{"a", "b"}) {
		t.Errorf("%v, %v", names, err)
	}
	d.CrashAt(1)
	if err := d.SyncDir("dir"); !errors.Is(err, faulty.ErrCrashed) {
		t.Errorf("crashed: %v", err)
	}
	if _, err := d.ReadDir("dir"); !errors.Is(err, faulty.ErrCrashed) {
		t.Errorf("crashed: %v", err)
	}
	if _, err := d.ReadFile("dir/a"); !errors.Is(err, faulty.ErrCrashed) {
		t.Errorf("crashed: %v", err)
	}
}
