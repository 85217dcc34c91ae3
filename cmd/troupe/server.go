package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"troupe/actors"
	"troupe/actors/config"
	"troupe/actors/metrics"
	"troupe/actors/session"
	"troupe/actors/version"
	"troupe/actors/words"
	"troupe/cmd/troupe/daemon"
)

const serverLong = `Run a server in the foreground until SIGTERM or SIGINT, which end it cleanly.

Without a zoo.cfg it listens on 127.0.0.1:2181 and keeps its data in ./troupe-data.
With one it does what that file says, alone or as the member of an ensemble that the
file myid in its dataDir says it is; keys that have no effect here are named in a
warning each, with their line, and values that make no sense refuse the start.

The server may be killed at any moment: what was acknowledged is on the disk, and
it starts again from there.

The log goes to the standard error, for people on a terminal, as one JSON object a
line otherwise.`

const serverExample = `  troupe server
  troupe server --config zoo.cfg
  troupe server zoo.cfg --log-level debug
  TROUPE_LOG_LEVEL=warn troupe server zoo.cfg`

func newServer() *cobra.Command {
	var c configured
	var l logged
	cmd := &cobra.Command{
		Use:     "server",
		Short:   "Run a server in the foreground",
		Long:    serverLong,
		Example: serverExample,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := l.open(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			cfg, warnings, err := c.load()
			if err != nil {
				return err
			}
			return serve(cmd.Context(), cfg, log, func() { announce(log, c.path, cfg, warnings) })
		},
	}
	c.bind(cmd)
	l.bind(cmd)
	return cmd
}

// announce says what starts.
func announce(log zerolog.Logger, path string, cfg *config.Config, warnings []config.Warning) {
	if path == "" {
		path = "defaults"
	}
	e := log.Info().Str("version", version.Number).Str("zookeeper", version.ZooKeeper)
	if cfg.Ensemble() {
		e.Str("mode", "ensemble").Uint8("id", uint8(cfg.MyID)).Bool("observer", cfg.Observer()).
			Str("voters", fmt.Sprint(cfg.Voters())).Str("observers", fmt.Sprint(cfg.Observers()))
	} else {
		e.Str("mode", "standalone")
	}
	e.Int("pid", os.Getpid()).Str("config", path).Str("dataDir", cfg.DataDir).Str("dataLogDir", cfg.DataLogDir).
		Str("go", runtime.Version()).Msg("troupe starts")
	for _, w := range warnings {
		log.Warn().Str("file", w.File).Int("line", w.Line).Str("key", w.Key).Str("reason", w.Reason).
			Msg("configuration")
	}
}

// serve runs a server until a signal or an end of its own.
func serve(ctx context.Context, cfg *config.Config, log zerolog.Logger, announce func()) (err error) {
	started := time.Now()
	ctx, restore := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer restore()
	if err := makeDirs(cfg); err != nil {
		return err
	}
	pid, err := daemon.Hold(cfg.DataDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pid.Release()) }()
	announce()
	go steerGC(ctx)
	go steerCores(ctx)
	var f faults
	disk, err := f.open()
	if err != nil {
		return err
	}
	s, err := actors.Start(cfg, actors.Options{Log: log, Persistence: disk, Words: func(cfg *config.Config, m *metrics.Registry) session.Words {
		return words.New(cfg, m)
	}})
	if err != nil {
		return err
	}
	f.serve(s, log)
	select {
	case <-s.Serving():
		log.Info().Stringer("address", s.Addr()).Dur("took_ms", time.Since(started)).Msg("serving clients")
		go debug.FreeOSMemory() // what the start has left behind
	case <-s.Done():
	case <-ctx.Done():
	}
	select {
	case <-s.Done():
		return s.Err()
	case <-ctx.Done():
	}
	restore() // a second signal ends the process at once
	log.Info().Msg("stopping")
	s.Stop()
	select {
	case <-s.Done():
		log.Info().Msg("stopped")
		return s.Err()
	default:
		return errors.New("the server did not end in time; nothing acknowledged is lost")
	}
}
