package sweep

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"troupe/bench/load"
)

// Report is all that one sweep has found.
type Report struct {
	Began    time.Time     `json:"began"`
	Took     float64       `json:"tookSeconds"`
	Machine  load.Machine  `json:"machine"`
	Settings load.Settings `json:"settings"` // of every size; Servers is 0
	Shape    load.Shape    `json:"shape"`
	Sizes    []Size        `json:"sizes"` // by number of servers
}

// Size is the runs on ensembles of one size.
type Size struct {
	Servers int        `json:"servers"`
	Rows    []load.Row `json:"rows"` // by share of reads
}

// add takes what was found of one size.
func (r *Report) add(servers int, found *load.Report) {
	if len(r.Sizes) == 0 {
		r.Machine, r.Settings, r.Shape = found.Machine, found.Settings, found.Rows[0].Shape
		r.Settings.Servers = 0
	}
	r.Machine.LoadAfter = found.Machine.LoadAfter
	r.Sizes = append(r.Sizes, Size{servers, found.Rows})
}

// Targets are all targets of the sweep; some sizes may lack one.
func (r *Report) Targets() (names []string) {
	for _, s := range r.Sizes {
		for _, row := range s.Rows {
			for _, t := range row.Targets {
				if !slices.Contains(names, t.Target) {
					names = append(names, t.Target)
				}
			}
		}
	}
	return names
}

// Reads are the shares of reads in percent, lowest first.
func (r *Report) Reads() (percents []int) {
	for _, row := range r.Sizes[0].Rows {
		percent, _ := row.Workload.Reads()
		percents = append(percents, percent)
	}
	return percents
}

// Series is the runs of a size and a share of reads against a target; nil if
// there are none.
func (s *Size) Series(percent int, target string) *load.Series {
	row := s.row(percent)
	if row == nil {
		return nil
	}
	return row.Series(target)
}

func (s *Size) row(percent int) *load.Row {
	for i := range s.Rows {
		if s.Rows[i].Workload == load.Mix(percent) {
			return &s.Rows[i]
		}
	}
	return nil
}

// size is the runs on so many servers; nil if there are none.
func (r *Report) size(servers int) *Size {
	for i := range r.Sizes {
		if r.Sizes[i].Servers == servers {
			return &r.Sizes[i]
		}
	}
	return nil
}

// Loss is the share of a target's rate that is lost from one ensemble size to
// another; false if one of them was not measured.
func (r *Report) Loss(target string, percent, from, to int) (share float64, known bool) {
	a, b := r.size(from), r.size(to)
	if a == nil || b == nil {
		return 0, false
	}
	few, many := a.Series(percent, target), b.Series(percent, target)
	if few == nil || many == nil || few.Median.Rate == 0 {
		return 0, false
	}
	return 1 - many.Median.Rate/few.Median.Rate, true
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

// ReadJSON reads what WriteJSON has written, and refuses a file without results.
func ReadJSON(in io.Reader) (*Report, error) {
	var r Report
	if err := json.NewDecoder(in).Decode(&r); err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	if len(r.Sizes) == 0 || len(r.Sizes[0].Rows) == 0 {
		return nil, fmt.Errorf("read results: there is no run of a sweep in them")
	}
	return &r, nil
}
