package command

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"troupe/bench/load"
	"troupe/bench/sweep"
)

const sweepLong = `Measure throughput against ensemble size and against the share of reads.

  troupe bench sweep                          1, 3, 5 and 7 servers of troupe and of Apache ZooKeeper
  troupe bench sweep --servers 3 --reads 0,100 --target troupe --rounds 1
  troupe bench sweep --connect a:2181,b:2181,c:2181
  troupe bench sweep --json sweep.json && go run ./bench/cmd/charts sweep.json

The ensembles are started here, those of one size at a time, each server in a process
of its own, with its data in a fresh directory below --dir, which is removed at the
end. Sessions are spread over all servers; each operation is a get or, as the share of
reads says, a set. Runs are interleaved, A B B A. Seven servers of Apache ZooKeeper need
seven times --heap of memory. Where the ensemble runs already, its processor time is
not known.`

// newSweep is the command "troupe bench sweep".
func newSweep() *cobra.Command {
	o := sweep.Defaults()
	f := newFlags(&o.Load)
	shape := f.shapes[0]
	cmd := &cobra.Command{
		Use:          "sweep",
		Short:        "Measure throughput against ensemble size and share of reads",
		Long:         sweepLong,
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.shapes = []string{shape}
			return runSweep(cmd, o, f)
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.IntSliceVar(&o.Servers, "servers", o.Servers, "ensemble sizes; 1 is a server alone")
	fs.IntSliceVar(&o.Reads, "reads", o.Reads, "shares of reads, in percent")
	fs.StringSliceVar(&o.Load.Targets, "target", o.Load.Targets, fmt.Sprintf("servers to start, of %v", load.Targets))
	fs.StringVar(&o.Load.Connect, "connect", "", "load the ensemble at these host:port,host:port instead")
	fs.StringVar(&shape, "shape", shape, "sessions x outstanding requests")
	f.bindRun(cmd, &o.Load)
	f.bindEnd(cmd, &o.Load)
	return cmd
}

func runSweep(cmd *cobra.Command, o sweep.Options, f *flags) (err error) {
	if err := f.fill(&o.Load); err != nil {
		return err
	}
	finish, err := begin(cmd, &o.Load)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, finish()) }()
	ctx, stop := interruptible(cmd)
	defer stop()
	report, err := sweep.Run(ctx, o)
	if err != nil {
		return err
	}
	if err := writeFile(f.json, report.WriteJSON); err != nil {
		return err
	}
	return report.WriteMarkdown(cmd.OutOrStdout())
}
