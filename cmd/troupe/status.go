package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"troupe/actors/config"
	"troupe/cmd/troupe/daemon"
)

const statusLong = `Say whether the server of a zoo.cfg runs and serves clients, and as what.

The exit status is 0 if it does, 1 if not. It does not depend on the whitelist of
four-letter words; what a member of an ensemble is can only be told if srvr is there.`

const statusExample = `  troupe status zoo.cfg
  troupe status --config zoo.cfg >/dev/null || troupe start --config zoo.cfg`

func newStatus() *cobra.Command {
	var c configured
	cmd := &cobra.Command{
		Use:     "status",
		Short:   "Say whether the server of a zoo.cfg serves",
		Long:    statusLong,
		Example: statusExample,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, _, err := c.load()
			if err != nil {
				return err
			}
			return status(cmd.Context(), cfg, cmd.OutOrStdout())
		},
	}
	c.bind(cmd)
	return cmd
}

func status(ctx context.Context, cfg *config.Config, out io.Writer) error {
	pid, running, err := daemon.Holder(cfg.DataDir)
	if err != nil {
		return err
	}
	if !running {
		return fmt.Errorf("no server runs on %s", cfg.DataDir)
	}
	if cfg.ClientPort == 0 {
		return fmt.Errorf("process %d runs, but clientPort=0 does not tell where it listens; its log does", pid)
	}
	host, port := daemon.Address(cfg)
	fmt.Fprintf(out, "Client port found: %d. Client address: %s. Client SSL: false.\n", port, host)
	mode, err := daemon.Mode(ctx, cfg)
	if err != nil {
		return fmt.Errorf("process %d runs, but does not serve clients: %w", pid, err)
	}
	if cfg.Ensemble() && !cfg.FourLetterWords["srvr"] {
		mode = "unknown" // it serves, and that is all it tells
	}
	fmt.Fprintf(out, "Mode: %s\n", mode)
	return nil
}
