package command

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"troupe/bench/failover"
)

const failoverLong = `Measure for how long ensembles take no writes when a server fails.

  troupe bench failover                       everything: troupe and Apache ZooKeeper, every fault
  troupe bench failover --target troupe --faults kill-leader --rounds 5
  troupe bench failover --znodes 1000000 --json results.json

The servers run here, in processes of their own, with their data in a fresh
directory below --dir, which is removed at the end. Sessions spread over all of
them write all the time; the figure is the longest time between two successful
writes, whosever, from the fault on. Faults:

  kill-leader     SIGKILL
  stop-leader     SIGTERM
  pause-leader    SIGSTOP: it keeps its connections and says nothing
  isolate-leader  what it sends to other servers, and they to it, is lost
  kill-follower   SIGKILL
  restart         a follower comes back after it has missed writes`

// newFailover is the command "troupe bench failover".
func newFailover() *cobra.Command {
	o := failover.Defaults()
	var faults []string
	for _, f := range o.Faults {
		faults = append(faults, string(f))
	}
	var lead, after, away float64
	var json string
	var keep bool
	cmd := &cobra.Command{
		Use:          "failover",
		Short:        "Measure outages when servers of an ensemble fail",
		Long:         failoverLong,
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Faults = nil
			for _, f := range faults {
				o.Faults = append(o.Faults, failover.Fault(f))
			}
			o.Lead, o.After, o.Away = seconds(lead), seconds(after), seconds(away)
			return runFailover(cmd, o, json, keep)
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringSliceVar(&o.Targets, "target", o.Targets, "ensembles to start")
	fs.IntVar(&o.Servers, "servers", o.Servers, "servers of each")
	fs.IntVar(&o.Rounds, "rounds", o.Rounds, "how often each fault happens to each")
	fs.StringSliceVar(&faults, "faults", faults, "what happens")
	fs.IntVar(&o.Znodes, "znodes", o.Znodes, "znodes in the tree")
	fs.IntVar(&o.Sessions, "sessions", o.Sessions, "sessions that write, one request at a time each")
	fs.IntVar(&o.Value, "value", o.Value, "bytes of data in each write")
	fs.Float64Var(&lead, "lead", o.Lead.Seconds(), "seconds of load before a fault")
	fs.Float64Var(&after, "after", o.After.Seconds(), "seconds of load after it, at least")
	fs.Float64Var(&away, "away", o.Away.Seconds(), "seconds for which a server that is restarted misses writes")
	fs.StringSliceVar(&o.Config, "config", nil, "further lines of every zoo.cfg, key=value")
	fs.StringVar(&o.Heap, "heap", o.Heap, "heap of the JVM, -Xmx")
	fs.StringVar(&o.Dir, "dir", "", "where the servers' data goes; the system's temporary directory if empty")
	fs.BoolVar(&keep, "keep", false, "leave the servers' directory, with their logs")
	fs.StringVar(&json, "json", "", "write all results to this file")
	return cmd
}

func runFailover(cmd *cobra.Command, o failover.Options, json string, keep bool) (err error) {
	if o.Binary, err = os.Executable(); err != nil {
		return fmt.Errorf("find this program, to start it as a server: %w", err)
	}
	remove, err := directory(&o.Dir, "troupe-bench")
	if err != nil {
		return err
	}
	if keep {
		remove = func() error {
			_, err := fmt.Fprintln(cmd.ErrOrStderr(), "the servers' files are in", o.Dir)
			return err
		}
	}
	defer func() { err = errors.Join(err, remove()) }()
	ctx, stop := interruptible(cmd)
	defer stop()
	o.Progress = cmd.ErrOrStderr()
	report, err := failover.Run(ctx, o)
	if err != nil {
		return err
	}
	if err := writeFile(json, report.WriteJSON); err != nil {
		return err
	}
	return report.WriteMarkdown(cmd.OutOrStdout())
}

// writeFile has a file of that name written, if there is a name.
func writeFile(name string, write func(io.Writer) error) error {
	if name == "" {
		return nil
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
