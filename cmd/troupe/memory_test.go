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

// TestSteering_Rests: what a load has left behind is given back once after it, and soon
// again only if there was much in between, and not every few seconds.
func TestSteering_Rests(t *testing.T) {
	s := steering{percent: goGC}
	allocated := uint64(0)
	look := func(looks int, each uint64) (rests int) {
		for range looks {
			allocated += each
			s.look(100<<20, allocated)
			if s.rests() {
				rests++
			}
		}
		return rests
	}
	const busy, little = 10 << 20, 1000 // a look
	for _, c := range []struct {
		what   string
		looks  int
		each   uint64
		expect int
	}{
		{"a start", 1, largeHeap / 2, 0},
		{"no load yet", 100, little, 0},
		{"a load", 50, busy, 0},
		{"a pause in it", 5, little, 0},
		{"more of it", 50, busy, 0},
		{"after it", 20, little, 1},
		{"long after it", 1000, little, 0},
		{"another", 5, busy, 0},
		{"after that", 20, little, 1},
		{"a third at once", 5, busy, 0},
		{"soon after that", 200, little, 0},
		{"later", 200, little, 1},
		{"for good", 2000, little, 0},
	} {
		if got := look(c.looks, c.each); got != c.expect {
			t.Errorf("%s: %d times, want %d", c.what, got, c.expect)
		}
	}
}
