package main

import (
	"sync"
	"testing"
	"time"
)

func TestCoring(t *testing.T) {
	s := coring{need: calmLooks}
	look := func(looks int, wait time.Duration, use float64) (changes int) {
		for range looks {
			if s.look(wait, use) {
				changes++
			}
		}
		return changes
	}
	if n := look(1000, roomy, 0.1) + look(1000, 0, light); n != 0 || s.one {
		t.Error("one core for a server that is at work")
	}
	if n := look(calmLooks-1, 0, 0.1); n != 0 {
		t.Error("a pause is taken for calm")
	}
	if n := look(1, 0, 0.1); n != 1 || !s.one {
		t.Error("all cores for a server with little to do")
	}
	if n := look(1000, crowded, busy); n != 0 {
		t.Error("what one core bears is too much for it")
	}
	if n := look(1, crowded+1, 0); n != 1 || s.one {
		t.Error("one core where goroutines wait")
	}
	if look(calmLooks, 0, 0); !s.one {
		t.Error("a change after long is held against it")
	}
	if n := look(1, 0, busy+0.01); n != 1 || s.one {
		t.Error("one core that is full")
	}
	if look(calmLooks, 0, 0); s.one {
		t.Error("it goes to and fro")
	}
	changes := 0
	for range 10_000 { // one core always seems enough, and never is
		if s.one {
			changes += look(1, crowded+1, 0)
		} else {
			changes += look(1, 0, 0)
		}
	}
	if changes > 60 {
		t.Errorf("%d changes in %v", changes, 10_000*coresEvery)
	}
}

// TestObservation_SeesWhoWaits: more goroutines than cores, each with some work.
func TestObservation_SeesWhoWaits(t *testing.T) {
	var o observation
	o.begin()
	stop := time.Now().Add(300 * time.Millisecond)
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for time.Now().Before(stop) {
				for end := time.Now().Add(time.Millisecond); time.Now().Before(end); {
				}
				time.Sleep(time.Microsecond)
			}
		})
	}
	all.Wait()
	wait, use, enough := o.look()
	if !enough || wait < crowded || use < 0.1 {
		t.Errorf("%v, %v cores, %v", wait, use, enough)
	}
}
