package scenario

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"troupe/bench/load"
	"troupe/bench/process"
)

// Run measures what the options ask for. All servers that it has started have
// ended when it returns; what they wrote is removed, unless they fail.
func Run(ctx context.Context, o Options) (*Report, error) {
	if len(o.Scenarios) == 0 {
		o.Scenarios = Names(o.Ensemble)
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	if slices.Contains(o.Targets, string(process.Apache)) {
		if err := process.Available(process.Apache); err != nil {
			return nil, err
		}
	}
	r := &Report{Began: time.Now(), Machine: load.ThisMachine(ctx, o.Dir, slices.Contains(o.Targets, string(process.Apache))),
		Ensemble: o.Ensemble, Rounds: o.Rounds, Heap: o.Heap}
	if o.paced() && o.Rate == 0 {
		var err error
		if o.Rate, err = o.halfOfApache(ctx); err != nil {
			return nil, fmt.Errorf("the highest rate of Apache's server: %w", err)
		}
	}
	for _, name := range o.Scenarios {
		s, _ := find(name)
		for round := range o.Rounds {
			targets := slices.Clone(o.Targets)
			if round%2 == 1 {
				slices.Reverse(targets)
			}
			for _, target := range targets {
				if target == load.Ceiling && !s.ceiling {
					continue
				}
				figures, err := o.play(ctx, s, target)
				if err != nil {
					return nil, fmt.Errorf("%s, %s: %w", s.Name, target, err)
				}
				r.add(s.Name, target, figures)
			}
		}
	}
	r.Took = time.Since(r.Began).Seconds()
	r.Machine.Done()
	return r, nil
}

// play has a scenario run once, on servers of its own.
func (o *Options) play(ctx context.Context, s Scenario, target string) (figures []Figure, err error) {
	w, end, err := o.world(ctx, target)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, end(err == nil)) }()
	if figures, err = s.run(ctx, w); err != nil {
		return nil, err
	}
	for _, f := range figures {
		if err := o.say("%-16s %-9s %-44s %12.1f %s", s.Name, target, f.Name, f.Value, f.Unit); err != nil {
			return nil, err
		}
	}
	return figures, nil
}

// world is servers that have just been started, which have no limit on
// connections, everything else as it comes, fsync on. Its end removes their data
// unless something went wrong.
func (o *Options) world(ctx context.Context, target string) (w *World, end func(well bool) error, err error) {
	w = &World{Options: *o, Target: target}
	w.Dir = filepath.Join(o.Dir, target)
	kill, err := w.start(ctx)
	if err != nil {
		return nil, nil, err
	}
	return w, func(well bool) error {
		if err := kill(); err != nil || !well {
			return err
		}
		return os.RemoveAll(w.Dir)
	}, nil
}

func (w *World) start(ctx context.Context) (end func() error, err error) {
	if w.Target == load.Ceiling {
		addr, end, err := load.StartCeiling(w.Dir, w.Self, w.Ensemble, 0)
		w.Addrs = []string{addr}
		return end, err
	}
	end, err = w.startServers(ctx)
	for _, s := range w.Servers {
		w.Addrs = append(w.Addrs, s.Addr)
	}
	return end, err
}

func (w *World) startServers(ctx context.Context) (end func() error, err error) {
	spec := process.Spec{Kind: process.Kind(w.Target), Dir: w.Dir, Heap: w.Heap, Config: []string{"maxClientCnxns=0"}}
	if spec.Kind == process.Troupe {
		spec.Binary = w.Binary
	}
	if w.Ensemble == 1 {
		s, err := process.Start(ctx, spec)
		if err != nil {
			return nil, err
		}
		w.Servers = []*process.Server{s}
		return s.Kill, nil
	}
	e, err := process.StartEnsemble(ctx, process.EnsembleSpec{Kind: spec.Kind, Dir: spec.Dir, Servers: w.Ensemble, Config: spec.Config,
		Binary: spec.Binary, Heap: spec.Heap})
	if err != nil {
		return nil, err
	}
	w.Servers = e.Servers
	return e.Kill, nil
}
