package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"troupe/bench/process"
)

// Run measures what the options ask for. All servers that it has started have
// ended when it returns; what they wrote stays below Options.Dir.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Connect != "" {
		o.Targets = nil
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	if slices.Contains(o.Targets, Apache) {
		if err := process.Available(process.Apache); err != nil {
			return nil, err
		}
	}
	report := &Report{Began: time.Now(), Machine: machine(ctx, &o), Settings: settings(&o)}
	var err error
	if report.Rows, err = o.rates(ctx, &report.Machine); err != nil {
		return nil, err
	}
	if o.Znodes > 0 && o.Connect == "" && o.Servers == 1 {
		if report.Footprint, err = o.footprint(ctx); err != nil {
			return nil, err
		}
	}
	report.Took = time.Since(report.Began).Seconds()
	report.Machine.Done()
	return report, nil
}

// rates measures the rows of operations per second.
func (o *Options) rates(ctx context.Context, m *Machine) (rows []Row, err error) {
	targets, err := o.startAll(ctx)
	defer func() {
		for _, t := range targets {
			err = errors.Join(err, t.stop())
		}
	}()
	if err != nil {
		return nil, err
	}
	for _, t := range targets {
		if err := errors.Join(m.ask(ctx, t), o.prepare(ctx, t)); err != nil {
			return nil, fmt.Errorf("%s: %w", t.name, err)
		}
	}
	for _, w := range o.Workloads {
		for _, shape := range o.Shapes {
			row, err := o.row(ctx, targets, w, shape)
			if err != nil {
				return nil, err
			}
			rows = append(rows, row)
		}
	}
	if o.Connect != "" {
		err = carryOut(ctx, targets[0].addrs, warmShape.Outstanding, targets[0].data.tearDown())
	}
	return rows, err
}

// startAll starts the targets; those it returns run, also beside an error.
func (o *Options) startAll(ctx context.Context) ([]*target, error) {
	if o.Connect != "" {
		return []*target{{name: Connected, addrs: strings.Split(o.Connect, ","), stop: func() error { return nil }}}, nil
	}
	var targets []*target
	for _, name := range o.Targets {
		t, err := startTarget(ctx, name, o.Dir, o)
		if err != nil {
			return targets, err
		}
		targets = append(targets, t)
	}
	return targets, nil
}

// warmShape is how targets are warmed up and filled.
var warmShape = Shape{10, 40}

// prepare gives a target its znodes and warms it up with every workload: a JVM
// compiles what it is asked to do.
func (o *Options) prepare(ctx context.Context, t *target) error {
	if err := o.say("%s at %s: warming up", t.name, strings.Join(t.addrs, ",")); err != nil {
		return err
	}
	sessions := warmShape.Sessions
	for _, s := range o.Shapes {
		sessions = max(sessions, s.Sessions)
	}
	t.data = newDataset(newChoice(o.Keys, o.Skew), o.Value, sessions)
	if err := carryOut(ctx, t.addrs, warmShape.Outstanding, t.data.setUp()); err != nil {
		return err
	}
	if err := t.verify(ctx, o.Workloads); err != nil {
		return err
	}
	for _, w := range o.Workloads {
		share := o.Warm / time.Duration(len(o.Workloads))
		if share == 0 {
			break
		}
		if _, err := t.measure(ctx, run{Workload: w, Shape: warmShape, lead: share / 2, long: share / 2}); err != nil {
			return err
		}
	}
	return nil
}

// row measures one row, A B B A.
func (o *Options) row(ctx context.Context, targets []*target, w Workload, shape Shape) (Row, error) {
	row := Row{Workload: w, Shape: shape}
	for _, t := range targets {
		row.Targets = append(row.Targets, Series{Target: t.name})
	}
	for round := range o.Rounds {
		for _, i := range order(len(targets), round) {
			t := targets[i]
			if err := settle(ctx, targets, o.Settle); err != nil {
				return row, err
			}
			sample, err := t.measure(ctx, run{w, shape, o.Rate, o.Lead, o.Long})
			if err != nil {
				return row, fmt.Errorf("%s, %s, %s: %w", w, shape, t.name, t.explain(err))
			}
			row.Targets[i].Samples = append(row.Targets[i].Samples, sample)
			if err := o.say("%-6s %-28s %-9s %9.0f/s  p50 %7.0f us  p99 %7.0f us  server %6.1f us/op",
				w, shape, t.name, sample.Rate, sample.P50, sample.P99, sample.ServerCPU); err != nil {
				return row, err
			}
		}
	}
	for i := range row.Targets {
		row.Targets[i].summarize()
	}
	return row, nil
}

// order is in which order a round takes n targets: to and fro.
func order(n, round int) []int {
	indexes := make([]int, n)
	for i := range indexes {
		indexes[i] = i
	}
	if round%2 == 1 {
		slices.Reverse(indexes)
	}
	return indexes
}
