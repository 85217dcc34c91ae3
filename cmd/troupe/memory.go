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
	// collector takes: a tree of some 50,000 znodes.
	largeHeap = 32 << 20
	// thriftyGC is the collector's percentage then; Go's own is 100.
	thriftyGC = 50
	// steerEvery is soon enough for a tree that is filled at full speed.
	steerEvery = 100 * time.Millisecond
)

// steerGC makes the garbage collector thriftier while the tree is large, until
// the context ends. With a small heap collections would come too often for
// that. GOGC in the environment leaves it to the operator.
func steerGC(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	thrifty := false
	for tick := time.NewTicker(steerEvery); ; {
		metrics.Read(live)
		if large := live[0].Value.Uint64() > largeHeap; large != thrifty {
			thrifty = large
			debug.SetGCPercent(map[bool]int{true: thriftyGC, false: 100}[large])
		}
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
	}
}
