package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"troupe/bench/load"
)

const long = `Measure servers of the ZooKeeper protocol side by side.

  troupe bench                                everything: troupe, Apache ZooKeeper, the ceiling
  troupe bench --target troupe --seconds 1 --rounds 1 --znodes 0
  troupe bench --connect 127.0.0.1:2181       load a server that runs already
  troupe bench --json results.json
  troupe bench --workloads exists,getChildren,multi,mixed:50 --keys 100000 --skew 0.99
  troupe bench --workloads set --shapes 20x10 --rate 2000

The servers are started here, each in a process of its own, with their data in a
fresh directory below --dir, which is removed at the end. Apache ZooKeeper is the
one of Debian's packages zookeeper and libslf4j-java. The ceiling does the least
that a server can: it answers every request at once with as many bytes as a real
server would, writes after an append and fdatasync that all who wait share; with
more servers after a majority of them has done that.

A row is a workload (get, set, create, delete, exists, getChildren, multi, mixed:R
with R % of reads) in a shape (sessions x requests that each keeps outstanding). With
--rate requests are sent at fixed times instead, and latency counts from when each was
due; so many outstanding are then the most that a session has under way. Runs are interleaved, A B B A. The tables
go to standard output, progress to standard error. Rates mean little on a machine
that does other things; processor time per operation means more.`

// flags are what the options do not hold as the command line has it.
type flags struct {
	workloads, shapes   []string
	seconds, lead, warm float64
	json                string
}

func newFlags(o *load.Options) *flags {
	f := &flags{seconds: o.Long.Seconds(), lead: o.Lead.Seconds(), warm: o.Warm.Seconds()}
	for _, w := range o.Workloads {
		f.workloads = append(f.workloads, string(w))
	}
	for _, s := range o.Shapes {
		f.shapes = append(f.shapes, fmt.Sprintf("%dx%d", s.Sessions, s.Outstanding))
	}
	return f
}

// bindRun adds the flags on what one run is.
func (f *flags) bindRun(cmd *cobra.Command, o *load.Options) {
	fs := cmd.Flags()
	fs.IntVar(&o.Rounds, "rounds", o.Rounds, "runs of each row against each target")
	fs.Float64Var(&f.seconds, "seconds", f.seconds, "length of a run")
	fs.Float64Var(&f.lead, "lead", f.lead, "seconds before that, not measured")
	fs.Float64Var(&f.warm, "warm", f.warm, "seconds of load on each target before the first row")
	fs.Float64Var(&o.Rate, "rate", 0, "requests per second in all, sent at fixed times; 0 is as fast as they are answered")
	fs.IntVar(&o.Value, "value", o.Value, "bytes of data per znode")
	fs.IntVar(&o.Keys, "keys", o.Keys, "znodes that sessions choose from")
	fs.Float64Var(&o.Skew, "skew", 0, "of that choice, the exponent of Zipf's law; 0 is an even choice")
}

// bindEnd adds the flags that are told last.
func (f *flags) bindEnd(cmd *cobra.Command, o *load.Options) {
	fs := cmd.Flags()
	fs.StringVar(&o.Heap, "heap", o.Heap, "heap of the JVM, -Xmx")
	fs.IntVar(&o.Procs, "procs", o.Procs, "cores that a troupe server uses; 0 is all")
	fs.StringVar(&o.Dir, "dir", "", "where the servers' data goes; the system's temporary directory if empty")
	fs.StringVar(&f.json, "json", "", "write all results to this file")
}

// New is the command "troupe bench".
func New() *cobra.Command {
	o := load.Defaults()
	f := newFlags(&o)
	cmd := &cobra.Command{
		Use:          "bench",
		Short:        "Measure throughput, latency, memory and start beside Apache ZooKeeper",
		Long:         long,
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		RunE:         func(cmd *cobra.Command, _ []string) error { return run(cmd, o, f) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringSliceVar(&o.Targets, "target", o.Targets, "servers to start")
	fs.IntVar(&o.Servers, "servers", o.Servers, "servers of each target; more than one are an ensemble, over which sessions are spread")
	fs.StringVar(&o.Connect, "connect", "", "load the servers at these host:port,host:port instead")
	fs.StringSliceVar(&f.workloads, "workloads", f.workloads, "what sessions ask for")
	fs.StringSliceVar(&f.shapes, "shapes", f.shapes, "sessions x outstanding requests")
	f.bindRun(cmd, &o)
	fs.IntVar(&o.Znodes, "znodes", o.Znodes, "znodes to fill for memory and starts; 0 leaves those out")
	f.bindEnd(cmd, &o)
	cmd.AddCommand(newCeiling(), newFailover(), newSweep(), newModel(), newScenario())
	return cmd
}

// fill turns the command line into options.
func (f *flags) fill(o *load.Options) error {
	var wrong []error
	o.Workloads, o.Shapes = nil, nil
	for _, s := range f.workloads {
		w, err := load.ParseWorkload(s)
		o.Workloads, wrong = append(o.Workloads, w), append(wrong, err)
	}
	for _, s := range f.shapes {
		shape, err := load.ParseShape(s)
		o.Shapes, wrong = append(o.Shapes, shape), append(wrong, err)
	}
	o.Long, o.Lead, o.Warm = seconds(f.seconds), seconds(f.lead), seconds(f.warm)
	return errors.Join(wrong...)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func run(cmd *cobra.Command, o load.Options, f *flags) (err error) {
	if err := f.fill(&o); err != nil {
		return err
	}
	finish, err := begin(cmd, &o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, finish()) }()
	ctx, stop := interruptible(cmd)
	defer stop()
	report, err := load.Run(ctx, o)
	if err != nil {
		return err
	}
	if err := writeFile(f.json, report.WriteJSON); err != nil {
		return err
	}
	return report.WriteMarkdown(cmd.OutOrStdout())
}

// begin settles where the servers come from and where their data goes, which
// finish removes.
func begin(cmd *cobra.Command, o *load.Options) (finish func() error, err error) {
	if o.Self, err = os.Executable(); err != nil {
		return nil, fmt.Errorf("find this program, to start it as a server: %w", err)
	}
	o.Binary, o.Progress = o.Self, cmd.ErrOrStderr()
	return directory(&o.Dir, "troupe-bench")
}

// directory makes a fresh directory below dir, and turns dir into its absolute path.
func directory(dir *string, name string) (remove func() error, err error) {
	made, err := os.MkdirTemp(*dir, name+"-")
	if err != nil {
		return nil, err
	}
	if *dir, err = filepath.Abs(made); err != nil {
		return nil, err
	}
	return func() error { return os.RemoveAll(made) }, nil
}

// interruptible is the command's context, which Ctrl-C and SIGTERM end as well.
func interruptible(cmd *cobra.Command) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
}
