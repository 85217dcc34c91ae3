package load

import (
	"cmp"
	"context"
	"errors"
	"time"
)

// Sample is one run of one row against one target.
type Sample struct {
	Seconds float64 `json:"seconds"`
	Ops     uint64  `json:"ops"`
	Rate    float64 `json:"rate"` // operations per second
	// Latencies in microseconds, from before a request is encoded, or at a fixed rate from when
	// it was due, to its reply's callback.
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
	// Processor time per operation in microseconds; the server's is 0 where it is not ours.
	ServerCPU float64 `json:"serverCPU"`
	ClientCPU float64 `json:"clientCPU"`
	// LeaderCPU is of ServerCPU what the server that leads an ensemble has used; 0 where none does.
	LeaderCPU float64 `json:"leaderCPU"`
	// WireBytes is what went over loopback per operation, headers included, between clients and
	// servers and between servers; Flushes is how often the disk was told to write its cache, per
	// operation and on all servers together. Both are of the whole machine, 0 where not to be known.
	WireBytes float64 `json:"wireBytes"`
	Flushes   float64 `json:"flushes"`
	// ClientCores is how many cores the load generator kept busy.
	ClientCores float64 `json:"clientCores"`
}

// usage is what the processes have used at one moment.
type usage struct {
	at             time.Time
	server, client time.Duration
	leader         time.Duration // of the server's
	wire, flushes  uint64
}

func (t *target) usage() (usage, error) {
	client, err := ownCPUTime()
	if err != nil {
		return usage{}, err
	}
	u := usage{at: time.Now(), client: client, wire: loopbackBytes(), flushes: flushes(t.dir)}
	for i, pid := range t.pids {
		spent, err := cpuTime(pid)
		if err != nil {
			return usage{}, err
		}
		u.server += spent
		if i == t.leader {
			u.leader = spent
		}
	}
	return u, nil
}

// run is one run of a row.
type run struct {
	Workload
	Shape
	rate       float64 // requests a second in an open loop; 0 is a closed one
	lead, long time.Duration
}

// measure does one run against one target: sessions connect and work for the
// lead unmeasured, then what ends within the given time counts; in an open loop
// what is due within it.
func (t *target) measure(ctx context.Context, r run) (Sample, error) {
	if r.Workload == Delete { // which needs something to delete
		stock := run{Workload: Create, Shape: r.Shape, long: stockShare * r.long}
		r.lead = 0 // making the stock was one
		if _, err := t.play(ctx, stock); err != nil {
			return Sample{}, err
		}
	}
	sample, err := t.play(ctx, r)
	if err != nil {
		return Sample{}, err
	}
	return sample, t.undo(ctx, r.Sessions)
}

// stockShare is for how many times a run's length znodes are created that it is
// to delete. Should it delete faster, it is over with the first session that has
// none left.
const stockShare = 2

// play is measure that leaves what was created.
func (t *target) play(ctx context.Context, r run) (Sample, error) {
	scripts := make([]script, r.Sessions)
	for i := range scripts {
		scripts[i] = t.data.script(r.Workload, i)
	}
	c, err := gather(ctx, t.addrs, scripts)
	if err != nil {
		return Sample{}, err
	}
	if r.rate > 0 {
		c.beginPaced(r.rate, r.Outstanding)
	} else {
		err = c.begin(r.Outstanding)
	}
	var sample Sample
	if err == nil {
		sample, err = t.watch(ctx, c, r)
	}
	return sample, first(err, c.disperse(ctx))
}

// watch takes a crowd at work through its phases.
func (t *target) watch(ctx context.Context, c *crowd, r run) (Sample, error) {
	if exhausted, err := c.during(ctx, r.lead); err != nil || exhausted {
		return Sample{}, cmp.Or(err, errors.New("nothing was left to do before the run began"))
	}
	t.leader = t.leads(ctx)
	before, err := t.usage()
	if err != nil {
		return Sample{}, err
	}
	c.from = before.at
	c.phase.Store(measuring)
	if _, err := c.during(ctx, r.long); err != nil {
		return Sample{}, err
	}
	if r.rate > 0 { // all that was due counts
		c.stop()
		err = c.wait(ctx)
	}
	c.phase.Store(ending)
	if err != nil {
		return Sample{}, err
	}
	after, err := t.usage()
	if err != nil {
		return Sample{}, err
	}
	if err := c.wait(ctx); err != nil {
		return Sample{}, err
	}
	all := newLatencies()
	for _, s := range c.sessions {
		all.Merge(s.latency.Histogram)
	}
	return newSample(all, before, after), nil
}

func newSample(l latencies, before, after usage) Sample {
	seconds := after.at.Sub(before.at).Seconds()
	client := after.client - before.client
	ops := l.TotalCount()
	each := float64(max(ops, 1))
	return Sample{
		Seconds: seconds, Ops: uint64(ops), Rate: float64(ops) / seconds,
		P50: l.micros(50), P90: l.micros(90), P99: l.micros(99), P999: l.micros(99.9), Max: l.micros(100),
		ServerCPU: micros(after.server-before.server) / each, LeaderCPU: micros(after.leader-before.leader) / each,
		WireBytes: float64(after.wire-before.wire) / each, Flushes: float64(after.flushes-before.flushes) / each,
		ClientCPU: micros(client) / each, ClientCores: client.Seconds() / seconds,
	}
}

// undo deletes what a run has created, so that every run finds the same tree.
func (t *target) undo(ctx context.Context, sessions int) error {
	var scripts []script
	for i := range sessions {
		if t.data.created[i] > 0 {
			scripts = append(scripts, t.data.undo(i))
		}
	}
	if len(scripts) == 0 {
		return nil
	}
	const outstanding = 40
	return carryOut(ctx, t.addrs, outstanding, scripts...)
}
