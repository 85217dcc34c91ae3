package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"time"

	"troupe/bench/process"
	"troupe/bench/process/lan"
	"troupe/bench/process/mesh"
)

// Options say what to do.
type Options struct {
	Target   string // troupe or apache
	Servers  int
	For      time.Duration // faults are begun for so long
	Faults   []Fault
	Network  Network
	Seed     uint64
	Sessions int
	Patience time.Duration // for the ensemble to come back after a fault
	Config   []string      // further lines of every zoo.cfg
	Heap     string        // -Xmx of the JVM
	Binary   string        // the troupe program
	Dir      string        // absolute: what is left of the run goes here
	Progress io.Writer
}

// Defaults are the options of the command.
func Defaults() Options {
	o := Options{Target: string(process.Troupe), Servers: 3, For: time.Minute, Seed: 1, Sessions: 10,
		Network: LAN, Patience: time.Minute, Heap: "1g", Progress: io.Discard}
	for _, f := range Faults {
		o.Faults = append(o.Faults, f.Fault)
	}
	return o
}

// check finds what cannot be done.
func (o *Options) check() error {
	var wrong []error
	if o.Target != string(process.Troupe) && o.Target != string(process.Apache) {
		wrong = append(wrong, fmt.Errorf("target %q: want troupe or apache", o.Target))
	}
	if o.Servers < 3 || o.Servers > 9 {
		wrong = append(wrong, fmt.Errorf("servers is %d, want 3 to 9", o.Servers))
	}
	if o.For <= 0 || o.Sessions < 1 || o.Patience <= 0 {
		wrong = append(wrong, errors.New("time, sessions and patience must be positive"))
	}
	if len(o.Faults) == 0 {
		wrong = append(wrong, errors.New("no faults"))
	}
	for _, f := range o.Faults {
		if err := Impossible(f, o.Target, o.Network); err != nil {
			wrong = append(wrong, err)
		}
	}
	return errors.Join(wrong...)
}

// Event is a fault that has happened. Times are from the start of the run.
type Event struct {
	Fault  Fault         `json:"fault"`
	With   Fault         `json:"with,omitempty"` // at once
	Hit    []int         `json:"hit"`            // servers, from 1
	Begun  time.Duration `json:"begun"`          // nanoseconds
	Ended  time.Duration `json:"ended"`          // nanoseconds: when repairs began
	Served time.Duration `json:"served"`         // nanoseconds: when all servers served again
}

// Run hurts an ensemble and judges it. What violates is in the report, also that
// the ensemble does not come back; an error says that there is no report. All servers have ended when it returns.
func Run(ctx context.Context, o Options) (report *Report, err error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Target == string(process.Apache) {
		if err := process.Available(process.Apache); err != nil {
			return nil, err
		}
	}
	spec := mesh.Spec{EnsembleSpec: process.EnsembleSpec{Kind: process.Kind(o.Target), Dir: filepath.Join(o.Dir, "servers"),
		Servers: o.Servers, Config: append([]string{"maxClientCnxns=0"}, o.Config...), Heap: o.Heap}}
	if spec.Kind == process.Troupe {
		spec.Binary = o.Binary
	}
	spec.Cuttable = o.Network != Loopback
	if o.Network == LAN {
		if spec.LAN, err = lan.New(o.Servers, o.Seed); err != nil {
			return nil, err
		}
	}
	e, err := mesh.New(spec)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.Kill()) }()
	if err := o.say("%s: starting %d servers, seed %d", o.Target, o.Servers, o.Seed); err != nil {
		return nil, err
	}
	if err := e.Start(ctx); err != nil {
		return nil, err
	}
	return o.ordeal(ctx, e)
}

// calm is how long the ensemble is let be after the last fault.
const calm = 2 * time.Second

// ordeal carries out the plan under load, and judges what there was to see.
func (o *Options) ordeal(ctx context.Context, e *mesh.Ensemble) (*Report, error) {
	addrs := e.Addrs(0)
	c, err := gather(ctx, addrs, o.Sessions, o.Seed, 2*o.For)
	if err != nil {
		return nil, err
	}
	l := &lookout{began: c.began, addrs: addrs}
	watching, blind := context.WithCancel(ctx)
	var lookouts sync.WaitGroup
	lookouts.Go(func() { l.watch(watching) })
	events, usage, stuck := o.steps(ctx, e, c, l)
	ops, failed := c.dismiss()
	blind()
	lookouts.Wait()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("broken off: %w", context.Cause(ctx))
	}
	evidence := &Evidence{Ops: ops, Seats: l.all(), Stuck: errors.Join(stuck, failed)}
	if evidence.Stuck == nil {
		evidence.Stuck = evidence.look(ctx, addrs)
	}
	if err := evidence.readLogs(e); err != nil {
		return nil, err
	}
	return newReport(o, events, l.all(), usage, evidence), nil
}

// steps carries out the plan.
func (o *Options) steps(ctx context.Context, e *mesh.Ensemble, c *crowd, l *lookout) (events []Event, all []Usage, err error) {
	rotten := make(map[int]bool)
	for _, s := range plan(o.Seed, o.Faults, o.For) {
		if err := process.Pause(ctx, s.Calm); err != nil {
			return events, all, err
		}
		u, err := o.weigh(ctx, e, time.Since(c.began))
		if err != nil {
			return events, all, err
		}
		all = append(all, u)
		event, err := o.step(ctx, e, c, rotten, s)
		if err != nil {
			return events, all, fmt.Errorf("%s at %.1f s: %w", name(s.Fault, s.With), event.Begun.Seconds(), err)
		}
		events = append(events, event)
		leader := 0
		if seats := l.all(); len(seats) > 0 {
			leader = seats[len(seats)-1].Leader
		}
		ops := c.history.All()
		if err := o.say("%7.1f s  %-16s server %v, for %.1f s: no write for %.0f ms, all served %.0f ms after its end; server %d leads; %d operations",
			event.Begun.Seconds(), name(s.Fault, s.With), event.Hit, (event.Ended - event.Begun).Seconds(), millis(event.gap(ops)),
			millis(event.Served-event.Ended), leader, len(ops)); err != nil {
			return events, all, err
		}
	}
	return events, all, process.Pause(ctx, calm)
}

// step carries out one step of the plan.
func (o *Options) step(ctx context.Context, e *mesh.Ensemble, c *crowd, rotten map[int]bool, s Step) (event Event, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.Lasts+o.Patience)
	defer cancel()
	place, err := newScene(ctx, e, rotten, s.Seed)
	if err != nil {
		return event, err
	}
	event = Event{Fault: s.Fault, With: s.With, Begun: time.Since(c.began)}
	if err := place.suffer(s); err != nil {
		return event, err
	}
	event.Ended = time.Since(c.began)
	if err := place.repair(); err != nil {
		return event, err
	}
	event.Served = time.Since(c.began)
	for _, v := range place.hit {
		event.Hit = append(event.Hit, v+1)
	}
	return event, nil
}

// suffer has the faults of a step happen and last.
func (s *scene) suffer(step Step) error {
	if err := step.Fault.info().strike(s); err != nil || step.With == "" {
		return errors.Join(err, process.Pause(s.ctx, step.Lasts))
	}
	if err := process.Pause(s.ctx, step.Lasts/3); err != nil {
		return err
	}
	if err := step.With.info().strike(s); err != nil {
		return err
	}
	return process.Pause(s.ctx, step.Lasts-step.Lasts/3)
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func (o *Options) say(format string, args ...any) error {
	if _, err := fmt.Fprintf(o.Progress, format+"\n", args...); err != nil {
		return fmt.Errorf("tell progress: %w", err)
	}
	return nil
}
