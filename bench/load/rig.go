package load

import (
	"context"
	"time"
)

const (
	// FillData is how many bytes of data a znode of a Filling has.
	FillData    = 100
	fillParents = 200 // the znodes are spread below so many
)

// Filling is a growing tree on servers that somebody else has started.
type Filling struct {
	addrs []string
	data  *dataset
	has   int
}

// NewFilling begins a tree.
func NewFilling(ctx context.Context, addrs []string) (*Filling, error) {
	f := &Filling{addrs: addrs, data: newDataset(newChoice(1, 0), FillData, fillParents)}
	return f, carryOut(ctx, addrs, warmShape.Outstanding, f.data.setUp())
}

// Reach creates znodes until there are n.
func (f *Filling) Reach(ctx context.Context, n int) error {
	scripts := make([]script, warmShape.Sessions)
	for i := range scripts {
		scripts[i] = f.data.spread(i, len(scripts), f.has, n)
	}
	f.has = max(f.has, n)
	return carryOut(ctx, f.addrs, warmShape.Outstanding, scripts...)
}

// Rig loads servers that somebody else has started, as a row is measured.
type Rig struct{ t *target }

// NewRig creates so many keys with a value of so many bytes.
func NewRig(ctx context.Context, addrs []string, keys, value int) (*Rig, error) {
	t := &target{addrs: addrs, data: newDataset(newChoice(keys, 0), value, warmShape.Sessions)}
	return &Rig{t}, carryOut(ctx, addrs, warmShape.Outstanding, t.data.setUp())
}

// Measure is one run of 10 sessions x 40 outstanding: a lead, and what counts. A
// rate in requests per second makes it an open loop; 0 is a closed one. The
// server's processor time is not known.
func (r *Rig) Measure(ctx context.Context, w Workload, rate float64, lead, long time.Duration) (Sample, error) {
	return r.t.measure(ctx, run{w, warmShape, rate, lead, long})
}
