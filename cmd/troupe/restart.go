package main

import (
	"context"

	"github.com/spf13/cobra"
)

const restartLong = `Stop the server of a zoo.cfg if it runs, and start one in the background. What is
wrong with the zoo.cfg is found out before anything is stopped.`

const restartExample = `  troupe restart zoo.cfg`

func newRestart() *cobra.Command {
	var b background
	cmd := &cobra.Command{
		Use:     "restart",
		Short:   "Stop the server of a zoo.cfg and start it again",
		Long:    restartLong,
		Example: restartExample,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := b.check(); err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), stopWait)
			defer cancel()
			if err := b.stop(ctx, cmd.OutOrStdout()); err != nil {
				return err
			}
			return b.start(cmd.Context(), cmd.OutOrStdout())
		},
	}
	b.bind(cmd)
	return cmd
}
