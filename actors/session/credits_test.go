package session

import (
	"math/rand"
	"sync"
	"sync/atomic"
	"testing"
)

func TestCredits_TheLastBatchMayOverdraw(t *testing.T) {
	c := NewCredits(4)
	if !c.Acquire(3) || !c.Acquire(100) {
		t.Fatal("credits are left and not given")
	}
	got := make(chan bool, 1)
	go func() { got <- c.Acquire(1) }()
	c.Release(98) // still 1 short of one
	select {
	case <-got:
		t.Fatal("given without credit")
	default:
	}
	c.Release(2)
	if !receive(t, got) {
		t.Error("refused")
	}
}

func TestCredits_CloseLetsAllGo(t *testing.T) {
	c := NewCredits(0)
	got := make(chan bool, 3)
	for range 3 {
		go func() { got <- c.Acquire(1) }()
	}
	c.Close()
	for range 3 {
		if receive(t, got) {
			t.Error("given after the close")
		}
	}
	if c.Acquire(1) {
		t.Error("given after the close")
	}
}

// TestWindow_Accounts: whatever sessions do and however they end, what all share
// is whole again, and never much more than it was given out.
func TestWindow_Accounts(t *testing.T) {
	const credits, own, sessions = 50, 8, 12
	all := NewShared(credits, 100)
	var out, most atomic.Int64
	var wg sync.WaitGroup
	for seed := range sessions {
		wg.Go(func() {
			rnd := rand.New(rand.NewSource(int64(seed)))
			w := NewWindow(own, all)
			replies := make(chan int, 1000)
			wg.Go(func() { // the actor
				for n := range replies {
					out.Add(int64(-n))
					w.Replied(n, 0)
					w.Written(n)
				}
				w.Close()
				w.Replied(1, 0) // after the end nothing is given back twice
			})
			for range 300 {
				n := 1 + rnd.Intn(5)
				if !w.Acquire(n) {
					t.Error("closed while it is open")
				}
				for now, was := out.Add(int64(n)), most.Load(); now > was && !most.CompareAndSwap(was, now); was = most.Load() {
				}
				replies <- n
			}
			if seed%2 == 0 {
				w.Acquire(3) // never replied to
			}
			close(replies)
		})
	}
	wg.Wait()
	if all.Requests.free != credits {
		t.Errorf("%d credits are left of %d", all.Requests.free, credits)
	}
	if most.Load() > credits+5*sessions {
		t.Errorf("%d were out at once", most.Load())
	}
}

// TestWindow_CloseBesideAcquire: a reader that waits for its own credits is let
// go, and keeps nothing.
func TestWindow_CloseBesideAcquire(t *testing.T) {
	for range 200 {
		all := NewShared(10, 100)
		w := NewWindow(1, all)
		w.Acquire(2)
		got := make(chan bool, 1)
		go func() { got <- w.Acquire(1) }()
		w.Close()
		if receive(t, got) {
			t.Fatal("given after the close")
		}
		if all.Requests.mu.Lock(); all.Requests.free != 10 {
			t.Fatalf("%d of 10 credits", all.Requests.free)
		}
		all.Requests.mu.Unlock()
	}
}
