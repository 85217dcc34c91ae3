package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"troupe/cmd/troupe/ensemble"
)

const ensembleLong = `Run a whole ensemble on this machine until SIGTERM or SIGINT, which end all of it in
order. Each server is a process of its own and may be killed to see what happens.

In the directory, server.N has the zoo.cfg, the data and the log of each server;
quorum.secret is by what they know each other. Files that are there are kept, with
what was added to them, and data is served again.

Server N's clients connect to port base+N-1 of 127.0.0.1. Between servers the ports
are 100 higher; those 200 higher stand in each zoo.cfg and are not used.

Roles and what becomes of servers are told on the standard output, warnings and errors
of their logs on the standard error.`

const ensembleExample = `  troupe ensemble
  troupe ensemble --servers 5 --observers 1 --dir /tmp/five --base-port 12181
  troupe cli --server 127.0.0.1:2181,127.0.0.1:2182,127.0.0.1:2183`

func newEnsemble() *cobra.Command {
	var plan ensemble.Plan
	var l logged
	cmd := &cobra.Command{
		Use:     "ensemble",
		Short:   "Run a whole ensemble on this machine",
		Long:    ensembleLong,
		Example: ensembleExample,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &usageError{fmt.Errorf("ensemble takes no argument, not %q", args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			command, err := l.servers()
			if err != nil {
				return err
			}
			ctx, restore := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
			defer restore()
			_, plain := os.LookupEnv("NO_COLOR")
			return ensemble.Run(ctx, ensemble.Options{Plan: plan, Command: command, Out: cmd.OutOrStdout(),
				Errs: cmd.ErrOrStderr(), Plain: plain || !term.IsTerminal(int(os.Stderr.Fd()))})
		},
	}
	cmd.Flags().IntVar(&plan.Servers, "servers", 3, "how many servers have a vote")
	cmd.Flags().IntVar(&plan.Observers, "observers", 0, "how many learn without a vote")
	cmd.Flags().StringVar(&plan.Dir, "dir", "troupe-ensemble", "where their files are")
	cmd.Flags().IntVar(&plan.BasePort, "base-port", 2181, "the client port of the first server")
	l.bind(cmd)
	return cmd
}

// servers makes the command lines of this program's servers.
func (l *logged) servers() (func(zooCfg string) *exec.Cmd, error) {
	if _, err := l.threshold(); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("this program: %w", err)
	}
	return func(zooCfg string) *exec.Cmd {
		args := []string{"server", "--config", zooCfg}
		if l.level != "" {
			args = append(args, "--log-level", l.level)
		}
		return exec.Command(self, args...)
	}, nil
}
