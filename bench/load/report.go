package load

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"
)

// Report is all that one run of the benchmark has found.
type Report struct {
	Began     time.Time  `json:"began"`
	Took      float64    `json:"tookSeconds"`
	Machine   Machine    `json:"machine"`
	Settings  Settings   `json:"settings"`
	Rows      []Row      `json:"rows"`
	Footprint *Footprint `json:"footprint,omitempty"`
}

// Settings are the options that a figure depends on.
type Settings struct {
	Servers     int     `json:"servers"` // of each target
	Rounds      int     `json:"rounds"`
	Seconds     float64 `json:"seconds"`
	LeadSeconds float64 `json:"leadSeconds"`
	WarmSeconds float64 `json:"warmSeconds"`
	Value       int     `json:"valueBytes"`
	Keys        int     `json:"keys"`
	Skew        float64 `json:"skew"` // of the choice of keys; 0 is none
	Rate        float64 `json:"rate"` // requests per second in an open loop; 0 is a closed one
	Heap        string  `json:"heap"`
	Procs       int     `json:"procs"` // cores that a troupe server uses; 0 is all
}

func settings(o *Options) Settings {
	return Settings{Servers: o.Servers, Skew: o.Skew, Rate: o.Rate, Rounds: o.Rounds, Seconds: o.Long.Seconds(), LeadSeconds: o.Lead.Seconds(),
		WarmSeconds: o.Warm.Seconds(), Value: o.Value, Keys: o.Keys, Heap: o.Heap, Procs: o.Procs}
}

// Row is one line of the table: a workload in a shape, against every target.
type Row struct {
	Workload Workload `json:"workload"`
	Shape    Shape    `json:"shape"`
	Targets  []Series `json:"targets"`
}

// Series is the runs of a row against one target. Median has the medians of the
// figures, each for itself.
type Series struct {
	Target  string   `json:"target"`
	Samples []Sample `json:"samples"`
	Median  Sample   `json:"median"`
	MinRate float64  `json:"minRate"`
	MaxRate float64  `json:"maxRate"`
}

func (s *Series) summarize() {
	of := func(field func(*Sample) float64) float64 {
		var all []float64
		for i := range s.Samples {
			all = append(all, field(&s.Samples[i]))
		}
		return Median(all)
	}
	s.Median = Sample{
		Seconds: of(func(s *Sample) float64 { return s.Seconds }),
		Ops:     uint64(of(func(s *Sample) float64 { return float64(s.Ops) })),
		Rate:    of(func(s *Sample) float64 { return s.Rate }),
		P50:     of(func(s *Sample) float64 { return s.P50 }), P90: of(func(s *Sample) float64 { return s.P90 }), P99: of(func(s *Sample) float64 { return s.P99 }),
		P999: of(func(s *Sample) float64 { return s.P999 }), Max: of(func(s *Sample) float64 { return s.Max }),
		ServerCPU:   of(func(s *Sample) float64 { return s.ServerCPU }),
		LeaderCPU:   of(func(s *Sample) float64 { return s.LeaderCPU }),
		WireBytes:   of(func(s *Sample) float64 { return s.WireBytes }),
		Flushes:     of(func(s *Sample) float64 { return s.Flushes }),
		ClientCPU:   of(func(s *Sample) float64 { return s.ClientCPU }),
		ClientCores: of(func(s *Sample) float64 { return s.ClientCores }),
	}
	byRate := func(a, b Sample) int { return cmp.Compare(a.Rate, b.Rate) }
	s.MinRate, s.MaxRate = slices.MinFunc(s.Samples, byRate).Rate, slices.MaxFunc(s.Samples, byRate).Rate
}

// Median is the middle of the values, the mean of both middles for an even
// number; 0 for none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// Series is the row's runs against a target; nil if there are none.
func (r *Row) Series(target string) *Series {
	for i := range r.Targets {
		if r.Targets[i].Target == target {
			return &r.Targets[i]
		}
	}
	return nil
}

// Ratio is the median rate of one target divided by another's, 0 if one was not
// measured.
func (r *Row) Ratio(of, to string) float64 {
	a, b := r.Series(of), r.Series(to)
	if a == nil || b == nil || b.Median.Rate == 0 {
		return 0
	}
	return a.Median.Rate / b.Median.Rate
}

// WriteJSON writes everything, the single runs too.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return nil
}

// ReadJSON reads what WriteJSON has written.
func ReadJSON(in io.Reader) (*Report, error) {
	var r Report
	if err := json.NewDecoder(in).Decode(&r); err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	return &r, nil
}
