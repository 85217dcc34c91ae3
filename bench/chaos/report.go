package chaos

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"
)

// Report is what a run has shown.
type Report struct {
	Target     string         `json:"target"`
	Servers    int            `json:"servers"`
	Seed       uint64         `json:"seed"`
	Lasted     time.Duration  `json:"lasted"` // nanoseconds
	Operations map[string]int `json:"operations"`
	Rows       []Row          `json:"rows"`
	Events     []Event        `json:"events"`
	Seats      []Seat         `json:"-"` // in the timeline
	Usage      []Usage        `json:"usage"`
	Violations []Violation    `json:"violations"`

	ops   []Op
	ended bool // in order, so that trees could be looked at
}

// Row is what one kind of fault has cost. Times are in milliseconds.
type Row struct {
	Fault Fault `json:"fault"`
	Times int   `json:"times"`
	// Gap is the longest time without a successful write between the fault and
	// the moment when all servers served again; Back is from the end of the fault
	// to that moment. The median, and the worst. While all servers are down or
	// paused nothing can succeed: then Gap begins with the end of the fault.
	Gap       float64 `json:"gapMs"`
	GapWorst  float64 `json:"gapWorstMs"`
	Back      float64 `json:"backMs"`
	BackWorst float64 `json:"backWorstMs"`
}

// newReport judges the evidence.
func newReport(o *Options, events []Event, seats []Seat, usage []Usage, e *Evidence) *Report {
	r := &Report{Seats: seats, Usage: usage, Target: o.Target, Servers: o.Servers, Seed: o.Seed, Events: events, Operations: make(map[string]int),
		Violations: check(e), ops: e.Ops, ended: e.Trees != nil}
	for i := range e.Ops {
		r.Operations[string(e.Ops[i].Outcome)]++
		r.Lasted = max(r.Lasted, e.Ops[i].Ended)
	}
	for _, f := range Faults {
		r.row(f.Fault, func(e Event) bool { return e.Fault == f.Fault && e.With == "" })
	}
	r.row(twoAtOnce, func(e Event) bool { return e.With != "" })
	return r
}

// twoAtOnce is the row of all steps with two faults.
const twoAtOnce Fault = "two at once"

// row sums up some of the events, if there are any.
func (r *Report) row(name Fault, belongs func(Event) bool) {
	var gaps, backs []float64
	for _, e := range r.Events {
		if belongs(e) {
			gaps = append(gaps, millis(e.gap(r.ops)))
			backs = append(backs, millis(e.Served-e.Ended))
		}
	}
	if len(gaps) == 0 {
		return
	}
	row := Row{Fault: name, Times: len(gaps)}
	row.Gap, row.GapWorst = spread(gaps)
	row.Back, row.BackWorst = spread(backs)
	r.Rows = append(r.Rows, row)
}

// gap is the longest time in which no write succeeded, because of the event. That
// which no server could do anything in does not count.
func (e *Event) gap(ops []Op) time.Duration {
	if !e.Fault.info().has(total) {
		return gap(ops, e.Begun, e.Served)
	}
	after := slices.Concat([]Op{{Kind: Write, Ended: e.Ended, Outcome: Done}}, ops[at(ops, e.Ended):at(ops, e.Served+time.Minute)])
	return gap(after, e.Ended, e.Served)
}

// at is the index of the first operation that ended at some time or later.
func at(ops []Op, t time.Duration) int {
	i, _ := slices.BinarySearchFunc(ops, t, func(o Op, t time.Duration) int { return cmp.Compare(o.Ended, t) })
	return i
}

// gap is the longest time between two successful writes that ended, one after
// the other, the second in a span of time; or from the last one to the end of the
// span. ops are in the order in which they ended.
func gap(ops []Op, from, to time.Duration) (longest time.Duration) {
	first, last := at(ops, from), time.Duration(-1)
	for i := first - 1; i >= 0 && last < 0; i-- {
		if ops[i].succeeded() {
			last = ops[i].Ended
		}
	}
	for i := first; i < len(ops); i++ {
		if !ops[i].succeeded() {
			continue
		}
		ended := ops[i].Ended
		if last >= 0 {
			longest = max(longest, ended-last)
		}
		if last = ended; ended > to {
			return longest
		}
	}
	if last >= 0 { // nothing has succeeded since
		longest = max(longest, to-last)
	}
	return longest
}

// spread is the median and the highest.
func spread(values []float64) (median, worst float64) {
	slices.Sort(values)
	return values[len(values)/2], values[len(values)-1]
}

// Write writes the summary, for people.
func (r *Report) Write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "\n%s, %d servers, seed %d: %.0f s, %d faults, %d operations done, %d unknown, %d not done\n\n", r.Target, r.Servers,
		r.Seed, r.Lasted.Seconds(), len(r.Events), r.Operations[string(Done)]+r.Operations[string(Refused)],
		r.Operations[string(Unknown)], r.Operations[string(NotDone)])
	fmt.Fprintln(t, "fault\ttimes\tno write for, ms\tworst\tall serve again, ms\tworst\t")
	for _, row := range r.Rows {
		fmt.Fprintf(t, "%s\t%d\t%.0f\t%.0f\t%.0f\t%.0f\t\n", row.Fault, row.Times, row.Gap, row.GapWorst, row.Back, row.BackWorst)
	}
	fmt.Fprintln(t)
	for _, c := range Checks {
		n := 0
		for _, v := range r.Violations {
			if v.Check == c.Name {
				n++
			}
		}
		fmt.Fprintf(t, "%s\t%s\t\n", c.Name, r.verdict(c, n))
	}
	if err := errors.Join(t.Flush(), r.writeUsage(w)); err != nil {
		return err
	}
	const shown = 20
	for i, v := range r.Violations {
		if i == shown {
			_, err := fmt.Fprintf(w, "and %d more\n", len(r.Violations)-shown)
			return err
		}
		if _, err := fmt.Fprintf(w, "%s: %s\n", v.Check, v.What); err != nil {
			return err
		}
	}
	return nil
}

// verdict is on a check that found so many violations.
func (r *Report) verdict(c Check, found int) string {
	switch {
	case found > 0:
		return fmt.Sprintf("VIOLATED, %d times", found)
	case c.atEnd && !r.ended:
		return "not judged: there was no end to look at"
	}
	return "holds"
}

// Save leaves the history, the report and pictures of violations in a directory.
func (r *Report) Save(dir string) error {
	err := errors.Join(
		save(filepath.Join(dir, "history.jsonl"), func(w io.Writer) error { return write(w, r.ops) }),
		save(filepath.Join(dir, "report.json"), func(w io.Writer) error {
			e := json.NewEncoder(w)
			e.SetIndent("", "  ")
			return e.Encode(r)
		}),
		save(filepath.Join(dir, "report.txt"), r.Write),
		save(filepath.Join(dir, "report.html"), r.WriteHTML))
	for i, v := range r.Violations {
		if v.Picture != nil {
			err = errors.Join(err, v.Picture(filepath.Join(dir, fmt.Sprintf("violation%d.html", i+1))))
		}
	}
	return err
}

func save(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
