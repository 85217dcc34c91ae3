package persistence

import (
	"errors"
	"testing"

	"troupe/persistence/faulty"
)

func TestLog_Vouches(t *testing.T) {
	disks(t, func(t *testing.T, dir string, o Options) {
		l, _ := mustOpenLog(t, dir, o)
		vouches := func(want bool) {
			t.Helper()
			for range 2 {
				if l.Vouches() != want {
					t.Errorf("vouches: %v", !want)
				}
				l.Close()
				l, _ = mustOpenLog(t, dir, o)
			}
		}
		vouches(false)
		mustAppend(t, l, []Entry{{Zxid: 1}}, 1)
		vouches(true) // alone
		if err := errors.Join(l.SetAcceptedEpoch(1), l.Trim(2)); err != nil {
			t.Fatal(err)
		}
		vouches(true) // a standalone server that became a member, all its records in its state
	})
}

// A member that begins empty does not vouch for what its leader sends before it
// has entered the epoch.
func TestLog_VouchesOnceEntered(t *testing.T) {
	disks(t, func(t *testing.T, dir string, o Options) {
		l, _ := mustOpenLog(t, dir, o)
		if err := l.SetAcceptedEpoch(1); err != nil {
			t.Fatal(err)
		}
		mustAppend(t, l, []Entry{{Zxid: 1}}, 1)
		for i := range 4 {
			a, c := l.Epochs()
			if l.Vouches() != (i > 1) || a != 1 || i > 1 && (c != 1 || l.EnsembleID() != "x") {
				t.Errorf("vouches: %v, epochs %d, %d, ensemble %q", l.Vouches(), a, c, l.EnsembleID())
			}
			if i == 1 {
				if err := l.Enter(1, "x"); err != nil {
					t.Fatal(err)
				}
				continue
			}
			l.Close()
			l, _ = mustOpenLog(t, dir, o)
		}
	})
}

// suspect leaves a log whose last write is all there and does not match its
// checksum, on a disk in memory.
func suspect(t *testing.T, seed int64) *faulty.Disk {
	t.Helper()
	disk := faulty.New(seed, nil)
	o := Options{Open: disk.Open}
	l, _ := mustOpenLog(t, "log", o)
	if err := l.Enter(1, "x"); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, l, []Entry{{Zxid: 1, Data: make([]byte, 100)}}, 0)
	mustAppend(t, l, []Entry{{Zxid: 2, Data: make([]byte, 100)}}, 0)
	l.Close()
	if err := disk.Corrupt("log", -50); err != nil {
		t.Fatal(err)
	}
	return disk
}

// A log cut by damage does not vouch, however often opening it is cut short,
// until an epoch is entered; from then on it does.
func TestLog_SuspectDoesNotVouch(t *testing.T) {
	step := 1
	for crashed := true; crashed; step++ {
		for _, after := range []func(*faulty.Disk) (*faulty.Disk, error){(*faulty.Disk).PowerLoss, (*faulty.Disk).Kill} {
			disk := suspect(t, int64(step))
			disk.CrashAt(step)
			l, r, err := OpenLog("log", Options{Open: disk.Open})
			if err == nil {
				if r.Tail != TailSuspect && !l.db.suspect || l.Vouches() {
					t.Fatalf("step %d: %+v, vouches", step, r)
				}
				l.Close()
			}
			crashed = disk.Crashed()
			left, err := after(disk)
			if err != nil {
				t.Fatal(err)
			}
			o := Options{Open: left.Open}
			l, _ = mustOpenLog(t, "log", o)
			if l.Vouches() || l.Last() != 1 {
				t.Fatalf("step %d: last %s, vouches %v", step, l.Last(), l.Vouches())
			}
			if err := l.Enter(2, "x"); err != nil {
				t.Fatal(err)
			}
			l.Close()
			if left, err = left.PowerLoss(); err != nil {
				t.Fatal(err)
			}
			if l, _ = mustOpenLog(t, "log", Options{Open: left.Open}); !l.Vouches() {
				t.Fatalf("step %d: does not vouch, although it entered an epoch", step)
			}
			l.Close()
		}
	}
	if step < 10 {
		t.Errorf("%d steps", step)
	}
}
