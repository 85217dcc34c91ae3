package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"troupe/cmd/troupe/daemon"
)

const stopLong = `Ask the server of a zoo.cfg to end, and wait until it has. It is the one that holds
the data directory, whether it was started by 'troupe start' or by 'troupe server'.
That there is none is no failure.`

const stopExample = `  troupe stop zoo.cfg
  troupe stop --config zoo.cfg --wait 5s`

func newStop() *cobra.Command {
	var c configured
	var wait time.Duration
	cmd := &cobra.Command{
		Use:     "stop",
		Short:   "Stop the server of a zoo.cfg",
		Long:    stopLong,
		Example: stopExample,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), wait)
			defer cancel()
			return c.stop(ctx, cmd.OutOrStdout())
		},
	}
	c.bind(cmd)
	cmd.Flags().DurationVar(&wait, "wait", stopWait, "how long to wait until it has ended")
	return cmd
}

// stopWait is longer than a server takes at most.
const stopWait = 30 * time.Second

// stop ends the server, if there is one, and waits until it has ended.
func (c *configured) stop(ctx context.Context, out io.Writer) error {
	cfg, _, err := c.load()
	if err != nil {
		return err
	}
	fmt.Fprint(out, "Stopping troupe ... ")
	pid, err := daemon.Terminate(ctx, cfg.DataDir)
	switch {
	case err != nil:
		fmt.Fprintln(out, "FAILED TO STOP")
		return err
	case pid == 0:
		fmt.Fprintf(out, "no server runs on %s\n", cfg.DataDir)
	default:
		fmt.Fprintln(out, "STOPPED")
	}
	return nil
}
