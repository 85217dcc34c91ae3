package scenario

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"troupe/bench/process"
)

// Targets are the kinds of servers that can be started.
var Targets = []string{string(process.Troupe), string(process.Apache)}

// Options say what to measure.
type Options struct {
	Targets   []string  // of Targets
	Scenarios []string  // of Names
	Ensemble  int       // servers of each target: 1 is a server alone
	Rounds    int       // of each scenario on each target
	Watchers  []int     // how many are told at once
	Heap      string    // -Xmx of the JVM
	Binary    string    // the troupe program
	Dir       string    // absolute; the servers' data goes below, and is removed after each run
	Progress  io.Writer // told of each run
}

// Defaults are the options of the tables.
func Defaults() Options {
	return Options{Targets: slices.Clone(Targets), Scenarios: Names(), Ensemble: 1, Rounds: 5, Watchers: []int{1000, 10000},
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
	between("servers", o.Ensemble, 1, 9)
	between("rounds", o.Rounds, 1, 1000)
	for _, n := range o.Watchers {
		between("watchers", n, 1, 100_000)
	}
	if len(o.Targets) == 0 || len(o.Scenarios) == 0 {
		wrong = append(wrong, fmt.Errorf("nothing to do: want targets of %v and scenarios of %v", Targets, Names()))
	}
	for i, name := range o.Targets {
		if !slices.Contains(Targets, name) || slices.Contains(o.Targets[:i], name) {
			wrong = append(wrong, fmt.Errorf("target %q: want some of %v, each once", name, Targets))
		}
	}
	for i, name := range o.Scenarios {
		if _, known := find(name); !known || slices.Contains(o.Scenarios[:i], name) {
			wrong = append(wrong, fmt.Errorf("scenario %q: want some of %v, each once", name, Names()))
		}
	}
	return errors.Join(wrong...)
}

func (o *Options) say(format string, args ...any) error {
	if _, err := fmt.Fprintf(o.Progress, format+"\n", args...); err != nil {
		return fmt.Errorf("tell progress: %w", err)
	}
	return nil
}
