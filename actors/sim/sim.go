package sim

import (
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"troupe/actors/tree/watch"
	"troupe/wire"
)

// Options are what a run is made of.
type Options struct {
	Seed     uint64
	Scene    Scene
	Mutation Mutation
	// Trace is told what happens, if not nil.
	Trace func(line string)
}

// Result is what a run came to.
type Result struct {
	Servers, Observers     int
	Events, Faults, Reigns int
	Commits, Answers       int
	Transfers, Steps       int
	Expired, Moved         int
	Took                   time.Duration // simulated
	Ready                  time.Duration // until all serve, once all faults are over
	Halted                 int           // nobody serves, rightly
	Told                   int           // of changes, by watches
}

// event is something that is to happen.
type event struct {
	at  time.Duration
	seq uint64
	do  func()
}

// world is a run.
type world struct {
	o       Options
	rnd     *rand.Rand
	now     time.Duration
	seq     uint64
	heap    []event
	nodes   []*node
	voters  []wire.ServerID
	pairs   []*pair
	clients []*client
	conns   watch.Watcher // how many there have been
	chain   chain
	packer  *wire.Packer
	params  params
	healed  time.Duration // all faults are over since
	finish  phase
	failed  error
	result  Result
}

// params are drawn once for a run.
type params struct {
	peerTimeout               time.Duration
	windowBytes, keepBytes    int
	lastCounter               uint32
	lag                       time.Duration // of messages between servers
	disk                      time.Duration // of a sync
	think                     time.Duration // of clients
	trims, restless           bool
	nerves                    int // the odds of a crash at a bad moment; 0 none
	registers, clients, pipes int
	faultsFrom, faultsUntil   time.Duration
}

// deadline is how long a run may take, simulated. It has to have converged then.
const deadline = 90 * time.Second

// Run is one run. The error says what did not hold.
func Run(o Options) (r Result, err error) {
	w := &world{o: o, rnd: rand.New(rand.NewPCG(o.Seed, 0x5eed)), packer: wire.NewPacker()}
	defer func() {
		if p := recover(); p != nil {
			r, err = w.result, fmt.Errorf("at %v: panic: %v\n%s", w.now, p, debug.Stack())
		}
	}()
	w.build()
	for w.failed == nil && w.finish != done && len(w.heap) > 0 {
		e := w.pop()
		w.now = e.at
		w.result.Events++
		e.do()
		if w.now > deadline {
			w.fail("the run has not come to its end: %s", w.describe())
		}
	}
	w.result.Took = w.now
	if w.failed == nil && w.finish != done {
		w.fail("nothing happens any more: %s", w.describe())
	}
	return w.result, w.failed
}

// fail ends the run.
func (w *world) fail(format string, args ...any) {
	if w.failed == nil {
		w.failed = fmt.Errorf("at %v: "+format, append([]any{w.now}, args...)...)
		w.tracef("FAILED %v", w.failed)
	}
}

func (w *world) tracing() bool { return w.o.Trace != nil }

func (w *world) tracef(format string, args ...any) {
	if w.tracing() {
		w.o.Trace(fmt.Sprintf("%12v ", w.now) + fmt.Sprintf(format, args...))
	}
}

// at makes something happen at a time.
func (w *world) at(t time.Duration, do func()) {
	w.seq++
	w.heap = append(w.heap, event{max(t, w.now), w.seq, do})
	for i := len(w.heap) - 1; i > 0; {
		parent := (i - 1) / 2
		if !w.heap[i].before(&w.heap[parent]) {
			break
		}
		w.heap[i], w.heap[parent] = w.heap[parent], w.heap[i]
		i = parent
	}
}

func (w *world) after(d time.Duration, do func()) { w.at(w.now+d, do) }

func (e *event) before(o *event) bool { return e.at < o.at || e.at == o.at && e.seq < o.seq }

// pop takes the next event.
func (w *world) pop() event {
	first, last := w.heap[0], len(w.heap)-1
	w.heap[0] = w.heap[last]
	w.heap[last] = event{}
	w.heap = w.heap[:last]
	for i := 0; ; {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < last; c++ {
			if w.heap[c].before(&w.heap[least]) {
				least = c
			}
		}
		if least == i {
			return first
		}
		w.heap[i], w.heap[least] = w.heap[least], w.heap[i]
		i = least
	}
}

// upTo draws a time from 0 to d.
func (w *world) upTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(w.rnd.Int64N(int64(d)))
}

// between draws a time.
func (w *world) between(a, b time.Duration) time.Duration { return a + w.upTo(b-a) }

// odds is true once in n times.
func (w *world) odds(n int) bool { return w.rnd.IntN(n) == 0 }

func pick[T any](w *world, from []T) T { return from[w.rnd.IntN(len(from))] }

// build draws the run.
func (w *world) build() {
	ms := time.Millisecond
	w.params = params{
		peerTimeout: time.Second,
		windowBytes: pick(w, []int{200, 1000, 1 << 20}),
		keepBytes:   pick(w, []int{0, 500, 3000, 1 << 20}),
		lag:         pick(w, []time.Duration{ms / 5, ms, ms, 5 * ms, 25 * ms}),
		disk:        pick(w, []time.Duration{ms / 5, ms, 2 * ms, 10 * ms}),
		think:       pick(w, []time.Duration{10 * ms, 20 * ms, 50 * ms, 100 * ms}),
		trims:       w.odds(2),
		registers:   1 + w.rnd.IntN(4),
		clients:     4 + w.rnd.IntN(5),
		pipes:       1 + w.rnd.IntN(4),
		faultsFrom:  1500 * ms,
		faultsUntil: 14 * time.Second,
	}
	if w.odds(2) {
		w.params.nerves = 2 + w.rnd.IntN(8)
	}
	if w.odds(4) {
		w.params.lastCounter = uint32(5 + w.rnd.IntN(60))
	}
	voters := pick(w, []int{3, 3, 5})
	observers := pick(w, []int{0, 0, 0, 1})
	w.o.Scene.shape(w, &voters, &observers)
	w.result.Servers, w.result.Observers = voters+observers, observers
	for i := range voters {
		w.voters = append(w.voters, wire.ServerID(i+1))
	}
	for i := range voters + observers {
		w.nodes = append(w.nodes, newNode(w, wire.ServerID(i+1), i < voters))
	}
	for i, a := range w.nodes {
		for _, b := range w.nodes[:i] {
			w.pairs = append(w.pairs, &pair{w: w, n: [2]*node{a, b}})
		}
	}
	w.chain = w.newChain(w.params.registers)
	for i := range w.params.clients {
		w.clients = append(w.clients, newClient(w, i))
	}
	w.o.Scene.prepare(w)
	w.planFaults()
	w.after(w.params.faultsUntil, w.heal)
}

// node is the server of an id.
func (w *world) node(id wire.ServerID) *node { return w.nodes[id-1] }

// pairOf is the link of two servers.
func (w *world) pairOf(a, b wire.ServerID) *pair {
	i, j := max(a, b)-1, min(a, b)-1
	return w.pairs[int(i)*(int(i)-1)/2+int(j)]
}
