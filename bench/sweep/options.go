package sweep

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"troupe/bench/load"
)

// Options say what to sweep over.
type Options struct {
	// Servers are the ensemble sizes. 1 is a server alone.
	Servers []int
	// Reads are the shares of reads, in percent.
	Reads []int
	// Load says what a run is: Targets, Connect, the one Shape, times, keys, rate.
	// Its Servers, Workloads and Znodes are set here.
	Load load.Options
}

// Defaults are the options of the tables. Of 21 sessions each server of 1, 3 or
// 7 has as many as the others, and of 5 nearly so.
func Defaults() Options {
	o := Options{Servers: []int{1, 3, 5, 7}, Reads: []int{0, 25, 50, 75, 90, 100}, Load: load.Defaults()}
	o.Load.Targets = []string{load.Troupe, load.Apache}
	o.Load.Shapes = []load.Shape{{Sessions: 21, Outstanding: 20}}
	return o
}

const maxServers = 9

// check finds what cannot be run; load checks the rest.
func (o *Options) check() error {
	var wrong []error
	list := func(what string, values []int, low, high int) {
		if len(values) == 0 {
			wrong = append(wrong, fmt.Errorf("no %s", what))
		}
		for i, v := range values {
			if v < low || v > high || slices.Contains(values[:i], v) {
				wrong = append(wrong, fmt.Errorf("%s: %d: want %d to %d, each once", what, v, low, high))
			}
		}
	}
	list("servers", o.Servers, 1, maxServers)
	list("reads", o.Reads, 0, 100)
	if len(o.Load.Shapes) != 1 {
		wrong = append(wrong, errors.New("a sweep has one shape"))
	}
	return errors.Join(wrong...)
}

// size is what load is to measure of one ensemble size.
func (o *Options) size(servers int) load.Options {
	l := o.Load
	l.Servers, l.Znodes, l.Workloads = servers, 0, nil
	for _, percent := range o.Reads {
		l.Workloads = append(l.Workloads, load.Mix(percent))
	}
	return l
}

// connected is how many servers there are where they run already.
func (o *Options) connected() int { return 1 + strings.Count(o.Load.Connect, ",") }
