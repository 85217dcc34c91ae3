package sim

import (
	"os"
	"strconv"
	"testing"
	"time"
)

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

// TestSim runs seeds: TROUPE_SIM_SEEDS so many, or the one TROUPE_SIM_SEED with a
// trace.
func TestSim(t *testing.T) {
	o := Options{}
	first, seeds := 0, number(t, "TROUPE_SIM_SEEDS", 150)
	if one := number(t, "TROUPE_SIM_SEED", -1); one >= 0 {
		first, seeds = one, 1
		if testing.Verbose() {
			o.Trace = func(line string) { t.Log(line) }
		}
	}
	begun := time.Now()
	var sum Result
	slowest := 0
	for seed := first; seed < first+seeds; seed++ {
		o.Seed, o.Scene = uint64(seed), Scene(seed%20)
		if o.Scene >= Scenes {
			o.Scene = Ordinary
		}
		r, err := Run(o)
		if err != nil {
			t.Errorf("seed %d, %+v: %v\nreplay: TROUPE_SIM_SEED=%d go test ./actors/sim -run TestSim$ -v", seed, r, err, seed)
			if number(t, "TROUPE_SIM_KEEP_GOING", 0) == 0 {
				return
			}
		}
		sum.Events += r.Events
		sum.Faults += r.Faults
		sum.Reigns += r.Reigns
		sum.Commits += r.Commits
		sum.Answers += r.Answers
		sum.Transfers += r.Transfers
		sum.Steps += r.Steps
		sum.Expired += r.Expired
		sum.Moved += r.Moved
		sum.Took += r.Took
		if r.Ready > sum.Ready {
			sum.Ready, slowest = r.Ready, seed
		}
	}
	t.Logf("ready after %v at the latest, seed %d", sum.Ready, slowest)
	t.Logf("%d seeds in %v: %+v", seeds, time.Since(begun), sum)
}
