package command

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"troupe/bench/model"
	"troupe/bench/sweep"
)

const modelLong = `Predict what ensembles do whose servers have a machine each, up to 13 voters and
100 observers, from the costs per operation that a sweep has measured on this one.

  troupe bench sweep --servers 1,3,5,7 --json sweep.json
  troupe bench model sweep.json
  troupe bench model --cores 16 --gbit 10 --sync 100us sweep.json

It says what it assumes, and how far it is off where it can be checked.
`

// newModel is the command "troupe bench model".
func newModel() *cobra.Command {
	m, outstanding := model.Stated, model.StatedOutstanding
	const bits = 1e9 / 8
	gbit := m.Bytes / bits
	cmd := &cobra.Command{
		Use:          "model FILE",
		Short:        "Predict larger ensembles from a sweep's results",
		Long:         modelLong,
		Args:         cobra.ExactArgs(1),
		SilenceUsage: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if m.Bytes = gbit * bits; m.Bytes <= 0 || m.Cores <= 0 || outstanding < 1 || m.Sync < 0 || m.RoundTrip < 0 {
				return errors.New("the hardware needs cores, a network and requests, and times that are not negative")
			}
			file, err := os.Open(args[0])
			if err != nil {
				return err
			}
			report, err := sweep.ReadJSON(file)
			if err := errors.Join(err, file.Close()); err != nil {
				return err
			}
			return model.WriteMarkdown(cmd.OutOrStdout(), report, m, outstanding)
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.Float64Var(&m.Cores, "cores", m.Cores, "cores of each server, as fast as those of the sweep")
	fs.Float64Var(&gbit, "gbit", gbit, "network of each server, Gbit/s")
	fs.DurationVar(&m.Sync, "sync", m.Sync, "how long a sync of the log takes")
	fs.DurationVar(&m.RoundTrip, "round-trip", m.RoundTrip, "between two servers")
	fs.IntVar(&outstanding, "outstanding", outstanding, "requests that all clients together keep under way")
	return cmd
}
