package model

import (
	"math"

	"troupe/bench/load"
	"troupe/bench/sweep"
)

// Checked is what the costs say of the sweep's own machine, where servers and
// clients share the cores, beside what was measured.
type Checked struct {
	Servers, Reads     int     // percent of reads
	CPU, MeasuredCPU   float64 // microseconds of all servers per operation
	Rate, MeasuredRate float64 // operations per second, with all cores busy
}

// Off is by what share of the measured rate the model's is off.
func (c Checked) Off() float64 { return c.Rate/c.MeasuredRate - 1 }

// Check holds the costs of each share of reads against the sweep. The rate is what the
// cores have time for: the servers' processor time by the model, the clients' as measured.
func Check(r *sweep.Report, target string) (all []Checked) {
	for _, percent := range r.Reads() {
		c, err := Fit(r, target, min(percent, most(r)))
		if err != nil {
			continue // that share is on too few sizes
		}
		for i := range r.Sizes {
			size := &r.Sizes[i]
			s := size.Series(percent, target)
			if s == nil {
				continue
			}
			cpu := c.Together(size.Servers, float64(percent)/100)
			all = append(all, Checked{Servers: size.Servers, Reads: percent, CPU: cpu, MeasuredCPU: s.Median.ServerCPU,
				Rate: float64(r.Machine.Cores) * 1e6 / (cpu + s.Median.ClientCPU), MeasuredRate: s.Median.Rate})
		}
	}
	return all
}

// most is the highest share of reads with writes beside them, in percent.
func most(r *sweep.Report) (percent int) {
	for _, p := range r.Reads() {
		if p < 100 {
			percent = p
		}
	}
	return percent
}

// Typical is the median of how far off the rates are, either way.
func Typical(all []Checked) float64 {
	var off []float64
	for _, c := range all {
		off = append(off, math.Abs(c.Off()))
	}
	return load.Median(off)
}
