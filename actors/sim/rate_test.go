package sim

import "testing"

func TestRate(t *testing.T) {
	for _, m := range []Mutation{VoteByCommitted, SyncWithoutRound, TrustOldConnections, StaleClock, EarlyService, CommitByCount} {
		t.Run(m.String(), func(t *testing.T) {
			t.Parallel()
			found, first := 0, -1
			for seed := range 1000 {
				o := Options{Seed: uint64(seed), Mutation: m}
				if scenes := scenesFor[m]; scenes != nil {
					o.Scene = scenes[seed%len(scenes)]
				}
				if _, err := Run(o); err != nil {
					found++
					if first < 0 {
						first = seed
					}
				}
			}
			t.Logf("%v: %d of 1000, first %d", m, found, first)
		})
	}
}
