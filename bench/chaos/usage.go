package chaos

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"troupe/bench/process"
	"troupe/bench/process/mesh"
)

// Usage is what each server took of the machine at a moment between two faults.
type Usage struct {
	At      time.Duration   `json:"at"` // nanoseconds from the start of the run
	Servers []process.Usage `json:"servers"`
}

// weigh looks at all servers. A fault may have an aftermath: who does not serve now
// is given time.
func (o *Options) weigh(ctx context.Context, e *mesh.Ensemble, at time.Duration) (u Usage, err error) {
	ctx, cancel := context.WithTimeout(ctx, o.Patience)
	defer cancel()
	u.At, u.Servers = at, make([]process.Usage, len(e.Servers))
	for i, s := range e.Servers {
		for u.Servers[i], err = s.Usage(ctx); err != nil; u.Servers[i], err = s.Usage(ctx) {
			if late := process.Pause(ctx, again); late != nil {
				return u, fmt.Errorf("server.%d: %w", i+1, err)
			}
		}
	}
	return u, nil
}

// weight is something that must not grow for ever.
type weight struct {
	name string
	of   func(process.Usage) float64
}

var weights = []weight{
	{"memory, MiB", func(u process.Usage) float64 { return float64(u.Memory) / (1 << 20) }},
	{"open files", func(u process.Usage) float64 { return float64(u.Files) }},
	{"goroutines or threads", func(u process.Usage) float64 { return float64(u.Tasks) }},
	{"disk, MiB", func(u process.Usage) float64 { return float64(u.Disk) / (1 << 20) }},
}

// draw draws a weight, a line for each server.
func (r *Report) draw(w weight, top float64, x func(time.Duration) float64) chart {
	highest := 1.0
	lines := make([]strings.Builder, r.Servers)
	for _, u := range r.Usage {
		for _, s := range u.Servers {
			highest = max(highest, w.of(s))
		}
	}
	for _, u := range r.Usage {
		for i, s := range u.Servers {
			fmt.Fprintf(&lines[i], "%.1f,%.1f ", x(u.At), top+chartHigh*(1-w.of(s)/highest))
		}
	}
	c := chart{Title: w.name + ", each server", Top: top, Max: fmt.Sprintf("%.0f", highest)}
	for i := range lines {
		c.Lines = append(c.Lines, lines[i].String())
	}
	return c
}

// sixth is the part of a run whose beginning and end are compared.
const sixth = 6

// writeUsage compares the first sixth of the run with the last.
func (r *Report) writeUsage(w io.Writer) error {
	n := len(r.Usage) / sixth
	if n == 0 {
		return nil
	}
	median := func(some []Usage, of func(process.Usage) float64) float64 {
		var all []float64
		for _, u := range some {
			for _, s := range u.Servers {
				all = append(all, of(s))
			}
		}
		m, _ := spread(all)
		return m
	}
	var b strings.Builder
	b.WriteString("first and last sixth of the run:")
	for _, x := range weights {
		fmt.Fprintf(&b, " %s %.0f, %.0f;", x.name, median(r.Usage[:n], x.of), median(r.Usage[len(r.Usage)-n:], x.of))
	}
	first := r.latency(func(at time.Duration) bool { return at < r.Lasted/sixth })
	last := r.latency(func(at time.Duration) bool { return at >= r.Lasted-r.Lasted/sixth })
	fmt.Fprintf(&b, " half of the operations within ms %.2f, %.2f; 99 %% %.1f, %.1f\n", first[0], last[0], first[1], last[1])
	_, err := io.WriteString(w, b.String())
	return err
}

// latency is the median and the 99th percentile of successful operations, in
// milliseconds.
func (r *Report) latency(when func(ended time.Duration) bool) (l [2]float64) {
	var all []time.Duration
	for i := range r.ops {
		if o := &r.ops[i]; o.Outcome == Done && when(o.Ended) {
			all = append(all, o.Ended-o.Begun)
		}
	}
	if len(all) == 0 {
		return l
	}
	slices.SortFunc(all, cmp.Compare[time.Duration])
	return [2]float64{millis(all[len(all)/2]), millis(all[len(all)*99/100])}
}
