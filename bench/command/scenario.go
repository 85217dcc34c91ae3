package command

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"troupe/bench/scenario"
)

const scenarioLong = `Measure what no steady load shows, beside Apache ZooKeeper.

  troupe bench scenario                       all that one server can show
  troupe bench scenario --servers 3           all that three can
  troupe bench scenario --scenarios fan-out,rejoin --servers 3 --rounds 3
  troupe bench scenario --json scenarios.json

Each run has servers of its own, just started, in processes of their own, with their
data in a fresh directory below --dir; runs are interleaved, A B B A.
`

// newScenario is the command "troupe bench scenario".
func newScenario() *cobra.Command {
	o := scenario.Defaults()
	var json string
	cmd := &cobra.Command{
		Use:          "scenario",
		Short:        "Measure watchers, sessions, starts and checkpoints",
		Long:         scenarioLong + scenario.List(),
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		RunE:         func(cmd *cobra.Command, _ []string) error { return runScenario(cmd, o, json) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringSliceVar(&o.Targets, "target", o.Targets, "servers to start")
	fs.StringSliceVar(&o.Scenarios, "scenarios", o.Scenarios, "what to measure; all for so many servers if empty")
	fs.IntVar(&o.Ensemble, "servers", o.Ensemble, "servers of each target; 1 is a server alone")
	fs.IntVar(&o.Rounds, "rounds", o.Rounds, "runs of each scenario on each target")
	fs.IntSliceVar(&o.Watchers, "watchers", o.Watchers, "fan-out: how many sessions watch")
	fs.IntVar(&o.Sessions, "sessions", o.Sessions, "sessions: how many are idle")
	fs.IntVar(&o.Contenders, "contenders", o.Contenders, "locks: how many want it")
	fs.IntSliceVar(&o.Znodes, "znodes", o.Znodes, "trees, checkpoints: sizes of the tree, growing")
	fs.Float64Var(&o.Rate, "rate", o.Rate, "checkpoints, rejoin: writes a second; 0 is half of what Apache ZooKeeper reaches")
	fs.DurationVar(&o.For, "for", o.For, "checkpoints, locks: how long is measured")
	fs.StringVar(&o.Heap, "heap", o.Heap, "heap of the JVM, -Xmx")
	fs.StringVar(&o.Dir, "dir", "", "where the servers' data goes; the system's temporary directory if empty")
	fs.StringVar(&json, "json", "", "write all results to this file")
	return cmd
}

func runScenario(cmd *cobra.Command, o scenario.Options, json string) (err error) {
	if o.Self, err = os.Executable(); err != nil {
		return fmt.Errorf("find this program, to start it as a server: %w", err)
	}
	o.Binary = o.Self
	remove, err := directory(&o.Dir, "troupe-bench")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	ctx, stop := interruptible(cmd)
	defer stop()
	o.Progress = cmd.ErrOrStderr()
	report, err := scenario.Run(ctx, o)
	if err != nil {
		return err
	}
	if err := writeFile(json, report.WriteJSON); err != nil {
		return err
	}
	return report.WriteMarkdown(cmd.OutOrStdout())
}
