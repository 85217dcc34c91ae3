package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"troupe/actors/config"
	"troupe/cmd/troupe/daemon"
)

const startLong = `Start a server in the background and wait until it serves clients, or report why it
does not. A member of an ensemble may have to wait for others before it serves: for
that there is 'troupe status', here it is enough that it runs.

Its process id stands in <dataDir>/troupe_server.pid while it runs, and what it logs
is appended to <dataDir>/troupe_server.log.`

const startExample = `  troupe start zoo.cfg
  troupe start --config zoo.cfg --log-level warn`

// background is what start and restart are told.
type background struct {
	configured
	logged
	wait time.Duration
}

func (b *background) bind(cmd *cobra.Command) {
	b.configured.bind(cmd)
	b.logged.bind(cmd)
	cmd.Flags().DurationVar(&b.wait, "wait", time.Minute, "how long to wait until it serves")
}

func newStart() *cobra.Command {
	var b background
	cmd := &cobra.Command{
		Use:     "start",
		Short:   "Start a server in the background",
		Long:    startLong,
		Example: startExample,
		RunE:    func(cmd *cobra.Command, _ []string) error { return b.start(cmd.Context(), cmd.OutOrStdout()) },
	}
	b.bind(cmd)
	return cmd
}

// check refuses what would refuse the start, and what nobody would find. The
// server itself logs the warnings.
func (b *background) check() (*config.Config, error) {
	if _, err := b.threshold(); err != nil {
		return nil, err
	}
	cfg, _, err := b.load()
	if err != nil {
		return nil, err
	}
	if cfg.ClientPort == 0 {
		return nil, errors.New("clientPort=0 is for servers in the foreground, which log the port they were given: nobody would find this one")
	}
	return cfg, nil
}

// start starts a server and waits until it serves.
func (b *background) start(ctx context.Context, out io.Writer) error {
	cfg, err := b.check()
	if err != nil {
		return err
	}
	if err := makeDirs(cfg); err != nil {
		return err
	}
	pid, running, err := daemon.Holder(cfg.DataDir)
	if err != nil {
		return err
	}
	if running {
		return fmt.Errorf("already running as process %d: %w", pid, daemon.ErrRunning)
	}
	args, err := b.arguments()
	if err != nil {
		return err
	}
	args = append([]string{"server"}, args...)
	if b.level != "" {
		args = append(args, "--log-level", b.level)
	}
	ctx, cancel := context.WithTimeout(ctx, b.wait)
	defer cancel()
	fmt.Fprint(out, "Starting troupe ... ")
	if pid, err = daemon.Launch(ctx, cfg, args); err != nil {
		fmt.Fprintln(out, "FAILED TO START")
		return err
	}
	host, port := daemon.Address(cfg)
	does := "serves"
	if cfg.Ensemble() {
		does = "listens"
	}
	fmt.Fprintf(out, "STARTED\nProcess %d %s on %s, its log is %s\n", pid, does, net.JoinHostPort(host, strconv.Itoa(port)),
		daemon.LogFilePath(cfg.DataDir))
	return nil
}
