package sim

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"troupe/actors/tree/znode"
	"troupe/cluster/zab"
	"troupe/wire"
)

// chain is what has been committed, and what is known of it.
type chain struct {
	links      []link
	lives      map[wire.SessionID]*life
	discovered map[wire.Epoch]string // whose epoch it is
	reigns     map[wire.Epoch]string
	origins    map[wire.Epoch]link  // the history that each begins with
	states     map[wire.Join]*state // under way
	registers  []*register
}

// link is a committed record: the first server that applied it says what it is.
type link struct {
	zxid wire.Zxid
	sum  uint64
}

// life is a session's.
type life struct {
	timeout time.Duration
	alive   bool
	cxid    wire.Xid // of its last committed write
	heard   []time.Duration
}

// register is a znode whose versions order what is done with it.
type register struct {
	path   string
	values map[int32]string
	done   int32 // the highest version that somebody has been told of
}

func (w *world) newChain(registers int) chain {
	c := chain{lives: make(map[wire.SessionID]*life), discovered: make(map[wire.Epoch]string), reigns: make(map[wire.Epoch]string), origins: make(map[wire.Epoch]link),
		states: make(map[wire.Join]*state)}
	for i := range registers {
		c.registers = append(c.registers, &register{path: fmt.Sprintf("/r%d", i), values: make(map[int32]string), done: -1})
	}
	return c
}

// sumBefore is the sum of all before an index.
func (c *chain) sumBefore(i int) uint64 {
	if i == 0 {
		return 0
	}
	return c.links[i-1].sum
}

func (c *chain) last() wire.Zxid {
	if len(c.links) == 0 {
		return 0
	}
	return c.links[len(c.links)-1].zxid
}

// has tells whether a record has been committed.
func (c *chain) has(z wire.Zxid, sum uint64) bool {
	i := sort.Search(len(c.links), func(i int) bool { return c.links[i].zxid >= z })
	return i < len(c.links) && c.links[i] == link{z, sum}
}

// checkApply is before a record is applied because it is committed.
func (w *world) checkApply(n *node, r *wire.Record) {
	if last, _ := n.disk.log.last(); r.Zxid > last {
		w.fail("%v applies %v, its log ends at %v", n, r.Zxid, last)
	}
}

// checkApplied is after a record has been applied.
func (w *world) checkApplied(n *node, r *wire.Record, out znode.Outcome) {
	sum, ok := n.disk.image.sumAt(r.Zxid)
	if !ok {
		w.fail("%v applies %v, which is not in its log", n, r.Zxid)
		return
	}
	l := link{r.Zxid, sum}
	switch c := &w.chain; {
	case n.index < len(c.links):
		if c.links[n.index] != l {
			w.fail("%v applies %v (%x) where others applied %v (%x)", n, l.zxid, l.sum, c.links[n.index].zxid, c.links[n.index].sum)
		}
	case n.alive && n.index == len(c.links):
		c.links = append(c.links, l)
		w.committed(n, r, out)
	}
	n.index++
}

// committed is after a record has been applied for the first time anywhere.
func (w *world) committed(n *node, r *wire.Record, out znode.Outcome) {
	w.result.Commits++
	if w.tracing() {
		w.tracef("committed %v by %d: %v session %v cxid %d: %v", r.Zxid, n.id, r.Op, r.Session, r.Cxid, out.Err)
	}
	l := w.chain.lives[r.Session]
	switch {
	case r.Op == wire.OpCreateSession:
		if l != nil {
			w.fail("session %v is created twice", r.Session)
		}
		s, _ := n.tree.Session(r.Session)
		w.chain.lives[r.Session] = &life{timeout: time.Duration(s.Timeout) * time.Millisecond, alive: true,
			heard: make([]time.Duration, len(w.nodes)+1)}
	case l == nil:
	case out.Err == wire.SessionExpired, !l.alive: // without effect
	case r.Cxid != 0 && r.Cxid <= l.cxid:
		w.fail("session %v: %d is committed after %d", r.Session, r.Cxid, l.cxid)
	case r.Cxid != 0:
		l.cxid = r.Cxid
	}
	if l != nil && r.Op == wire.OpCloseSession {
		l.alive = false
	}
}

// heard notes that a session was heard of by a leader.
func (c *chain) heard(id wire.SessionID, n *node) {
	if l := c.lives[id]; l != nil && n.leader != nil {
		l.heard[n.id] = n.w.now
	}
}

// restarted notes that a leader gives every session its whole time anew.
func (c *chain) restarted(n *node) {
	for _, l := range c.lives {
		l.heard[n.id] = n.w.now
	}
}

// checkExpired is where a leader ends a session.
func (w *world) checkExpired(n *node, id wire.SessionID) {
	w.result.Expired++
	n.tracef("session %v is over", id)
	if l := w.chain.lives[id]; l != nil && l.alive && w.now-l.heard[n.id] < l.timeout*95/100 {
		w.fail("%v ends session %v of %v, which was heard of at %v", n, id, l.timeout, l.heard[n.id])
	}
}

// checkGone is where a client is told that its session is over.
func (w *world) checkGone(c *client) {
	if l := w.chain.lives[c.session]; l != nil && l.alive {
		w.fail("client %d is told that session %v is over", c.id, c.session)
	}
}

func (n *node) reignName() string { return fmt.Sprintf("%v, its reign %d.%d", n, n.inc, n.reign) }

// checkEnter is where an epoch is entered: by its leader, or by somebody who has
// the history that it begins with.
func (w *world) checkEnter(n *node, e wire.Epoch) {
	j := &n.disk.image
	if n.leader != nil && len(w.voters) > 1 {
		w.claim(w.chain.discovered, n, e)
		last, sum := j.last()
		w.chain.origins[e] = link{last, sum}
	}
	o, known := w.chain.origins[e]
	if sum, ok := j.sumAt(o.zxid); known && o.zxid >= j.low && (!ok || sum != o.sum) {
		w.fail("%v enters epoch %d without %v, with which it began", n, e, o.zxid)
	}
}

// checkLogged is where a record is written: an epoch may begin with it.
func (w *world) checkLogged(n *node, e *entry) {
	if e.record.Op == wire.OpNewEpoch && n.leader != nil {
		w.chain.origins[e.zxid.Epoch()] = link{e.zxid, e.sum}
	}
}

func (w *world) claim(epochs map[wire.Epoch]string, n *node, e wire.Epoch) {
	name := n.reignName()
	if other, taken := epochs[e]; taken && other != name {
		w.fail("epoch %d is of %s, and of %s", e, other, name)
	}
	epochs[e] = name
}

// checkServe is where a reign begins for clients. Its history has all that was
// committed in earlier epochs; one who is late may have successors already.
func (w *world) checkServe(n *node, e wire.Epoch) {
	n.tracef("serves in epoch %d", e)
	if n.leader == nil {
		return
	}
	w.result.Reigns++
	if len(w.voters) > 1 {
		w.claim(w.chain.reigns, n, e)
	}
	if n.table == nil && n.index < len(w.chain.links) && w.chain.links[n.index].zxid.Epoch() < e {
		w.fail("%v leads epoch %d with history up to %v, %v was committed", n, e, n.tree.Applied(), w.chain.last())
	}
}

// checkAcked is where a leader hears an ack: the learner's log is the leader's.
func (w *world) checkAcked(n *node, from wire.ServerID, join wire.Join, z wire.Zxid) {
	f := w.node(from)
	if f.follower == nil || f.join != join || f.boss != n.id {
		return
	}
	sum, ok := f.disk.log.sumAt(z)
	switch {
	case z < f.disk.log.low:
		return // trimmed meanwhile
	case !ok:
		w.fail("%v has acknowledged %v to %v: it is not in its log", f, z, n)
		return
	}
	if mine, ok := n.disk.image.sumAt(z); !ok && z > n.disk.image.low || ok && mine != sum {
		w.fail("%v has acknowledged %v to %v, whose log is another there", f, z, n)
	}
}

// checkTruncate is where a log is shortened.
func (w *world) checkTruncate(n *node, after wire.Zxid) {
	j := &n.disk.image
	if i := j.behind(after); i < len(j.entries) && w.chain.has(j.entries[i].zxid, j.entries[i].sum) {
		w.fail("%v truncates its log to %v, %v was committed", n, after, j.entries[i].zxid)
	}
}

// checkOver is where a reign ends for a server.
func (w *world) checkOver(n *node, o zab.Over) {
	for _, broken := range []string{"does not follow", "history ends"} {
		if strings.Contains(o.Why, broken) {
			w.fail("%v: %s", n, o.Why)
		}
	}
	if (o.NeedState || o.Halt) && !w.o.Scene.corrupts() {
		w.fail("%v: %s", n, o.Why)
	}
}

// wrote checks a write that was answered: its version is its own, and behind all
// that were known when it was asked for.
func (r *register) wrote(w *world, o *op, version int32) {
	if version <= o.floor {
		w.fail("%s: %q has version %d, which was passed at %d before", r.path, o.value, version, o.floor)
	}
	r.note(w, version, o.value)
}

// seen checks a read: it has seen all that was known when it was asked for.
func (r *register) seen(w *world, o *op, version int32, value string) {
	if version < o.floor {
		w.fail("%s: read at version %d, version %d was known before", r.path, version, o.floor)
	}
	if version >= 0 {
		r.note(w, version, value)
	}
}

func (r *register) note(w *world, version int32, value string) {
	if other, known := r.values[version]; known && other != value {
		w.fail("%s: version %d is %q, and %q", r.path, version, other, value)
	}
	r.values[version] = value
	r.done = max(r.done, version)
}
