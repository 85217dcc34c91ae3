package load

import (
	"math"
	"testing"
	"time"
)

func TestLatencies_KeepWhatIsOutOfBounds(t *testing.T) {
	l := newLatencies()
	if l.micros(50) != 0 {
		t.Error("no latencies have a median")
	}
	for _, d := range []time.Duration{-time.Second, 100 * time.Microsecond, math.MaxInt64} {
		l.record(d)
	}
	if low, middle, high := l.micros(0), l.micros(50), l.micros(100); low != 0 ||
		math.Abs(middle-100) > 1 || math.Abs(high-micros(longest)) > micros(longest)/100 {
		t.Errorf("%v, %v, %v", low, middle, high)
	}
}
