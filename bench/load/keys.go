package load

import (
	"math"
	"math/rand/v2"
	"sort"
)

// choice draws keys. It is shared by all sessions, each with its own source.
type choice struct {
	keys int
	// upTo is the chance of a key or one before it; nil if all are alike.
	upTo []float64
}

// newChoice draws key i, from 0, in proportion to 1/(i+1)^skew, which is Zipf's law;
// with a skew of 0 all keys evenly.
func newChoice(keys int, skew float64) *choice {
	c := &choice{keys: keys}
	if skew == 0 {
		return c
	}
	total := 0.0
	for i := range keys {
		total += math.Pow(float64(i+1), -skew)
		c.upTo = append(c.upTo, total)
	}
	for i := range c.upTo {
		c.upTo[i] /= total
	}
	return c
}

func (c *choice) draw(rng *rand.Rand) int {
	if c.upTo == nil {
		return rng.IntN(c.keys)
	}
	return min(sort.SearchFloat64s(c.upTo, rng.Float64()), c.keys-1)
}
