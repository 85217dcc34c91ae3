package quorum

import (
	"math/rand"
	"testing"

	"troupe/wire"
)

// TestMajority_BruteForce compares with the definition: the highest zxid that
// more than half have reached.
func TestMajority_BruteForce(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	for range 2000 {
		n := 1 + rnd.Intn(9)
		m := Majority{}
		acked := map[wire.ServerID]wire.Zxid{}
		votes := map[wire.ServerID]bool{}
		for id := wire.ServerID(1); id <= wire.ServerID(n); id++ {
			m.Voters = append(m.Voters, id)
			if rnd.Intn(4) > 0 {
				acked[id] = wire.Zxid(rnd.Intn(6))
			}
			votes[id] = rnd.Intn(2) == 0
		}
		acked[200], votes[200] = 100, true // not a voter
		if got, want := m.Committed(acked), brute(m.Voters, acked); got != want {
			t.Fatalf("%d voters, acks %v: committed %v, want %v", n, acked, got, want)
		}
		yes := 0
		for _, v := range m.Voters {
			if votes[v] {
				yes++
			}
		}
		if got := m.Won(votes); got != (2*yes > n) {
			t.Fatalf("%d of %d: won %v", yes, n, got)
		}
	}
}

func brute(voters []wire.ServerID, acked map[wire.ServerID]wire.Zxid) (best wire.Zxid) {
	for z := wire.Zxid(0); z <= 10; z++ {
		n := 0
		for _, v := range voters {
			if acked[v] >= z {
				n++
			}
		}
		if 2*n > len(voters) {
			best = z
		}
	}
	return best
}
