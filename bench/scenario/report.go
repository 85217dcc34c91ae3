package scenario

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"troupe/bench/load"
)

// Report is all that was found.
type Report struct {
	Began    time.Time    `json:"began"`
	Took     float64      `json:"tookSeconds"`
	Machine  load.Machine `json:"machine"`
	Ensemble int          `json:"servers"` // of each target
	Rounds   int          `json:"rounds"`
	Heap     string       `json:"heap"`
	Rows     []Row        `json:"rows"`
}

// Row is one figure of a scenario: its values by target, one for each round.
type Row struct {
	Scenario string               `json:"scenario"`
	Name     string               `json:"name"`
	Unit     string               `json:"unit"`
	Values   map[string][]float64 `json:"values"`
}

func (r *Report) add(scenario, target string, figures []Figure) {
	for _, f := range figures {
		row := r.row(scenario, f)
		row.Values[target] = append(row.Values[target], f.Value)
	}
}

func (r *Report) row(scenario string, f Figure) *Row {
	i := slices.IndexFunc(r.Rows, func(x Row) bool { return x.Scenario == scenario && x.Name == f.Name })
	if i < 0 {
		i = len(r.Rows)
		r.Rows = append(r.Rows, Row{scenario, f.Name, f.Unit, make(map[string][]float64)})
	}
	return &r.Rows[i]
}

// Ratio is troupe's median divided by Apache's; 0 if one was not measured.
func (r *Row) Ratio() float64 {
	ours, theirs := r.Values[load.Troupe], r.Values[load.Apache]
	if len(ours) == 0 || len(theirs) == 0 || load.Median(theirs) == 0 {
		return 0
	}
	return load.Median(ours) / load.Median(theirs)
}

// share is how much of the ceiling troupe reaches, which is better the lower its figures
// are; 0 if one was not measured.
func (r *Row) share() float64 {
	ours, most := r.Values[load.Troupe], r.Values[load.Ceiling]
	if len(ours) == 0 || len(most) == 0 || load.Median(ours) == 0 {
		return 0
	}
	return load.Median(most) / load.Median(ours)
}

// WriteJSON writes everything.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return nil
}

// WriteMarkdown writes the table that people read.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	servers := "one server alone"
	if r.Ensemble > 1 {
		servers = fmt.Sprintf("%d servers", r.Ensemble)
	}
	fmt.Fprintf(&b, "%s\n\nMedian (lowest to highest) of %d interleaved runs, each on servers just started; %s.\n\n",
		r.Machine.Describe(r.Began, r.Heap), r.Rounds, servers)
	b.WriteString("| scenario | figure | troupe | apache | ceiling | troupe/apache | of the ceiling | wanted |\n|---|---|---|---|---|---|---|---|\n")
	for i := range r.Rows {
		row := &r.Rows[i]
		fmt.Fprintf(&b, "| %s | %s, %s | %s | %s | %s | %s | %s | %s |\n", row.Scenario, row.Name, row.Unit, row.cell(load.Troupe),
			row.cell(load.Apache), row.cell(load.Ceiling), ratio(row.Ratio()), percent(row.share()), row.wanted())
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}

func (r *Row) cell(target string) string {
	v := r.Values[target]
	if len(v) == 0 {
		return "-"
	}
	return fmt.Sprintf("%s (%s to %s)", number(load.Median(v)), number(slices.Min(v)), number(slices.Max(v)))
}

// number has three digits or so.
func number(x float64) string {
	switch {
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

func percent(x float64) string {
	if x == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f %%", 100*x)
}

func ratio(x float64) string {
	if x == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", x)
}
