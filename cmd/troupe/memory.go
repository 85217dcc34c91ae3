package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// largeHeap is from where on memory counts for more than the time the
	// collector takes: a tree of some 50,000 znodes. Below, Go's own percentage holds.
	largeHeap = 32 << 20
	goGC      = 100
	// busyGC is the collector's percentage of a large heap under load, and quietGC that
	// of one that is left alone: the least that a server holds beyond what it needs.
	busyGC, quietGC = 50, 10
	// perPercent is how many bytes a second have to be allocated for each percent. To mark
	// a gigabyte takes about a second, and so this keeps collections near a fiftieth of a
	// core, whatever the size of the heap, until busyGC is reached.
	perPercent = 200 << 10
	// steerEvery is soon enough for a tree that is filled at full speed.
	steerEvery = 100 * time.Millisecond
	// calmer is how many looks it takes to forget half of what was allocated before.
	calmer = 20
	// restAfter is after how many looks without much to do what a load has left behind
	// is given back to the machine, and restAgain after how many more at the earliest that
	// is done again: to mark a large heap is work.
	restAfter, restAgain = 15, 300
)

// steerGC has the garbage collector's percentage follow the size of the heap and
// what is allocated, until the context ends. GOGC in the environment leaves it to
// the operator.
func steerGC(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/heap/allocs:bytes"}}
	s := steering{percent: goGC}
	for tick := time.NewTicker(steerEvery); ; {
		metrics.Read(samples)
		if s.look(samples[0].Value.Uint64(), samples[1].Value.Uint64()) {
			debug.SetGCPercent(s.percent)
		}
		if s.rests() {
			debug.FreeOSMemory()
		}
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
	}
}

// steering decides about the collector's percentage.
type steering struct {
	percent   int
	allocated uint64  // at the last look
	rate      float64 // bytes a second, the highest of late
	now       float64 // bytes a second, between the last two looks
	given     uint64  // allocated when memory was last given back
	quiet     int     // looks in a row with little to do; less than 0: since memory was given back
}

// rests tells, once after a load, that it has ended.
func (s *steering) rests() bool {
	if s.now >= quietGC*perPercent {
		s.quiet = min(s.quiet, 0)
		return false
	}
	s.quiet = min(s.quiet+1, restAfter)
	if s.quiet < restAfter || s.allocated-s.given < largeHeap {
		return false
	}
	s.given, s.quiet = s.allocated, -restAgain
	return true
}

// look takes what the runtime tells: bytes found live by the last collection, and
// allocated since the start. It tells whether the percentage is another now.
// Changes stop the world for a moment, so that there are none that hardly matter.
func (s *steering) look(live, allocated uint64) bool {
	s.now = float64(allocated-s.allocated) / steerEvery.Seconds()
	s.allocated = allocated
	s.rate = max(s.now, s.rate-(s.rate-s.now)/calmer)
	want := goGC
	if live > largeHeap {
		want = min(max(int(s.rate/perPercent), quietGC), busyGC)
	}
	if near := s.percent * 2 / 3; want > near && want < s.percent && want != quietGC || want == s.percent {
		return false
	}
	s.percent = want
	return true
}
