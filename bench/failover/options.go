package failover

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"troupe/bench/process"
)

// Fault is what happens to an ensemble.
type Fault string

// The faults.
const (
	KillLeader    Fault = "kill-leader"    // SIGKILL
	StopLeader    Fault = "stop-leader"    // SIGTERM
	PauseLeader   Fault = "pause-leader"   // SIGSTOP: it keeps its connections and says nothing
	IsolateLeader Fault = "isolate-leader" // its packets to and from other servers are lost without a sign; troupe only
	KillFollower  Fault = "kill-follower"  // SIGKILL
	Restart       Fault = "restart"        // of a follower that was killed and has missed writes
)

// Faults are all of them, in the order in which they are measured.
var Faults = []Fault{KillLeader, StopLeader, PauseLeader, IsolateLeader, KillFollower, Restart}

// Targets are the kinds of ensembles that can be started.
var Targets = []string{string(process.Troupe), string(process.Apache)}

// Options say what to measure.
type Options struct {
	Targets  []string      // of Targets
	Servers  int           // of each target; all of them vote
	Rounds   int           // of each fault on each target
	Faults   []Fault       // of Faults
	Znodes   int           // in the tree before the first fault
	Sessions int           // that write
	Value    int           // bytes of data in each write
	Lead     time.Duration // of load before the fault; the last second of it is looked at
	After    time.Duration // of load after the first write that follows the fault
	Away     time.Duration // for how long a follower that is restarted misses writes
	Patience time.Duration // for an ensemble to take writes again
	Config   []string      // further lines of every zoo.cfg
	Heap     string        // -Xmx of the JVM
	Binary   string        // the troupe program
	Dir      string        // absolute; the servers' data goes below, and stays
	Progress io.Writer     // told of each round
}

// Defaults are the options of the tables.
func Defaults() Options {
	return Options{Targets: slices.Clone(Targets), Servers: 3, Rounds: 20, Faults: slices.Clone(Faults), Znodes: 10000,
		Sessions: 20, Value: 100, Lead: 1500 * time.Millisecond, After: 1200 * time.Millisecond, Away: 2 * time.Second,
		Patience: time.Minute, Heap: "1g", Progress: io.Discard}
}

const second = time.Second // looked at before and after a fault

// check finds what cannot be run.
func (o *Options) check() error {
	var wrong []error
	between := func(what string, n, low, high int) {
		if n < low || n > high {
			wrong = append(wrong, fmt.Errorf("%s is %d, want %d to %d", what, n, low, high))
		}
	}
	between("servers", o.Servers, 3, 9)
	between("rounds", o.Rounds, 1, 1000)
	between("znodes", o.Znodes, 0, 10_000_000)
	between("sessions", o.Sessions, 1, 1000)
	between("value", o.Value, 0, 128<<10)
	if o.Lead < second || o.After < second || o.Away <= 0 || o.Patience <= 0 {
		wrong = append(wrong, errors.New("load before and after a fault must last a second or more, other times be positive"))
	}
	if len(o.Targets) == 0 || len(o.Faults) == 0 {
		wrong = append(wrong, fmt.Errorf("nothing to do: want targets of %v and faults of %v", Targets, Faults))
	}
	for i, name := range o.Targets {
		if !slices.Contains(Targets, name) || slices.Contains(o.Targets[:i], name) {
			wrong = append(wrong, fmt.Errorf("target %q: want some of %v, each once", name, Targets))
		}
	}
	for i, f := range o.Faults {
		if !slices.Contains(Faults, f) || slices.Contains(o.Faults[:i], f) {
			wrong = append(wrong, fmt.Errorf("fault %q: want some of %v, each once", f, Faults))
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
