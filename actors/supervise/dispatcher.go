package supervise

import "sync/atomic"

// maxIdle is how many workers wait for work; more than that end.
const maxIdle = 256

// workers is a Proto.Actor dispatcher that runs mailboxes on goroutines it
// keeps. The default one starts a goroutine at every wake-up of an actor, which
// grows its stack anew each time: a tenth of the processor time of a busy
// server.
type workers struct {
	work chan func()
	idle atomic.Int32
}

var dispatcher = &workers{work: make(chan func())}

// Schedule implements actor.Dispatcher.
func (w *workers) Schedule(fn func()) {
	select {
	case w.work <- fn:
	default:
		go w.run(fn)
	}
}

// Throughput implements actor.Dispatcher: how many messages an actor handles
// before it lets others run.
func (*workers) Throughput() int { return 300 }

func (w *workers) run(fn func()) {
	for {
		fn()
		if w.idle.Add(1) > maxIdle {
			w.idle.Add(-1)
			return
		}
		fn = <-w.work
		w.idle.Add(-1)
	}
}
