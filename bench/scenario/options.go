package scenario

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"troupe/bench/load"
)

// Targets are the kinds of servers that can be started. The ceiling takes part in those
// scenarios that say so.
var Targets = load.Targets

// Options say what to measure.
type Options struct {
	Targets   []string // of Targets
	Scenarios []string // of Names; none are all of them
	Ensemble  int      // servers of each target: 1 is a server alone
	Rounds    int      // of each scenario on each target

	Watchers   []int         // how many are told at once
	Sessions   int           // how many are idle
	Contenders int           // for one lock
	Znodes     []int         // sizes of trees, growing
	Rate       float64       // of writes a second; 0 is half of what Apache ZooKeeper reaches
	For        time.Duration // how long is measured beside checkpoints, and a lock
	Settle     time.Duration // that memory may take to come to rest

	Heap     string    // -Xmx of the JVM
	Binary   string    // the troupe program
	Self     string    // a program that has the command "bench ceiling-server"; troupe, but for tests
	Dir      string    // absolute; the servers' data goes below, and is removed after each run
	Progress io.Writer // told of each run
}

// Defaults are the options of the tables.
func Defaults() Options {
	return Options{Targets: slices.Clone(Targets), Ensemble: 1, Rounds: 5,
		Watchers: []int{1000, 10000}, Sessions: 10000, Contenders: 50, Znodes: []int{10_000, 200_000, 1_000_000}, For: 20 * time.Second, Settle: 20 * time.Second,
		Heap: "1g", Progress: io.Discard}
}

// check finds what cannot be run.
func (o *Options) check() error {
	var wrong []error
	between := func(what string, n, low, high int) {
		if n < low || n > high {
			wrong = append(wrong, fmt.Errorf("%s is %d, want %d to %d", what, n, low, high))
		}
	}
	between("servers", o.Ensemble, 1, maxServers)
	between("rounds", o.Rounds, 1, 1000)
	for _, n := range o.Watchers {
		between("watchers", n, 1, 100_000)
	}
	between("sessions", o.Sessions, 1, 100_000)
	between("contenders", o.Contenders, 1, 10_000)
	for i, n := range o.Znodes {
		between("znodes", n, 1, 10_000_000)
		if i > 0 && n <= o.Znodes[i-1] {
			wrong = append(wrong, fmt.Errorf("znodes are %v, want growing sizes", o.Znodes))
		}
	}
	if o.Rate < 0 || o.For <= 0 || o.Settle < 0 {
		wrong = append(wrong, fmt.Errorf("a rate of %v for %v, memory within %v: want none that is negative", o.Rate, o.For, o.Settle))
	}
	if o.paced() && o.Rate == 0 && !slices.Contains(o.Targets, load.Apache) {
		wrong = append(wrong, errors.New("a fixed rate is half of what Apache ZooKeeper reaches: say one where that is not measured"))
	}
	if slices.Equal(o.Targets, []string{load.Ceiling}) && !slices.ContainsFunc(o.Scenarios, ceilingTakesPart) {
		wrong = append(wrong, errors.New("the ceiling takes part in none of these scenarios"))
	}
	if len(o.Targets) == 0 {
		wrong = append(wrong, fmt.Errorf("nothing to do: want targets of %v", Targets))
	}
	for i, name := range o.Targets {
		if !slices.Contains(Targets, name) || slices.Contains(o.Targets[:i], name) {
			wrong = append(wrong, fmt.Errorf("target %q: want some of %v, each once", name, Targets))
		}
	}
	for i, name := range o.Scenarios {
		if names := Names(o.Ensemble); !slices.Contains(names, name) || slices.Contains(o.Scenarios[:i], name) {
			wrong = append(wrong, fmt.Errorf("scenario %q: want some of %v, each once, for %d servers", name, names, o.Ensemble))
		}
	}
	return errors.Join(wrong...)
}

func ceilingTakesPart(name string) bool {
	s, _ := find(name)
	return s.ceiling
}

// paced says whether there is a scenario with a fixed rate.
func (o *Options) paced() bool {
	return slices.Contains(o.Scenarios, "checkpoints") || slices.Contains(o.Scenarios, "rejoin")
}

func (o *Options) say(format string, args ...any) error {
	if _, err := fmt.Fprintf(o.Progress, format+"\n", args...); err != nil {
		return fmt.Errorf("tell progress: %w", err)
	}
	return nil
}
