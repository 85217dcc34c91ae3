package load

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"troupe/bench/client"
	"troupe/bench/process"
)

const (
	stopPatience = 30 * time.Second // that a server may take for a clean end
	poisedFor    = 8                // looks in a row at which memory must not have moved
	poisedWithin = 0.01             // by more than this share
)

// Footprint is what servers need of memory, and how long they take to start.
type Footprint struct {
	Znodes    int          `json:"znodes"`
	DataBytes int          `json:"dataBytes"` // per znode
	PathBytes float64      `json:"pathBytes"` // per znode, mean
	Targets   []Footprints `json:"targets"`
}

// Footprints are one target's. Memory is resident bytes of the process, come to
// rest; starts are milliseconds from the start of the process until a new
// session's first read was answered.
type Footprints struct {
	Target     string    `json:"target"`
	Empty      int64     `json:"emptyBytes"`
	Filled     int64     `json:"filledBytes"`
	Restarted  int64     `json:"restartedBytes"` // after a clean restart
	FillRate   float64   `json:"fillRate"`       // creates per second
	StartEmpty []float64 `json:"startEmptyMillis"`
	StartClean []float64 `json:"startCleanMillis"` // filled, after SIGTERM
	StartKill  []float64 `json:"startKillMillis"`  // filled, after SIGKILL
}

// PerZnode is the resident bytes that a znode costs, all included.
func (f *Footprint) PerZnode(resident, empty int64) float64 {
	return float64(resident-empty) / float64(f.Znodes)
}

// footprint measures all targets but the ceiling, which keeps no znodes.
func (o *Options) footprint(ctx context.Context) (f *Footprint, err error) {
	f = &Footprint{Znodes: o.Znodes, DataBytes: FillData}
	var servers []*process.Server
	defer func() {
		for _, s := range servers {
			err = errors.Join(err, s.Kill())
		}
	}()
	for _, name := range o.Targets {
		if name == Ceiling {
			continue
		}
		s, err := process.Start(ctx, o.spec(name, filepath.Join(o.Dir, "footprint-"+name)))
		if err != nil {
			return nil, err
		}
		servers = append(servers, s)
		f.Targets = append(f.Targets, Footprints{Target: name})
	}
	if len(servers) == 0 {
		return nil, nil
	}
	return f, f.measure(ctx, servers, o)
}

// measure takes the servers from empty to filled and started again.
func (f *Footprint) measure(ctx context.Context, servers []*process.Server, o *Options) error {
	starts := func(how func(context.Context, *process.Server) error, into func(*Footprints) *[]float64) error {
		for round := range o.Rounds {
			for _, i := range order(len(servers), round) {
				took, err := Restart(ctx, servers[i], how)
				if err != nil {
					return err
				}
				list := into(&f.Targets[i])
				*list = append(*list, took)
			}
		}
		return nil
	}
	if err := starts(stopClean, func(t *Footprints) *[]float64 { return &t.StartEmpty }); err != nil {
		return err
	}
	if err := f.weigh(ctx, servers, o, func(t *Footprints) *int64 { return &t.Empty }); err != nil {
		return err
	}
	for i, s := range servers {
		if err := f.fill(ctx, s.Addr, &f.Targets[i], o); err != nil {
			return err
		}
	}
	if err := f.weigh(ctx, servers, o, func(t *Footprints) *int64 { return &t.Filled }); err != nil {
		return err
	}
	// The first kill meets the log as the filling has left it.
	if err := starts(stopKill, func(t *Footprints) *[]float64 { return &t.StartKill }); err != nil {
		return err
	}
	if err := starts(stopClean, func(t *Footprints) *[]float64 { return &t.StartClean }); err != nil {
		return err
	}
	return f.weigh(ctx, servers, o, func(t *Footprints) *int64 { return &t.Restarted })
}

// weigh notes the memory of each server, come to rest.
func (f *Footprint) weigh(ctx context.Context, servers []*process.Server, o *Options, into func(*Footprints) *int64) error {
	for i, s := range servers {
		rss, err := PoisedRSS(ctx, s, 2*o.Settle)
		if err != nil {
			return err
		}
		*into(&f.Targets[i]) = rss
		if err := o.say("%-9s %6.1f MiB resident", f.Targets[i].Target, float64(rss)/(1<<20)); err != nil {
			return err
		}
	}
	return nil
}

// fill creates the znodes.
func (f *Footprint) fill(ctx context.Context, addr string, t *Footprints, o *Options) error {
	filling, err := NewFilling(ctx, []string{addr})
	if err != nil {
		return err
	}
	began := time.Now()
	if err := filling.Reach(ctx, o.Znodes); err != nil {
		return err
	}
	t.FillRate = float64(o.Znodes) / time.Since(began).Seconds()
	f.PathBytes = filling.data.meanPath(o.Znodes)
	return o.say("%-9s filled with %d znodes, %.0f/s", t.Target, o.Znodes, t.FillRate)
}

// Restart ends a server and returns how long, in milliseconds, it takes from its
// start until a new session's first read is answered.
func Restart(ctx context.Context, s *process.Server, end func(context.Context, *process.Server) error) (float64, error) {
	if err := end(ctx, s); err != nil {
		return 0, err
	}
	began := time.Now()
	if err := s.Restart(ctx); err != nil {
		return 0, err
	}
	conn, err := client.Dial(ctx, client.Options{Servers: []string{s.Addr}})
	if err != nil {
		return 0, err
	}
	_, err = conn.Exists(ctx, "/", false)
	took := time.Since(began)
	return float64(took) / float64(time.Millisecond), errors.Join(err, conn.Close(ctx))
}

func stopKill(_ context.Context, s *process.Server) error { return s.Kill() }

func stopClean(ctx context.Context, s *process.Server) error {
	ctx, cancel := context.WithTimeout(ctx, stopPatience)
	defer cancel()
	return s.Stop(ctx)
}

// PoisedRSS is the resident memory in bytes once it does not move any more, or
// when the patience ends.
func PoisedRSS(ctx context.Context, s *process.Server, patience time.Duration) (int64, error) {
	ticker := time.NewTicker(patience/40 + time.Millisecond)
	defer ticker.Stop()
	deadline := time.Now().Add(patience)
	var last int64
	for still := 0; ; {
		rss, err := s.RSS()
		if err != nil {
			return 0, err
		}
		if moved := float64(rss-last) / float64(rss); moved < -poisedWithin || moved > poisedWithin {
			last, still = rss, 0
		} else {
			still++
		}
		if still == poisedFor || time.Now().After(deadline) {
			return rss, nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}
