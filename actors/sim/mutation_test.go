package sim

import (
	"fmt"
	"testing"
)

// scenesFor are where a mutation shows; any, if not said.
var scenesFor = map[Mutation][]Scene{
	BlankCounts:         {WipedOne, WipedTwo},
	CommitByCount:       {Unsteady},
	StaleClock:          {Stalled},
	TrustOldConnections: {Restless},
}

// TestMutation_IsFound puts known bugs in, one at a time: each is seen within a
// thousand seeds.
func TestMutation_IsFound(t *testing.T) {
	for m := None + 1; m < Mutations; m++ {
		t.Run(fmt.Sprint(m), func(t *testing.T) {
			t.Parallel()
			for seed := range 1000 {
				o := Options{Seed: uint64(seed), Mutation: m}
				if scenes := scenesFor[m]; scenes != nil {
					o.Scene = scenes[seed%len(scenes)]
				}
				_, err := Run(o)
				if err == nil {
					continue
				}
				t.Logf("found by seed %d: %.300s", seed, err)
				o.Mutation = None
				if _, err := Run(o); err != nil {
					t.Errorf("seed %d fails without it, too: %v", seed, err)
				}
				return
			}
			t.Errorf("a thousand seeds do not see it: %v", m)
		})
	}
}
