package load

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestChoice_FollowsZipf(t *testing.T) {
	const keys, draws = 50, 200000
	for _, skew := range []float64{0, 0.99, 1.5} {
		c, rng := newChoice(keys, skew), rand.New(rand.NewPCG(1, 2))
		seen := make([]float64, keys)
		for range draws {
			seen[c.draw(rng)]++
		}
		total := 0.0
		for i := range keys {
			total += math.Pow(float64(i+1), -skew)
		}
		for i, n := range seen {
			want := draws * math.Pow(float64(i+1), -skew) / total
			if off := math.Abs(n - want); off > 5*math.Sqrt(want) {
				t.Errorf("skew %v: key %d drawn %.0f times, %.0f expected", skew, i, n, want)
			}
		}
	}
}
