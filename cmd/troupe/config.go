package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"troupe/actors/config"
)

// configured is the part of a command line that names a zoo.cfg.
type configured struct{ path string }

// bind makes cmd take a zoo.cfg, by --config or as its argument.
func (c *configured) bind(cmd *cobra.Command) {
	cmd.Use += " [zoo.cfg]"
	cmd.Flags().StringVarP(&c.path, "config", "c", "", "the zoo.cfg; without one: 127.0.0.1:2181, data in ./troupe-data")
	cmd.Args = func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) > 1:
			return &usageError{fmt.Errorf("one zoo.cfg is enough: %q", args)}
		case len(args) == 1 && c.path != "":
			return &usageError{fmt.Errorf("a zoo.cfg is given twice, %s by --config and %s as argument", c.path, args[0])}
		case len(args) == 1:
			c.path = args[0]
		}
		return nil
	}
}

// load reads the zoo.cfg. Without one it gives the defaults.
func (c *configured) load() (*config.Config, []config.Warning, error) {
	if c.path != "" {
		cfg, warnings, err := config.Load(c.path)
		return &cfg, warnings, err
	}
	cfg := config.Default()
	for _, dir := range []*string{&cfg.DataDir, &cfg.DataLogDir} {
		var err error
		if *dir, err = filepath.Abs(*dir); err != nil {
			return nil, nil, fmt.Errorf("data directory: %w", err)
		}
	}
	return &cfg, nil, nil
}

// arguments are those with which another troupe reads the same zoo.cfg.
func (c *configured) arguments() ([]string, error) {
	if c.path == "" {
		return nil, nil
	}
	path, err := filepath.Abs(c.path)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	return []string{"--config", path}, nil
}

// makeDirs makes the data directories, unless datadir.autocreate=false: then they
// have to be there.
func makeDirs(cfg *config.Config) error {
	if !cfg.DataDirAutocreate {
		for _, dir := range []string{cfg.StateDir(), cfg.LogDir()} {
			if _, err := os.Stat(dir); err != nil {
				return fmt.Errorf("datadir.autocreate=false, and %w: mount the disk it is on, or make it for a new server", err)
			}
		}
		return nil
	}
	return errors.Join(os.MkdirAll(cfg.DataDir, 0o755), os.MkdirAll(cfg.DataLogDir, 0o755))
}
