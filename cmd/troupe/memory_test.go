package main

import "testing"

// TestSteering follows a server that is filled, becomes quiet, and is busy again.
func TestSteering(t *testing.T) {
	s := steering{percent: goGC}
	allocated := uint64(0)
	look := func(looks int, live, each uint64) (changes int) {
		for range looks {
			allocated += each
			if s.look(live, allocated) {
				changes++
			}
		}
		return changes
	}
	const busy = 10 << 20 // a look
	if n := look(100, largeHeap, busy); n != 0 || s.percent != goGC {
		t.Errorf("a small heap: %d changes, %d", n, s.percent)
	}
	if n := look(1, largeHeap+1, busy); n != 1 || s.percent != busyGC {
		t.Errorf("a large heap under load: %d changes, %d", n, s.percent)
	}
	if n := look(3, 400<<20, 0); n != 0 {
		t.Error("a pause of 300 ms is taken for quiet")
	}
	if n := look(300, 400<<20, 0); n == 0 || n > 8 || s.percent != quietGC {
		t.Errorf("quiet: %d changes, %d", n, s.percent)
	}
	if n := look(300, 400<<20, 1000); n != 0 {
		t.Errorf("and goes on: %d changes", n)
	}
	if n := look(1, 400<<20, busy); n != 1 || s.percent != busyGC {
		t.Errorf("busy again, at once: %d changes, %d", n, s.percent)
	}
	if look(300, 400<<20, 20*perPercent/10); s.percent < 20 || s.percent > 30 {
		t.Errorf("pings of many sessions: %d", s.percent)
	}
	if n := look(1, 0, 0); n != 1 || s.percent != goGC {
		t.Errorf("a tree that was emptied: %d changes, %d", n, s.percent)
	}
}
