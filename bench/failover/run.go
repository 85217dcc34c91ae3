package failover

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"troupe/bench/process"
)

// Run measures what the options ask for. All servers that it has started have ended when it returns;
// what they wrote stays below Options.Dir.
func Run(ctx context.Context, o Options) (*Report, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if slices.Contains(o.Targets, string(process.Apache)) {
		if err := process.Available(process.Apache); err != nil {
			return nil, err
		}
	}
	report := begin(&o)
	// Links that can be cut cost time of their own, so the other faults do without.
	var plain, cuts []Fault
	for _, f := range o.Faults {
		if f == IsolateLeader {
			cuts = append(cuts, f)
		} else {
			plain = append(plain, f)
		}
	}
	for _, faults := range [][]Fault{plain, cuts} {
		if len(faults) == 0 {
			continue
		}
		rows, err := o.rows(ctx, faults)
		if err != nil {
			return nil, err
		}
		report.Rows = append(report.Rows, rows...)
	}
	report.end()
	return report, nil
}

// rows measures some faults on the same ensembles.
func (o *Options) rows(ctx context.Context, faults []Fault) (rows []Row, err error) {
	var targets []*target
	defer func() {
		for _, t := range targets {
			err = errors.Join(err, t.Kill())
		}
	}()
	cuttable := slices.Contains(faults, IsolateLeader)
	for _, name := range o.Targets {
		if cuttable && name != string(process.Troupe) {
			continue // Apache's servers do not find together again through links that hold connections back
		}
		t, err := o.newTarget(name, cuttable)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		targets = append(targets, t)
		if err := t.start(ctx, o); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, fault := range faults {
		row, err := o.row(ctx, targets, fault)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// row measures one fault, the targets taking turns: A B B A.
func (o *Options) row(ctx context.Context, targets []*target, fault Fault) (Row, error) {
	row := Row{Fault: fault}
	for _, t := range targets {
		row.Targets = append(row.Targets, Series{Target: t.name})
	}
	for round := range o.Rounds {
		for turn := range targets {
			i := turn
			if round%2 == 1 {
				i = len(targets) - 1 - turn
			}
			sample, err := o.round(ctx, targets[i], fault)
			if err != nil {
				return row, fmt.Errorf("%s, %s, round %d: %w", fault, targets[i].name, round+1, err)
			}
			row.Targets[i].Samples = append(row.Targets[i].Samples, sample)
			if err := o.say("%-14s %-7s %2d  %s", fault, targets[i].name, round+1, sample); err != nil {
				return row, err
			}
		}
	}
	return row, nil
}

// round hurts a target under load once, and repairs it.
func (o *Options) round(ctx context.Context, t *target, fault Fault) (Sample, error) {
	ctx, cancel := context.WithTimeout(ctx, o.Patience+o.Lead+o.Away+o.After)
	defer cancel()
	victim, err := t.victim(ctx, fault)
	if err != nil {
		return Sample{}, err
	}
	c, err := gather(ctx, t.Addrs(0), o)
	if err != nil {
		return Sample{}, err
	}
	var hurt hurt
	if err = c.successAfter(ctx, time.Now()); err == nil {
		hurt, err = o.hurt(ctx, t, fault, victim)
	}
	if err == nil {
		err = c.successAfter(ctx, hurt.moment.Add(o.After))
	}
	writes := c.dismiss()
	if err = errors.Join(err, t.repair(ctx, fault, victim)); err != nil {
		return Sample{}, err
	}
	s := measure(writes, hurt.moment, t.Addr(victim))
	if fault == Restart {
		s.Start, s.Missed = millis(hurt.served.Sub(hurt.moment)), successes(writes, hurt.gone, hurt.served)
	}
	return s, nil
}

// hurt is when a server was hit; and of one that is restarted (moment), when it had gone and when it
// served again.
type hurt struct{ gone, moment, served time.Time }

func (o *Options) hurt(ctx context.Context, t *target, fault Fault, victim int) (h hurt, err error) {
	if err := process.Pause(ctx, o.Lead); err != nil {
		return h, err
	}
	h.moment = time.Now()
	if err := t.hit(fault, victim); err != nil || fault != Restart {
		return h, errors.Join(err, process.Pause(ctx, o.After))
	}
	h.gone = h.moment
	if err := process.Pause(ctx, o.Away); err != nil {
		return h, err
	}
	h.moment = time.Now()
	if err := t.Start(ctx, victim); err != nil {
		return h, err
	}
	h.served = time.Now()
	return h, process.Pause(ctx, o.After)
}
