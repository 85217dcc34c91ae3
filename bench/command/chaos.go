package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"troupe/bench/chaos"
	"troupe/bench/process"
	"troupe/bench/process/lan"
)

const chaosLong = `Hurt an ensemble of real processes by a plan, and judge what its clients have seen.

  troupe chaos                                all faults, in turn by chance, for a minute
  troupe chaos --servers 5 --for 10m --faults kill-leader,isolate-leader --seed 42
  troupe chaos --target apache --faults kill-leader,kill-follower
  troupe chaos --target troupe,apache --rounds 5 --for 2m
  troupe chaos --list                         faults and checks

The servers run here, in processes of their own, and where this machine allows
network namespaces (root's rights, or unprivileged user namespaces, and /dev/net/tun)
in a network of their own, where packets are lost and late. Sessions spread over all of them
read and write all the time; what each asked and was told is kept and judged at the
end. The same seed, faults and time make the same plan.

What is left of a run, the history and the servers' logs and data among it, is in
the directory that the last line names. Exit status 1 says that a check is violated,
or that the run could not be carried out.`

// errViolated says that a run has shown what must not be.
var errViolated = errors.New("checks are violated")

// NewChaos is the command "troupe chaos".
func NewChaos() *cobra.Command {
	o := chaos.Defaults()
	faults := make([]string, 0, len(o.Faults))
	for _, f := range o.Faults {
		faults = append(faults, string(f))
	}
	list, network, targets, rounds := false, automatic, []string{o.Target}, 1
	cmd := &cobra.Command{
		Use:          "chaos",
		Short:        "Hurt an ensemble and judge what its clients have seen",
		Long:         chaosLong,
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if list {
				return listChaos(cmd.OutOrStdout())
			}
			if err := reach(cmd, &o, chaos.Network(network)); err != nil {
				return err
			}
			o.Faults = nil
			for _, f := range faults {
				o.Faults = append(o.Faults, chaos.Fault(f))
			}
			return runChaos(cmd, o, targets, rounds)
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringSliceVar(&targets, "target", targets, "troupe, apache, or both, one after the other")
	fs.IntVar(&rounds, "rounds", rounds, "runs of each, with the next seeds")
	fs.IntVar(&o.Servers, "servers", o.Servers, "servers, all of which vote")
	fs.DurationVar(&o.For, "for", o.For, "how long faults are begun")
	fs.StringSliceVar(&faults, "faults", faults, "what happens")
	fs.StringVar(&network, "network", network, "between servers: lan (their own, in network namespaces), proxies, loopback, or auto")
	fs.Uint64Var(&o.Seed, "seed", o.Seed, "of the plan")
	fs.IntVar(&o.Sessions, "sessions", o.Sessions, "sessions that work, one request at a time each")
	fs.DurationVar(&o.Patience, "patience", o.Patience, "for all servers to serve again after a fault")
	fs.StringSliceVar(&o.Config, "config", nil, "further lines of every zoo.cfg, key=value")
	fs.StringVar(&o.Heap, "heap", o.Heap, "heap of the JVM, -Xmx")
	fs.StringVar(&o.Binary, "binary", "", "the servers' troupe program; this one if empty. Some faults need one that is built with -tags faults")
	fs.StringVar(&o.Dir, "dir", "", "where the run leaves its directory; the system's temporary directory if empty")
	fs.BoolVar(&list, "list", false, "say what faults and checks there are")
	return cmd
}

// automatic takes a network of the servers' own where that is possible.
const automatic = "auto"

// reach settles how servers reach each other. For a network of their own this
// program is run once more, inside of it, and this process ends with that one.
func reach(cmd *cobra.Command, o *chaos.Options, n chaos.Network) error {
	switch o.Network = n; n {
	case chaos.Proxies, chaos.Loopback:
		return nil
	case chaos.LAN, automatic:
	default:
		return fmt.Errorf("network %q: want lan, proxies, loopback or auto", n)
	}
	inside, status, err := lan.Private()
	switch {
	case inside:
		o.Network = chaos.LAN
		return nil
	case err == nil:
		os.Exit(status)
	case n == chaos.LAN:
		return err
	}
	o.Network = chaos.Proxies
	_, err = fmt.Fprintf(cmd.ErrOrStderr(), "no network of the servers' own here, so proxies are between them: %v\n", err)
	return err
}

func listChaos(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "faults")
	for _, f := range chaos.Faults {
		fmt.Fprintf(t, "  %s\t%s\n", f.Fault, f.Does)
	}
	fmt.Fprintln(t, "\nchecks")
	for _, c := range chaos.Checks {
		fmt.Fprintf(t, "  %s\t%s\n", c.Name, c.Holds)
	}
	return t.Flush()
}

func runChaos(cmd *cobra.Command, o chaos.Options, targets []string, rounds int) (err error) {
	if o.Binary, err = program(o.Binary); err != nil {
		return err
	}
	if _, err := directory(&o.Dir, "troupe-chaos"); err != nil { // which stays
		return err
	}
	ctx, stop := interruptible(cmd)
	defer stop()
	o.Progress = cmd.ErrOrStderr()
	var all chaos.Comparison
	for round := range rounds {
		for _, target := range targets {
			run := o
			run.Target, run.Seed = target, o.Seed+uint64(round)
			if rounds*len(targets) > 1 {
				run.Dir = filepath.Join(o.Dir, fmt.Sprintf("%s-%d", target, run.Seed))
			}
			if run.Faults, err = possible(cmd, &run); err != nil {
				return err
			}
			report, err := chaos.Run(ctx, run)
			if err != nil {
				return fmt.Errorf("%w; what is left of the run is in %s", err, run.Dir)
			}
			if err := errors.Join(report.Save(run.Dir), report.Write(cmd.OutOrStdout())); err != nil {
				return err
			}
			all.Reports = append(all.Reports, report)
		}
	}
	if len(all.Reports) > 1 {
		err = all.Write(cmd.OutOrStdout())
	}
	if _, e := fmt.Fprintf(cmd.OutOrStdout(), "\nAll of it is in %s\n", o.Dir); err != nil || e != nil {
		return errors.Join(err, e)
	}
	if all.Violated() {
		return errViolated
	}
	return nil
}

// program is the absolute path of the servers' program.
func program(binary string) (string, error) {
	if binary != "" {
		return filepath.Abs(binary)
	}
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program, to start it as a server: %w", err)
	}
	return self, nil
}

// possible leaves out what can't be done, unless it was asked for by name.
func possible(cmd *cobra.Command, o *chaos.Options) (faults []chaos.Fault, err error) {
	outside := false
	for _, f := range o.Faults {
		err := o.Impossible(f)
		switch {
		case err == nil:
			faults = append(faults, f)
			continue
		case cmd.Flags().Changed("faults"):
			return nil, err
		case errors.Is(err, process.ErrNotInjectable):
			if outside {
				continue // one is enough
			}
			outside, err = true, fmt.Errorf("what happens inside of servers: %w", errors.Unwrap(err))
		}
		if _, err := fmt.Fprintln(o.Progress, "left out:", err); err != nil {
			return nil, err
		}
	}
	return faults, nil
}
