package load

import (
	"context"
	"time"
)

// Sample is one run of one row against one target.
type Sample struct {
	Seconds float64 `json:"seconds"`
	Ops     uint64  `json:"ops"`
	Rate    float64 `json:"rate"` // operations per second
	// Latencies in microseconds, from before a request is encoded to its reply's callback.
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
	// Processor time per operation in microseconds; the server's is 0 where it is not ours.
	ServerCPU float64 `json:"serverCPU"`
	ClientCPU float64 `json:"clientCPU"`
	// ClientCores is how many cores the load generator kept busy.
	ClientCores float64 `json:"clientCores"`
}

// usage is what the processes have used at one moment.
type usage struct {
	at             time.Time
	server, client time.Duration
}

func (t *target) usage() (usage, error) {
	client, err := ownCPUTime()
	if err != nil {
		return usage{}, err
	}
	u := usage{at: time.Now(), client: client}
	for _, pid := range t.pids {
		spent, err := cpuTime(pid)
		if err != nil {
			return usage{}, err
		}
		u.server += spent
	}
	return u, nil
}

// measure runs one row against one target: sessions connect and work for the
// lead unmeasured, then what ends within the given time counts.
func (t *target) measure(ctx context.Context, w Workload, shape Shape, lead, long time.Duration) (Sample, error) {
	scripts := make([]script, shape.Sessions)
	for i := range scripts {
		scripts[i] = t.data.script(w, i)
	}
	c, err := gather(ctx, t.addrs, scripts)
	if err != nil {
		return Sample{}, err
	}
	var sample Sample
	if err = c.begin(shape.Outstanding); err == nil {
		sample, err = t.watch(ctx, c, lead, long)
	}
	if err = first(err, c.disperse(ctx)); err != nil {
		return Sample{}, err
	}
	return sample, t.undo(ctx, shape.Sessions)
}

// watch takes a crowd at work through its phases.
func (t *target) watch(ctx context.Context, c *crowd, lead, long time.Duration) (Sample, error) {
	if err := c.during(ctx, lead); err != nil {
		return Sample{}, err
	}
	before, err := t.usage()
	if err != nil {
		return Sample{}, err
	}
	c.phase.Store(measuring)
	if err := c.during(ctx, long); err != nil {
		return Sample{}, err
	}
	c.phase.Store(ending)
	after, err := t.usage()
	if err != nil {
		return Sample{}, err
	}
	if err := c.wait(ctx); err != nil {
		return Sample{}, err
	}
	var all Histogram
	for _, s := range c.sessions {
		all.Add(&s.latency)
	}
	return newSample(&all, before, after), nil
}

func newSample(h *Histogram, before, after usage) Sample {
	seconds := after.at.Sub(before.at).Seconds()
	client := after.client - before.client
	each := float64(max(h.Count(), 1))
	return Sample{
		Seconds: seconds, Ops: h.Count(), Rate: float64(h.Count()) / seconds,
		P50: micros(h.Quantile(0.5)), P99: micros(h.Quantile(0.99)),
		P999: micros(h.Quantile(0.999)), Max: micros(h.Quantile(1)),
		ServerCPU: micros(after.server-before.server) / each,
		ClientCPU: micros(client) / each, ClientCores: client.Seconds() / seconds,
	}
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

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
