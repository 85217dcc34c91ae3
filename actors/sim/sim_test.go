package sim

import (
	"fmt"
	"hash/fnv"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// number is what an environment variable says.
func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		return otherwise
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// seeded are the options of a seed: every other one is of a special scene.
func seeded(seed int) Options {
	o := Options{Seed: uint64(seed), Scene: Scene(seed % int(2*Scenes))}
	if o.Scene >= Scenes {
		o.Scene = Ordinary
	}
	return o
}

// TestSim runs TROUPE_SIM_SEEDS seeds, or TROUPE_SIM_SEED alone, with a trace if
// -v.
func TestSim(t *testing.T) {
	if one := number(t, "TROUPE_SIM_SEED", -1); one >= 0 {
		o := seeded(one)
		if testing.Verbose() {
			o.Trace = func(line string) { fmt.Println(line) }
		}
		r, err := Run(o)
		t.Logf("%+v", r)
		if err != nil {
			t.Error(err)
		}
		return
	}
	runSeeds(t, number(t, "TROUPE_SIM_FIRST", 0), number(t, "TROUPE_SIM_SEEDS", 150))
}

// runSeeds runs so many seeds beside each other, until one fails.
func runSeeds(t *testing.T, first, seeds int) {
	var next atomic.Int64
	var all sync.WaitGroup
	var lock sync.Mutex
	var sum Result
	begun := time.Now()
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for !t.Failed() {
				seed := first + int(next.Add(1)) - 1
				if seed >= first+seeds {
					return
				}
				r, err := Run(seeded(seed))
				if err != nil {
					t.Errorf("seed %d: %v\nreplay: TROUPE_SIM_SEED=%d go test ./actors/sim -run 'TestSim$' -v", seed, err, seed)
				} else if r.Events < 2000 || r.Faults < 5 {
					t.Errorf("seed %d has come to %d events and %d faults only", seed, r.Events, r.Faults)
				}
				lock.Lock()
				sum.add(r)
				lock.Unlock()
			}
		})
	}
	all.Wait()
	t.Logf("%d seeds in %v: %+v", seeds, time.Since(begun).Round(time.Millisecond), sum)
	if seeds >= 100 && (sum.Transfers == 0 || sum.Steps == 0 || sum.Expired == 0 || sum.Moved == 0 || sum.Told == 0) {
		t.Errorf("the seeds do not come to everything: %+v", sum)
	}
}

// add sums results up; Ready is the longest.
func (r *Result) add(o Result) {
	r.Events += o.Events
	r.Faults += o.Faults
	r.Reigns += o.Reigns
	r.Commits += o.Commits
	r.Answers += o.Answers
	r.Transfers += o.Transfers
	r.Steps += o.Steps
	r.Expired += o.Expired
	r.Moved += o.Moved
	r.Halted += o.Halted
	r.Told += o.Told
	r.Took += o.Took
	r.Ready = max(r.Ready, o.Ready)
}

// TestSim_ASeedIsOneRun: what a seed has found can be seen again.
func TestSim_ASeedIsOneRun(t *testing.T) {
	for seed := range 6 {
		var hashes [2]uint64
		for i := range hashes {
			h := fnv.New64a()
			o := seeded(seed)
			o.Trace = func(line string) { h.Write([]byte(line)) }
			if _, err := Run(o); err != nil {
				t.Fatal(err)
			}
			hashes[i] = h.Sum64()
		}
		if hashes[0] != hashes[1] {
			t.Errorf("seed %d has run twice, not alike", seed)
		}
	}
}

// TestSim_ShakyStart: a first start, broken off at any point, can be begun again.
func TestSim_ShakyStart(t *testing.T) {
	for seed := range number(t, "TROUPE_SIM_STARTS", 60) {
		if _, err := Run(Options{Seed: uint64(seed), Scene: ShakyStart}); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}
