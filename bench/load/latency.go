package load

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	longest = time.Minute // what takes longer counts as this
	digits  = 2           // latencies are kept to 1 %
)

// latencies counts durations. It belongs to one goroutine.
type latencies struct{ *hdrhistogram.Histogram }

func newLatencies() latencies {
	return latencies{hdrhistogram.New(1, int64(longest), digits)}
}

func (l latencies) record(d time.Duration) {
	if err := l.RecordValue(int64(min(max(d, 0), longest))); err != nil {
		panic(err) // the value is within the bounds
	}
}

// micros is the latency that a share of all, in percent, do not exceed, in
// microseconds; 0 if there are none.
func (l latencies) micros(percent float64) float64 {
	return micros(time.Duration(l.ValueAtPercentile(percent)))
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
