package load

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"
)

// CeilingCommand is the subcommand of "troupe bench" that serves the ceiling.
const CeilingCommand = "ceiling-server"

// Options say what to measure.
type Options struct {
	// Targets are the servers to start, of Targets, in the order of the first round.
	Targets []string
	// Servers of each target: 1 is a server alone, more are an ensemble, over which
	// the sessions are spread.
	Servers int
	// Connect is running servers to load instead, host:port,host:port.
	Connect   string
	Workloads []Workload
	Shapes    []Shape
	Rounds    int           // runs of each row against each target
	Long      time.Duration // measured part of a run
	Lead      time.Duration // unmeasured beginning of a run
	Warm      time.Duration // load on every target before the first row
	Settle    time.Duration // at most, between runs; and for memory to come to rest
	Value     int           // bytes of data per znode
	Keys      int           // znodes that get and set choose from
	Skew      float64       // of that choice: Zipf's exponent, 0 for none
	Rate      float64       // requests per second in all, in an open loop; 0 is a closed one
	Znodes    int           // how many to fill for memory and starts; 0 leaves those out
	Heap      string        // -Xmx of the JVM
	Procs     int           // cores that a troupe server uses, GOMAXPROCS; 0 is all
	Binary    string        // the troupe program
	Self      string        // a program that has the command "bench ceiling-server"; troupe, but for tests
	Dir       string        // absolute; the servers' data goes below, and stays
	Progress  io.Writer     // told of each step
}

// Defaults are the options of the tables.
func Defaults() Options {
	return Options{
		Targets: slices.Clone(Targets), Workloads: slices.Clone(Workloads), Shapes: slices.Clone(Shapes),
		Servers: 1, Rounds: 5, Long: 3 * time.Second, Lead: 500 * time.Millisecond, Warm: 12 * time.Second,
		Settle: 10 * time.Second, Value: 1024, Keys: 1000, Znodes: 200000, Heap: "1g", Progress: io.Discard,
	}
}

const (
	maxValue  = 128 << 10 // bytes; the frame fits the ceiling's input buffer
	maxKeys   = 1000000
	maxZnodes = 10000000
	maxSkew   = 10.0
	maxRate   = 1e6
)

// check finds what cannot be run.
func (o *Options) check() error {
	var wrong []error
	between := func(what string, n, low, high int) {
		if n < low || n > high {
			wrong = append(wrong, fmt.Errorf("%s is %d, want %d to %d", what, n, low, high))
		}
	}
	between("servers", o.Servers, 1, 9)
	between("rounds", o.Rounds, 1, 1000)
	between("value", o.Value, 0, maxValue)
	between("keys", o.Keys, 1, maxKeys)
	between("znodes", o.Znodes, 0, maxZnodes)
	between("procs", o.Procs, 0, runtime.NumCPU())
	if slices.Contains(o.Workloads, Multi) {
		between("value", o.Value, 0, maxValue/multiSets) // in one frame
	}
	if o.Skew < 0 || o.Skew > maxSkew {
		wrong = append(wrong, fmt.Errorf("skew is %v, want 0 to %v", o.Skew, maxSkew))
	}
	if o.Rate < 0 || o.Rate > maxRate {
		wrong = append(wrong, fmt.Errorf("rate is %v, want 0 to %v", o.Rate, maxRate))
	}
	if o.Long <= 0 || o.Lead < 0 || o.Warm < 0 || o.Settle < 0 {
		wrong = append(wrong, errors.New("the length of a run must be positive, other times not negative"))
	}
	if o.Connect == "" && len(o.Targets) == 0 {
		wrong = append(wrong, fmt.Errorf("no target: want some of %v, or a server to connect to", Targets))
	}
	for i, name := range o.Targets {
		if !slices.Contains(Targets, name) || slices.Contains(o.Targets[:i], name) {
			wrong = append(wrong, fmt.Errorf("target %q: want some of %v, each once", name, Targets))
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
