package expiry

import (
	"math/rand"
	"testing"
	"time"

	"troupe/wire"
)

const tick = 100 * time.Millisecond

// run ticks from one time to another and says when each session was over.
func run(t *Tracker, from, to time.Duration, touch func(now time.Duration)) map[wire.SessionID]time.Duration {
	over := map[wire.SessionID]time.Duration{}
	for now := from; now <= to; now += tick / 2 {
		for _, id := range t.Tick(now) {
			over[id] = now
		}
		if touch != nil {
			touch(now)
		}
	}
	return over
}

func TestTracker_NeverEarlyAndAtMostATickLate(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	for range 200 {
		start := time.Duration(rnd.Intn(1000)) * time.Millisecond
		timeout := time.Duration(1+rnd.Intn(2000)) * time.Millisecond
		tr := NewTracker(tick, start)
		tr.Add(1, timeout, start)
		at, ok := run(tr, start, start+timeout+3*tick, nil)[1]
		if !ok || at < start+timeout || at > start+timeout+2*tick {
			t.Fatalf("added at %v for %v: over at %v (%v)", start, timeout, at, ok)
		}
	}
}

func TestTracker_TouchKeepsAlive(t *testing.T) {
	tr := NewTracker(tick, 0)
	tr.Add(1, 300*time.Millisecond, 0)
	tr.Add(2, 300*time.Millisecond, 0)
	over := run(tr, 0, 5*time.Second, func(now time.Duration) { tr.Touch(1, now) })
	if _, ok := over[1]; ok {
		t.Error("a live session is over")
	}
	if _, ok := over[2]; !ok {
		t.Error("a dead session lives")
	}
	if tr.Touch(2, 6*time.Second) || tr.Len() != 1 {
		t.Error("a session that is over is still known")
	}
}

func TestTracker_APauseCostsNobodyTheSession(t *testing.T) {
	tr := NewTracker(tick, 0)
	tr.Add(1, 300*time.Millisecond, 0)
	if over := tr.Tick(time.Minute); len(over) != 0 {
		t.Fatalf("over after a pause: %v", over)
	}
	at, ok := run(tr, time.Minute, time.Minute+time.Second, nil)[1]
	if !ok || at < time.Minute+300*time.Millisecond {
		t.Errorf("over at %v (%v)", at, ok)
	}
}

// TestTracker_TouchedBetweenTicks: what counts is when a session was heard of,
// not the tick before.
func TestTracker_TouchedBetweenTicks(t *testing.T) {
	for _, at := range []time.Duration{1, tick / 2, tick - 1} {
		tr := NewTracker(tick, 0)
		tr.Add(1, tick, 0)
		tr.Add(2, 3*tick, at)
		tr.Touch(1, at)
		over := run(tr, 0, 10*tick, nil)
		if over[1] < at+tick || over[2] < at+3*tick || over[1] > at+3*tick || over[2] > at+5*tick {
			t.Errorf("heard of at %v: over at %v and %v", at, over[1], over[2])
		}
	}
}

// TestTracker_ALateTickHearsFirst: what came while the server was held up for a moment counts.
func TestTracker_ALateTickHearsFirst(t *testing.T) {
	tr := NewTracker(tick, 0)
	tr.Add(1, tick, 0)
	if over := tr.Tick(tick + tick/2); len(over) != 0 {
		t.Fatalf("over at a tick that is late: %v", over)
	}
	tr.Touch(1, tick+tick/2)
	if over := tr.Tick(2*tick + tick/2); len(over) != 0 {
		t.Fatalf("it was heard of, and is over: %v", over)
	}
	if over := append(tr.Tick(3*tick+tick/2), tr.Tick(4*tick+tick/2)...); len(over) != 1 {
		t.Fatalf("not over: %v", over)
	}
}

// TestTracker_LateTicksDelayByNoMoreThanTheyAreLate: a busy machine must not keep
// dead sessions for ever.
func TestTracker_LateTicksDelayByNoMoreThanTheyAreLate(t *testing.T) {
	const timeout = 2 * time.Second
	tr := NewTracker(tick, 0)
	tr.Add(1, timeout, 0)
	ticks := 0
	for clock := time.Duration(0); tr.Len() > 0; clock += 3 * tick {
		tr.Tick(clock)
		if ticks++; ticks > int(timeout/tick)+3 {
			t.Fatalf("still there after %d ticks, %v", ticks, clock)
		}
	}
}

// TestTracker_AShorterTimeoutCounts: a session that is resumed with one does not
// live on by the one before.
func TestTracker_AShorterTimeoutCounts(t *testing.T) {
	tr := NewTracker(tick, 0)
	tr.Add(1, time.Hour, 0)
	tr.Add(1, 3*tick, tick)
	if at := run(tr, 0, 20*tick, nil)[1]; at < 4*tick || at > 6*tick {
		t.Errorf("over at %v", at)
	}
	if tr.Len() != 0 || len(tr.buckets) != 0 {
		t.Errorf("%d sessions, %d buckets are left", tr.Len(), len(tr.buckets))
	}
}
