package load

import (
	"math/bits"
	"time"
)

const (
	fineBits = 7              // a latency is kept to 1 part in 64 or better
	fine     = 1 << fineBits  // latencies below this, in nanoseconds, are kept exactly
	half     = fine / 2       // buckets per power of two above
	buckets  = fine + 36*half // up to 2^43 ns, more than two hours
	longest  = 1<<43 - 1      // what does not fit counts as this
)

// Histogram counts latencies. It belongs to one goroutine.
type Histogram struct {
	counts [buckets]uint64
	n      uint64
}

// Record counts one latency.
func (h *Histogram) Record(d time.Duration) {
	h.counts[bucket(d)]++
	h.n++
}

// Add counts all that other has counted.
func (h *Histogram) Add(other *Histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.n += other.n
}

// Count is the number of latencies counted.
func (h *Histogram) Count() uint64 { return h.n }

// Quantile is the latency that a share q of all, 0 to 1, do not exceed; 0 if
// there are none.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.n == 0 {
		return 0
	}
	rank := min(uint64(q*float64(h.n)), h.n-1)
	for i, n := range h.counts {
		if rank < n {
			return middle(i)
		}
		rank -= n
	}
	panic("histogram: fewer latencies than counted")
}

func bucket(d time.Duration) int {
	v := uint64(min(max(d, 0), longest))
	if v < fine {
		return int(v)
	}
	shift := bits.Len64(v) - fineBits
	return shift*half + int(v>>shift)
}

// middle is the latency that a bucket stands for.
func middle(i int) time.Duration {
	if i < fine {
		return time.Duration(i)
	}
	shift := i/half - 1
	return time.Duration(i-shift*half)<<shift + 1<<shift/2
}
