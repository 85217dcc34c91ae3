package failover

import (
	"fmt"
	"slices"
	"time"
)

// Sample is one round. Times are in milliseconds.
type Sample struct {
	// Gap is the longest time between two successful writes from the fault on, Before that of the
	// second before it: what the machine's own unrest amounts to.
	Gap    float64 `json:"gapMs"`
	Before float64 `json:"gapBeforeMs"`
	// P99 of the writes that ended in the second before the fault and of those that were begun in the second after.
	P99Before float64 `json:"p99BeforeMs"`
	P99After  float64 `json:"p99AfterMs"`
	// Rate is successful writes per second before the fault.
	Rate float64 `json:"writesPerSecond"`
	// Lost is writes under way, over a connection to the server that the fault hit, whose outcome
	// nobody knows. Failed is all other writes that did not succeed.
	Lost   int `json:"lost"`
	Failed int `json:"failed"`
	// Start is from the start of a process to its serving, and Missed is how many writes succeeded while it was away.
	Start  float64 `json:"startMs,omitempty"`
	Missed int     `json:"missed,omitempty"`
}

// measure works out a round from its writes, in the order of their ends, the moment of the fault, and
// the address of the server that it hit.
func measure(writes []write, fault time.Time, hit string) Sample {
	s := Sample{}
	var before, after []float64
	var last time.Time
	for _, w := range writes {
		late := !w.ended.Before(fault)
		if w.err != nil {
			switch {
			case late && w.server == hit:
				s.Lost++
			case late:
				s.Failed++
			}
			continue
		}
		recent := fault.Sub(w.ended) <= second
		if gap := millis(w.ended.Sub(last)); !last.IsZero() && late {
			s.Gap = max(s.Gap, gap)
		} else if !last.IsZero() && recent {
			s.Before = max(s.Before, gap)
		}
		last = w.ended
		switch took := millis(w.ended.Sub(w.begun)); {
		case !late && recent:
			before = append(before, took)
		case !w.begun.Before(fault) && w.begun.Sub(fault) <= second:
			after = append(after, took)
		}
	}
	s.Rate = float64(len(before)) / second.Seconds()
	s.P99Before, s.P99After = percentile(before, 99), percentile(after, 99)
	return s
}

// successes counts the writes that succeeded between two moments.
func successes(writes []write, from, to time.Time) (n int) {
	for _, w := range writes {
		if w.err == nil && w.ended.After(from) && w.ended.Before(to) {
			n++
		}
	}
	return n
}

func (s Sample) String() string {
	text := fmt.Sprintf("gap %7.1f ms (%.1f before)  p99 %.1f -> %.1f ms  %.0f writes/s  lost %d  failed %d",
		s.Gap, s.Before, s.P99Before, s.P99After, s.Rate, s.Lost, s.Failed)
	if s.Start > 0 {
		text += fmt.Sprintf("  start %.0f ms, missed %d", s.Start, s.Missed)
	}
	return text
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// percentile sorts values and picks one; 0 if there is none.
func percentile(values []float64, percent int) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[min(len(values)*percent/100, len(values)-1)]
}
