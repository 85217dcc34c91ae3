package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"troupe/actors/version"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Say which version this is",
		Long: `Say which version this is, what it was built from, and which version of Apache
ZooKeeper it behaves like and tells clients to be.`,
		Example: "  troupe version",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &usageError{fmt.Errorf("version takes no argument, not %q", args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), version.ReadBuild())
			return err
		},
	}
}
