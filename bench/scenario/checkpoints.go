package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"

	"troupe/bench/load"
	"troupe/bench/process"
)

const (
	keys      = 1000
	valueSize = 1024             // bytes
	warming   = 8 * time.Second  // of load before what counts, for the JVM
	maximumOf = 5 * time.Second  // what Apache's highest rate is measured by
	away      = 5 * time.Second  // that a server stays down before it joins again
	rejoining = 20 * time.Second // of load that goes on meanwhile, from the kill on
)

// checkpoints has a tree of each size written to disk again and again while
// writes come at a fixed rate.
func checkpoints(ctx context.Context, w *World) (figures []Figure, err error) {
	filling, err := load.NewFilling(ctx, w.Addrs)
	if err != nil {
		return nil, err
	}
	rig, err := load.NewRig(ctx, w.Addrs, keys, valueSize)
	if err != nil {
		return nil, err
	}
	for _, n := range w.Znodes {
		if err := filling.Reach(ctx, n); err != nil {
			return nil, fmt.Errorf("%d znodes: %w", n, err)
		}
		s, err := rig.Measure(ctx, load.Set, w.Rate, warming, w.For)
		if err != nil {
			return nil, err
		}
		name := func(what string) string { return fmt.Sprintf("%d znodes, %.0f sets/s: %s", n, w.Rate, what) }
		figures = append(figures, Figure{name("p50"), "ms", s.P50 / 1000}, Figure{name("p99"), "ms", s.P99 / 1000},
			Figure{name("p99.9"), "ms", s.P999 / 1000})
	}
	return figures, nil
}

// rejoin has a follower killed and started again under load at a fixed rate, to
// which it has to catch up.
func rejoin(ctx context.Context, w *World) (figures []Figure, err error) {
	followers := (&process.Ensemble{Servers: w.Servers}).Followers(ctx)
	if len(followers) == 0 {
		return nil, errors.New("no server follows")
	}
	victim := w.Servers[followers[0]]
	var addrs []string // of those that stay
	for _, s := range w.Servers {
		if s != victim {
			addrs = append(addrs, s.Addr)
		}
	}
	rig, err := load.NewRig(ctx, addrs, keys, valueSize)
	if err != nil {
		return nil, err
	}
	type result struct {
		sample load.Sample
		err    error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	loaded := make(chan result, 1)
	go func() {
		sample, err := rig.Measure(ctx, load.Set, w.Rate, warming, rejoining)
		loaded <- result{sample, err}
	}()
	took, err := w.outage(ctx, victim)
	if err != nil {
		cancel()
		<-loaded
		return nil, err
	}
	under := <-loaded
	if under.err != nil {
		return nil, under.err
	}
	name := func(what string) string { return fmt.Sprintf("%.0f sets/s: %s", w.Rate, what) }
	return []Figure{{name("a follower away for 5 s serves again"), "ms", took}, {name("p99 meanwhile"), "ms", under.sample.P99 / 1000},
		{name("p99.9 meanwhile"), "ms", under.sample.P999 / 1000}}, nil
}

// outage takes a server away once the load is warm, and returns how many
// milliseconds it takes from its start until it serves again.
func (w *World) outage(ctx context.Context, victim *process.Server) (float64, error) {
	if err := pass(ctx, warming+time.Second); err != nil {
		return 0, err
	}
	return load.Restart(ctx, victim, func(ctx context.Context, s *process.Server) error {
		return errors.Join(s.Kill(), pass(ctx, away))
	})
}

// halfOfApache is half the highest rate of writes that Apache ZooKeeper reaches
// here, which both have to bear.
func (o *Options) halfOfApache(ctx context.Context) (rate float64, err error) {
	w, end, err := o.world(ctx, string(process.Apache))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, end(err == nil)) }()
	rig, err := load.NewRig(ctx, w.Addrs, keys, valueSize)
	if err != nil {
		return 0, err
	}
	s, err := rig.Measure(ctx, load.Set, 0, warming, maximumOf)
	if err != nil {
		return 0, err
	}
	return s.Rate / 2, o.say("Apache's highest rate is %.0f sets/s, so both are given %.0f", s.Rate, s.Rate/2)
}
