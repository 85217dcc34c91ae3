package chaos

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// Comparison sums up several runs, of one kind of ensemble or more.
type Comparison struct{ Reports []*Report }

// Violated tells whether any run has shown what must not be.
func (c *Comparison) Violated() bool {
	return slices.ContainsFunc(c.Reports, func(r *Report) bool { return len(r.Violations) > 0 })
}

// Write writes, for each fault and kind of ensemble, the longest time of a run
// without a write and until all servers served again: the median of the runs that
// had the fault, and the worst.
func (c *Comparison) Write(w io.Writer) error {
	var targets []string
	for _, r := range c.Reports {
		if !slices.Contains(targets, r.Target) {
			targets = append(targets, r.Target)
		}
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "\nmedian / worst of the runs, ms\truns")
	for _, target := range targets {
		fmt.Fprintf(t, "\t%s: no write for\tall serve again", target)
	}
	fmt.Fprintln(t)
	for _, f := range append(slices.Clone(Faults), FaultInfo{Fault: twoAtOnce}) {
		line, most := "", 0
		for _, target := range targets {
			gaps, backs := c.longest(f.Fault, target)
			most = max(most, len(gaps))
			line += "\t" + brief(gaps) + "\t" + brief(backs)
		}
		if most > 0 {
			fmt.Fprintf(t, "%s\t%d%s\n", f.Fault, most, line)
		}
	}
	fmt.Fprintln(t)
	for _, r := range c.Reports {
		fmt.Fprintf(t, "%s, seed %d\t%d violations in %d operations\n", r.Target, r.Seed, len(r.Violations), len(r.ops))
	}
	return t.Flush()
}

// longest is what a fault has cost in each run at most.
func (c *Comparison) longest(f Fault, target string) (gaps, backs []float64) {
	for _, r := range c.Reports {
		for _, row := range r.Rows {
			if r.Target == target && row.Fault == f {
				gaps, backs = append(gaps, row.GapWorst), append(backs, row.BackWorst)
			}
		}
	}
	return gaps, backs
}

func brief(values []float64) string {
	if len(values) == 0 {
		return "-"
	}
	median, worst := spread(values)
	return fmt.Sprintf("%.0f / %.0f", median, worst)
}
