package command

import (
	"errors"
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
	var peer bool
	var peers []string
	cmd := &cobra.Command{
		Use:          load.CeilingCommand,
		Short:        "Serve what no server can do better",
		Long:         "Serve on a free port of 127.0.0.1, told in the first line, until the process ends.",
		Args:         cobra.NoArgs,
		Hidden:       true,
		SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			defer l.Close()
			told := func() error {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), l.Addr())
				return err
			}
			if peer {
				return errors.Join(told(), ceiling.ServePeer(dir, l))
			}
			s, err := ceiling.Open(dir, value, peers...)
			if err != nil {
				return err
			}
			return errors.Join(told(), s.Serve(l))
		},
	}
	cmd.Flags().StringVar(&dir, "dir", ".", "where the journal goes")
	cmd.Flags().IntVar(&value, "value", load.Defaults().Value, "bytes of data that a read returns")
	cmd.Flags().BoolVar(&peer, "peer", false, "keep the journal of another server")
	cmd.Flags().StringSliceVar(&peers, "peers", nil, "addresses of those that keep this server's")
	return cmd
}
