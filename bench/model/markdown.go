package model

import (
	"fmt"
	"io"
	"strings"

	"troupe/bench/sweep"
)

// Voters and Observers are the sizes that the tables predict; with observers there
// are ObservedVoters.
var (
	Voters    = []int{1, 3, 5, 7, 9, 11, 13}
	Observers = []int{0, 5, 10, 30, 100}
)

// ObservedVoters is how many servers vote where there are observers.
const ObservedVoters = 3

// Assumptions are what the predictions rest on.
const Assumptions = `- Each server has a machine of its own, with cores as fast as those of the sweep, and uses all of them alike.
- A cost per operation is the same at every size, but for what grows with it: the leader's with each server that it
  tells, another server's with its share of the clients. It is that of full load and of its share of reads, with the batches that come of it.
- An observer costs the leader what a follower does, and itself, too. (It sends no acknowledgements, so this is more than it is.)
- All that goes between servers leaves through the leader's network. (Half of it, forwarded writes and
  acknowledgements, comes in there; a network that is busy in both directions at once is not slower for it.)
- Clients are spread evenly over all servers, and are never the limit. Nothing fails.
- A write waits for one sync and two round trips; syncs are shared by all writes that wait.
`

// WriteMarkdown writes costs, checks and predictions of all targets of a sweep.
func WriteMarkdown(out io.Writer, r *sweep.Report, m Machine, outstanding int) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Costs from a sweep: %s\n\n%s\n\n", r.Machine.Describe(r.Began, r.Settings.Heap), r.Settings.Describe())
	all, err := fitAll(r, 0)
	if err != nil {
		return err
	}
	mixed, err := fitAll(r, most(r))
	if err != nil {
		return err
	}
	fmt.Fprintf(&b, "Writes only:\n\n")
	costs(&b, all)
	fmt.Fprintf(&b, "%d %% reads:\n\n", most(r))
	costs(&b, mixed)
	for _, c := range all {
		checks(&b, r, c.Target)
	}
	fmt.Fprintf(&b, "Predicted, every server with %v cores, %.3g Gbit/s, a sync of %v and a round trip of %v to the others, %d requests outstanding:\n\n%s\n",
		m.Cores, m.Bytes*8/1e9, m.Sync, m.RoundTrip, outstanding, Assumptions)
	voters(&b, all, m, outstanding)
	observers(&b, all, mixed, most(r), m, outstanding)
	if _, err := io.WriteString(out, b.String()); err != nil {
		return fmt.Errorf("write tables: %w", err)
	}
	return nil
}

func costs(b *strings.Builder, all []Costs) {
	head := "| per operation |"
	for _, c := range all {
		head += " " + c.Target + " |"
	}
	fmt.Fprintf(b, "%s\n|---|%s\n", head, strings.Repeat("---|", len(all)))
	row := func(what, format string, of func(*Costs) float64) {
		fmt.Fprintf(b, "| %s |", what)
		for i := range all {
			fmt.Fprintf(b, " "+format+" |", of(&all[i]))
		}
		b.WriteByte('\n')
	}
	row("read, the server that answers, us", "%.1f", func(c *Costs) float64 { return c.Read })
	row("write, the leader, us", "%.1f", func(c *Costs) float64 { return c.Write })
	row("and for each server that it tells, us", "%.2f", func(c *Costs) float64 { return c.WritePeer })
	row("write, each server that is told, us", "%.1f", func(c *Costs) float64 { return c.Follow })
	row("and for the one whose client it was, us", "%.1f", func(c *Costs) float64 { return c.FollowClient })
	row("read, bytes to and from the client", "%.0f", func(c *Costs) float64 { return c.ReadBytes })
	row("write, bytes to and from the client", "%.0f", func(c *Costs) float64 { return c.WriteBytes })
	row("write, bytes to and from each server that is told", "%.0f", func(c *Costs) float64 { return c.PeerBytes })
	b.WriteByte('\n')
}

func fitAll(r *sweep.Report, percent int) (all []Costs, err error) {
	for _, target := range r.Targets() {
		c, err := Fit(r, target, percent)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// checks is the model beside what was measured on the one machine.
func checks(b *strings.Builder, r *sweep.Report, target string) {
	all := Check(r, target)
	fmt.Fprintf(b, "%s on the one machine of the sweep, the model beside what was measured; the rate is off by %.0f %% (median).\n\n"+
		"| servers | reads | us per operation | measured | ops/s | measured | off |\n|---|---|---|---|---|---|---|\n", target, 100*Typical(all))
	for _, x := range all {
		fmt.Fprintf(b, "| %d | %d %% | %.1f | %.1f | %.0f | %.0f | %+.0f %% |\n", x.Servers, x.Reads, x.CPU, x.MeasuredCPU, x.Rate, x.MeasuredRate, 100*x.Off())
	}
	b.WriteByte('\n')
}

func voters(b *strings.Builder, all []Costs, m Machine, outstanding int) {
	b.WriteString("| voters |")
	for _, c := range all {
		fmt.Fprintf(b, " %s, reads only | %s, writes only | limited by |", c.Target, c.Target)
	}
	fmt.Fprintf(b, " the paper, reads | writes |\n|---|%s---|---|\n", strings.Repeat("---|---|---|", len(all)))
	for _, n := range Voters {
		fmt.Fprintf(b, "| %d |", n)
		for i := range all {
			reads, _ := all[i].Predict(Ensemble{Voters: n, Reads: 1, Outstanding: outstanding}, m)
			writes, by := all[i].Predict(Ensemble{Voters: n, Outstanding: outstanding}, m)
			fmt.Fprintf(b, " %.0f | %.0f | %s |", reads, writes, by)
		}
		b.WriteString(published(n))
	}
	b.WriteByte('\n')
}

// published is the paper's two cells.
func published(servers int) string {
	for _, p := range Paper {
		if p.Servers == servers {
			return fmt.Sprintf(" %.0f | %.0f |\n", p.Reads, p.Writes)
		}
	}
	return " - | - |\n"
}

func observers(b *strings.Builder, all, mixed []Costs, percent int, m Machine, outstanding int) {
	fmt.Fprintf(b, "| %d voters and observers |", ObservedVoters)
	for _, c := range all {
		fmt.Fprintf(b, " %s, reads only | %d %% reads | writes only |", c.Target, percent)
	}
	fmt.Fprintf(b, "\n|---|%s\n", strings.Repeat("---|---|---|", len(all)))
	for _, n := range Observers {
		fmt.Fprintf(b, "| %d |", n)
		for i := range all {
			e := Ensemble{Voters: ObservedVoters, Observers: n, Outstanding: outstanding}
			writes, _ := all[i].Predict(e, m)
			e.Reads = float64(percent) / 100
			both, _ := mixed[i].Predict(e, m)
			e.Reads = 1
			reads, _ := all[i].Predict(e, m)
			fmt.Fprintf(b, " %.0f | %.0f | %.0f |", reads, both, writes)
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
}
