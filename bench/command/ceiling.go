package command

import (
	"fmt"
	"net"

	"github.com/spf13/cobra"

	"troupe/bench/load"
	"troupe/bench/load/ceiling"
)

// newCeiling is the server that the rows are measured against, for "troupe bench"
// to start.
func newCeiling() *cobra.Command {
	var dir string
	var value int
	cmd := &cobra.Command{
		Use:          load.CeilingCommand,
		Short:        "Serve what no server can do better",
		Long:         "Serve on a free port of 127.0.0.1, told in the first line, until the process ends.",
		Args:         cobra.NoArgs,
		Hidden:       true,
		SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := ceiling.Open(dir, value)
			if err != nil {
				return err
			}
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintln(cmd.OutOrStdout(), l.Addr()); err != nil {
				return err
			}
			return s.Serve(l)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", ".", "where the journal goes")
	cmd.Flags().IntVar(&value, "value", load.Defaults().Value, "bytes of data that a read returns")
	return cmd
}
