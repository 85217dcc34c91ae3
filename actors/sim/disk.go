package sim

import (
	"sort"
	"time"

	"github.com/cespare/xxhash/v2"

	"troupe/actors/tree/znode"
	"troupe/cluster/zab"
	"troupe/wire"
)

// entry is a record in a log. Its sum covers all before it, so that two logs with
// the same sum at a zxid are the same up to there.
type entry struct {
	zxid   wire.Zxid
	sum    uint64
	record wire.Record
	data   []byte
}

// journal is a log: entries behind low, which has been trimmed.
type journal struct {
	entries []entry
	low     wire.Zxid
	lowSum  uint64
}

func (j *journal) last() (wire.Zxid, uint64) {
	if k := len(j.entries); k > 0 {
		return j.entries[k-1].zxid, j.entries[k-1].sum
	}
	return j.low, j.lowSum
}

// behind is the place of the first entry behind a zxid.
func (j *journal) behind(z wire.Zxid) int {
	return sort.Search(len(j.entries), func(i int) bool { return j.entries[i].zxid > z })
}

// sumAt is the sum at a zxid; false if the log does not have it.
func (j *journal) sumAt(z wire.Zxid) (uint64, bool) {
	if i := j.behind(z); i > 0 && j.entries[i-1].zxid == z {
		return j.entries[i-1].sum, true
	}
	return j.lowSum, z == j.low
}

func chainSum(before uint64, data []byte) uint64 {
	return (before+0x9e3779b97f4a7c15)*0xff51afd7ed558ccd ^ xxhash.Sum64(data)
}

// operation is what a disk is asked to do.
type operation struct {
	kind     operationKind
	entries  []entry
	zxid     wire.Zxid // of a truncation, or known committed
	epoch    wire.Epoch
	ensemble string
	vouch    bool
	state    *state
}

type operationKind int

const (
	appending operationKind = iota
	truncating
	promising
	entering
	replacing
)

// state is a checkpoint: a tree, never changed, and what stood in the log there.
type state struct {
	tree  *znode.Tree
	zxid  wire.Zxid
	index int // in the chain
	sum   uint64
}

// disk is what a server keeps. Operations are done in the order they come; those
// that are not done when the server crashes are lost, but for the first so many.
type disk struct {
	w    *world
	n    *node
	slow time.Duration // on top

	log               journal
	committed         wire.Zxid // known, as of the last append
	accepted, current wire.Epoch
	ensemble          string
	founded           bool
	state             *state

	queue   []operation
	busy    bool
	image   journal // the log as it will be
	drained []func()
}

func newDisk(w *world, n *node) *disk {
	return &disk{w: w, n: n, state: &state{tree: znode.New()}}
}

func (d *disk) ask(o operation) {
	d.queue = append(d.queue, o)
	d.work()
}

// appendBatch writes records behind all others.
func (d *disk) appendBatch(b *zab.Batch, committed wire.Zxid) {
	o := operation{kind: appending, zxid: committed, entries: make([]entry, len(b.Records))}
	last, sum := d.image.last()
	for i := range b.Records {
		e := &b.Entries[i]
		if z := e.Zxid; z != last+1 && (z.Epoch() <= last.Epoch() || z.Counter() > 1) || b.Records[i].Zxid != z {
			d.w.fail("server %d: %v is logged after %v", d.n.id, z, last)
		}
		last, sum = e.Zxid, chainSum(sum, e.Data)
		o.entries[i] = entry{last, sum, b.Records[i], e.Data}
		d.w.checkLogged(d.n, &o.entries[i])
	}
	d.image.entries = append(d.image.entries, o.entries...)
	d.ask(o)
	if d.w.o.Mutation == AckBeforeSync {
		n, inc := d.n, d.n.inc
		d.w.after(0, func() { n.do(inc, func() { n.step(zab.Logged{Zxid: last}) }) })
	}
}

func (d *disk) truncate(after wire.Zxid) {
	if last, _ := d.image.last(); after < d.image.low || after > last {
		d.w.fail("server %d: its log (%v, %v] is truncated to %v", d.n.id, d.image.low, last, after)
		return
	}
	d.image.entries = d.image.entries[:d.image.behind(after):d.image.behind(after)]
	d.ask(operation{kind: truncating, zxid: after})
}

// work does what waits, appends that follow each other together.
func (d *disk) work() {
	if d.busy || len(d.queue) == 0 {
		return
	}
	k := 1
	for k < len(d.queue) && d.queue[k-1].kind == appending && d.queue[k].kind == appending {
		k++
	}
	d.busy = true
	d.n.after(d.w.between(d.w.params.disk/2, d.w.params.disk*3/2)+d.w.upTo(d.slow), func() {
		d.busy = false
		done := d.queue[:k]
		d.queue = d.queue[k:]
		for i := range done {
			d.do(&done[i])
		}
		d.work()
		d.tell(&done[k-1])
		if len(d.queue) == 0 {
			told := d.drained
			d.drained = nil
			for _, f := range told {
				f()
			}
		}
	})
}

// do makes an operation durable.
func (d *disk) do(o *operation) {
	switch o.kind {
	case appending:
		d.log.entries = append(d.log.entries, o.entries...)
		d.committed = max(d.committed, o.zxid)
	case truncating:
		i := d.log.behind(o.zxid)
		d.log.entries = d.log.entries[:i:i]
	case promising:
		if o.epoch < d.accepted {
			d.w.fail("server %d: its accepted epoch goes back from %d to %d", d.n.id, d.accepted, o.epoch)
		}
		d.accepted = o.epoch
	case entering:
		if o.epoch < d.current {
			d.w.fail("server %d: its current epoch goes back from %d to %d", d.n.id, d.current, o.epoch)
		}
		if last, _ := d.log.last(); last != 0 && last.Epoch() <= d.current && d.ensemble != "" && d.ensemble != o.ensemble {
			d.w.fail("server %d: of ensemble %s, it enters %s", d.n.id, d.ensemble, o.ensemble)
		}
		d.current = o.epoch
		if o.vouch {
			d.ensemble, d.founded = o.ensemble, true
		}
	case replacing:
		d.state, d.committed = o.state, o.state.zxid
		d.log = journal{low: o.state.zxid, lowSum: o.state.sum}
	}
}

// tell answers an operation.
func (d *disk) tell(o *operation) {
	switch o.kind {
	case appending:
		d.n.step(zab.Logged{Zxid: o.entries[len(o.entries)-1].zxid})
	case promising:
		d.n.step(zab.Promised{Epoch: o.epoch})
	case entering:
		d.n.step(zab.Entered{Epoch: o.epoch})
	case replacing:
		d.n.rebuild()
	}
}

// whenDrained calls f once all that waits is done.
func (d *disk) whenDrained(f func()) {
	if len(d.queue) == 0 {
		f()
		return
	}
	d.drained = append(d.drained, f)
}

// crash loses what was not synced, but for a part that happened to get there.
func (d *disk) crash() {
	for i := range d.w.rnd.IntN(len(d.queue) + 1) {
		d.do(&d.queue[i])
	}
	d.queue, d.drained, d.busy = nil, nil, false
	d.image = journal{entries: d.log.entries[:len(d.log.entries):len(d.log.entries)], low: d.log.low, lowSum: d.log.lowSum}
}

// wipe is a new disk.
func (d *disk) wipe() { *d = *newDisk(d.w, d.n) }

// checkpoint keeps the tree as it is now and lets go of the log behind it, but
// for some.
func (d *disk) checkpoint(t *znode.Tree, index int) {
	z := t.Applied()
	sum, ok := d.log.sumAt(z)
	if last, _ := d.log.last(); !ok || z > last || len(d.queue) > 0 {
		return
	}
	d.state = &state{tree: clone(t), zxid: z, index: index, sum: sum}
	keep := d.log.behind(z)
	if i := keep - d.w.rnd.IntN(keep+1); i > 0 {
		e := d.log.entries[i-1]
		d.log = journal{entries: append([]entry(nil), d.log.entries[i:]...), low: e.zxid, lowSum: e.sum}
		d.image = journal{entries: append([]entry(nil), d.log.entries...), low: d.log.low, lowSum: d.log.lowSum}
	}
}

// ends are the last records of the log's epochs, newest first.
func (d *disk) ends() (ends []wire.Zxid) {
	for i := len(d.log.entries) - 1; i >= 0; i-- {
		if z := d.log.entries[i].zxid; len(ends) == 0 || ends[len(ends)-1].Epoch() != z.Epoch() {
			ends = append(ends, z)
		}
	}
	if z := d.log.low; z > 0 && (len(ends) == 0 || ends[len(ends)-1].Epoch() != z.Epoch()) {
		ends = append(ends, z)
	}
	return ends
}

// read gives some records behind a zxid, for a learner.
func (d *disk) read(after wire.Zxid) (entries []wire.Entry, trimmed bool) {
	if after < d.log.low {
		return nil, true
	}
	rest := d.log.entries[d.log.behind(after):]
	for i := range rest[:min(len(rest), 1+d.w.rnd.IntN(20))] {
		entries = append(entries, wire.Entry{Zxid: rest[i].zxid, Data: rest[i].data})
	}
	return entries, false
}
