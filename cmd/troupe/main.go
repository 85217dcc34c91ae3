package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"troupe/actors/version"
	bench "troupe/bench/command"
	"troupe/cmd/troupe/cli"
)

const long = `Troupe is a coordination server that speaks the ZooKeeper client protocol: every
ZooKeeper client works with it, and every zoo.cfg starts it.

A server in the foreground, with its data in ./troupe-data, and a shell for it:

  troupe server
  troupe cli

In the background, as zkServer.sh does it:

  troupe start zoo.cfg
  troupe status zoo.cfg
  troupe stop zoo.cfg

Three servers on this machine, which survive the loss of any one:

  troupe ensemble --servers 3

Exit status: 0 success, 1 failure, 2 a command line that means nothing.`

func main() {
	if len(os.Args) > 1 && os.Args[1] == "server" {
		startCalm()
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run carries out a command line and returns the exit status.
func run(args []string, out, errs io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errs)
	cmd, err := root.ExecuteC()
	var usage *usageError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, cli.ErrFailed):
		return 1
	case errors.As(err, &usage):
		complain(errs, err)
		fmt.Fprintf(errs, "See '%s --help'.\n", cmd.CommandPath())
		return 2
	}
	complain(errs, err)
	return 1
}

// complain prints an error, each of its lines under the program's name.
func complain(w io.Writer, err error) {
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(w, "troupe: %s\n", strings.TrimRight(line, "\n"))
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:                        "troupe",
		Short:                      "A coordination server that speaks the ZooKeeper client protocol",
		Long:                       long,
		Version:                    version.Number,
		Args:                       knownCommand,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceUsage:               true,
		SilenceErrors:              true,
		SuggestionsMinimumDistance: 2,
		CompletionOptions:          cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	cobra.EnableCommandSorting = false
	root.AddCommand(newServer(), newStart(), newStop(), newRestart(), newStatus(), newEnsemble(), cli.New(), bench.New(), bench.NewChaos(), newVersion())
	return root
}

// knownCommand refuses what is no command, and says which was meant.
func knownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("there is no command %q", args[0])
	if similar := root.SuggestionsFor(args[0]); len(similar) > 0 {
		err = fmt.Errorf("%w; did you mean %s?", err, strings.Join(similar, " or "))
	}
	return &usageError{err}
}

// usageError is a command line that means nothing.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }
