package main

import (
	"context"
	"os"
	"runtime"
	"runtime/metrics"
	"syscall"
	"time"
)

// A server with little to do works on one core. What a request passes through, some
// ten goroutines, then wake each other without another thread that has to be woken
// first: with one write under way, three servers spend a fifth less processor time
// on it and answer a tenth sooner.
const (
	coresEvery = 100 * time.Millisecond
	// crowded is for how long one goroutine in ten, ready to run, waits on one core before
	// there are more: behind others, or behind a system call that takes long, such as a slow
	// sync. Below roomy, one core may do.
	crowded, roomy = 150 * time.Microsecond, 100 * time.Microsecond
	// busy is the share of one core from which on there are more, light that below which
	// one may do.
	busy, light = 0.8, 0.6
	// calmLooks is for how many looks in a row one core has to seem enough; twice as
	// many, up to mostCalm, each time that it was not, within soon.
	calmLooks, mostCalm, soon = 10, 600, 100
	// enoughWaits are needed to judge by, or so many looks.
	enoughWaits, enoughLooks = 20, 10
)

// steerCores has as many cores be used as there is work for, one or all, until the
// context ends. GOMAXPROCS in the environment leaves it to the operator.
func steerCores(ctx context.Context) {
	if os.Getenv("GOMAXPROCS") != "" || runtime.GOMAXPROCS(0) == 1 {
		return
	}
	var seen observation
	seen.begin()
	s := coring{need: calmLooks}
	for tick := time.NewTicker(coresEvery); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
		wait, use, enough := seen.look()
		if !enough || !s.look(wait, use) {
			continue
		}
		if s.one {
			runtime.GOMAXPROCS(1)
		} else {
			runtime.SetDefaultGOMAXPROCS()
		}
	}
}

// coring decides whether one core is enough.
type coring struct {
	one  bool
	calm int // looks in a row at which one core seemed enough
	need int // how many that have to be
	held int // looks since the last change
}

// look takes for how long one goroutine in ten waited at least, and how many cores
// were used. It tells whether one is another now.
func (s *coring) look(wait time.Duration, use float64) bool {
	s.held++
	switch {
	case s.one && wait <= crowded && use <= busy:
		return false
	case s.one:
		if s.need = min(2*s.need, mostCalm); s.held > soon {
			s.need = calmLooks
		}
	case wait >= roomy || use >= light:
		s.calm = 0
		return false
	default:
		if s.calm++; s.calm < s.need {
			return false
		}
	}
	s.one, s.calm, s.held = !s.one, 0, 0
	return true
}

// observation is what the runtime and the kernel tell of a while.
type observation struct {
	sample []metrics.Sample
	waits  []uint64 // so far, by the runtime's buckets
	spent  time.Duration
	since  time.Time
	looks  int
}

func (o *observation) begin() {
	o.sample = []metrics.Sample{{Name: "/sched/latencies:seconds"}}
	o.take(o.read(), processorTime(), time.Now())
}

func (o *observation) read() *metrics.Float64Histogram {
	metrics.Read(o.sample)
	return o.sample[0].Value.Float64Histogram()
}

func (o *observation) take(h *metrics.Float64Histogram, spent time.Duration, at time.Time) {
	o.waits, o.spent, o.since, o.looks = append(o.waits[:0], h.Counts...), spent, at, 0
}

// look is what one goroutine in ten has waited for since the last time, and how many
// cores were used, once there is enough to judge by.
func (o *observation) look() (wait time.Duration, use float64, enough bool) {
	o.looks++
	h := o.read()
	n := uint64(0)
	for i, count := range h.Counts {
		n += count - o.waits[i]
	}
	if n < enoughWaits && o.looks < enoughLooks {
		return 0, 0, false
	}
	above := n / 10
	for i := len(h.Counts) - 1; i >= 0 && n > 0; i-- {
		count := h.Counts[i] - o.waits[i]
		if count > above {
			wait = time.Duration(max(h.Buckets[i], 0) * float64(time.Second))
			break
		}
		above -= count
	}
	spent, now := processorTime(), time.Now()
	use = (spent - o.spent).Seconds() / now.Sub(o.since).Seconds()
	o.take(h, spent, now)
	return wait, use, true
}

// processorTime is what this process has spent; 0 if that is not to be known, and
// then waits alone decide.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
