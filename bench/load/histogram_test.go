package load

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestHistogram_QuantilesAreThoseOfTheSortedList compares with the plain way.
func TestHistogram_QuantilesAreThoseOfTheSortedList(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var a, b Histogram
	var all []time.Duration
	for i := range 20000 {
		d := time.Duration(rng.ExpFloat64() * float64(300*time.Microsecond))
		all = append(all, d)
		if i%2 == 0 {
			a.Record(d)
		} else {
			b.Record(d)
		}
	}
	a.Add(&b)
	slices.Sort(all)
	if a.Count() != uint64(len(all)) {
		t.Fatalf("%d counted", a.Count())
	}
	for _, q := range []float64{0, 0.01, 0.5, 0.9, 0.99, 0.999, 1} {
		want := all[min(int(q*float64(len(all))), len(all)-1)]
		got := a.Quantile(q)
		if off := (got - want).Abs(); off > want/64+1 {
			t.Errorf("quantile %v is %v, %v expected", q, got, want)
		}
	}
}

func TestHistogram_Extremes(t *testing.T) {
	var h Histogram
	if h.Quantile(0.5) != 0 {
		t.Error("an empty histogram has a median")
	}
	for _, d := range []time.Duration{-time.Second, 0, 1, 127, 128, 129, 255, 256, time.Hour, 1 << 62} {
		h.Record(d)
	}
	if got := h.Quantile(1); got < 2*time.Hour {
		t.Errorf("longest is %v", got)
	}
	for v := time.Duration(1); v < 1<<42; v = v*9/8 + 1 {
		if off := (middle(bucket(v)) - v).Abs(); off > v/64 {
			t.Fatalf("%d stands for %d", middle(bucket(v)), v)
		}
	}
}
