package differential

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"troupe/bench/process"
)

var (
	seed = flag.Uint64("seed", 1, "of the first episode of random requests")
	ops  = flag.Int("ops", 4000, "random requests in all; the environment variable TROUPE_DIFF_OPS goes before it")
)

const (
	episodeOps  = 10000 // requests on one pair of fresh servers
	shrinkTries = 200
)

// variant is one way to run random requests.
type variant struct {
	name   string
	burst  int // most requests in one segment
	config []string
	form   form
}

var variants = []variant{
	{"pipelined", 40, nil, standalone},
	{"pipelined through followers", 40, nil, ensemble},
	// The original checks hard limits against books that lag behind a pipeline.
	{"one by one with hard quotas", 1, []string{"enforceQuota=true"}, standalone},
	{"one by one with hard quotas through followers", 1, []string{"enforceQuota=true"}, ensemble},
	{"short bursts without ACLs", 5, []string{"skipACL=yes"}, standalone},
	{"short bursts without ACLs through followers", 5, []string{"skipACL=yes"}, ensemble},
}

// TestRandom compares seeded random requests. An episode is one pair of fresh
// servers; each failure names the seed that repeats it.
func TestRandom(t *testing.T) {
	requireStock(t)
	total := *ops
	if env := os.Getenv("TROUPE_DIFF_OPS"); env != "" {
		var err error
		if total, err = strconv.Atoi(env); err != nil {
			t.Fatal(err)
		}
	}
	per := min(episodeOps, (total+len(variants)-1)/len(variants))
	for i, done := 0, 0; done < total && !t.Failed(); i, done = i+1, done+per {
		v := variants[i%len(variants)]
		s := *seed + uint64(i/len(variants))
		t.Run(fmt.Sprintf("%s/seed=%d", v.name, s), func(t *testing.T) { episode(t, v, s, per) })
	}
}

func episode(t *testing.T, v variant, seed uint64, ops int) {
	began := time.Now()
	pair := startPair(t, v)
	g := NewGenerator(seed, v.burst, v.form == ensemble)
	var steps []Step
	for n := 0; n < ops; {
		step, count := g.Next()
		steps, n = append(steps, *step), n+count
		difference, err := pair.Run(step)
		if err != nil {
			t.Fatalf("seed %d, request %d: %v", seed, n, err)
		}
		if difference != nil {
			t.Errorf("seed %d, request %d: %s", seed, n, difference)
			shrink(t, v, steps)
			return
		}
	}
	t.Logf("%d requests in %.1f s; Apache was woken %d times", ops, time.Since(began).Seconds(), pair.Nudged())
}

// startPair starts two servers, from empty, that expire and reap nothing.
func startPair(t *testing.T, v variant) *Pair {
	t.Helper()
	config := append([]string{"maxSessionTimeout=3600000", "extendedTypesEnabled=true",
		"znode.container.checkIntervalMs=36000000", SuperConfig}, v.config...)
	jvm := []string{"-Dznode.container.checkIntervalMs=36000000", "-Dzookeeper.forceSync=no"}
	pair := NewPair(start(t, v.form, process.Apache, config, jvm), start(t, v.form, process.Kind(*subject), config, jvm))
	t.Cleanup(pair.Close)
	return pair
}

// shrink prints the fewest steps it finds that still differ.
func shrink(t *testing.T, v variant, steps []Step) {
	attempt := 0
	fails := func(steps []Step) (failed bool) {
		attempt++
		t.Run(fmt.Sprintf("shrink/%d", attempt), func(t *testing.T) {
			pair := startPair(t, v)
			for i := range steps {
				difference, err := pair.Run(&steps[i])
				if failed = difference != nil; failed || err != nil {
					return
				}
			}
		})
		return failed
	}
	if !fails(steps) {
		t.Log("does not repeat")
		return
	}
	var text strings.Builder
	for _, step := range Shrink(steps, shrinkTries, fails) {
		text.WriteString(step.Text() + "\n")
	}
	t.Logf("as a script, with the configuration %q:\n%s", v.config, text.String())
}
