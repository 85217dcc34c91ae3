package sim

import (
	"time"

	"troupe/actors/tree/znode"
	"troupe/cluster/zab"
	"troupe/wire"
)

// apply works a record out and tells whoever waits for it.
func (n *node) apply(r *wire.Record) {
	txn, out := znode.Evaluate(n.tree, r)
	if out.Panic != nil {
		n.w.fail("%v: evaluating %v: %v", n, r.Zxid, out.Panic)
	}
	events := n.tree.Perform(r, &txn, nil)
	if n.w.o.Mutation != LateEvents {
		n.fire(events)
	}
	n.w.checkApplied(n, r, out)
	n.digests[r.Zxid] = n.tree.Digest()
	n.settle(r, out)
	if n.w.o.Mutation == LateEvents {
		n.fire(events)
	}
	n.synced()
	for len(n.asked) > 0 && n.asked[0] <= r.Zxid {
		z := n.asked[0]
		n.asked = n.asked[1:]
		n.tellDigest(z)
	}
}

// tellDigest answers a leader's probe, once its zxid has been applied.
func (n *node) tellDigest(z wire.Zxid) {
	if z > n.tree.Applied() {
		n.asked = append(n.asked, z)
		return
	}
	value, ok := n.digests[z]
	if z == n.tree.Applied() {
		value, ok = n.tree.Digest(), true
	}
	if ok && n.follower != nil {
		n.send(n.boss, &wire.Digest{Join: n.join, Zxid: z, Value: value})
	}
}

// probe compares the trees, if this server leads.
func (n *node) probe() {
	if n.leader != nil && n.table != nil {
		n.step(zab.OwnDigest{Zxid: n.tree.Applied(), Value: n.tree.Digest()})
	}
}

// spoil changes the tree behind everybody's back.
func (n *node) spoil() {
	n.tracef("its tree is spoilt")
	n.corrupt = true
	bad := clone(n.tree)
	z, _ := bad.Lookup("/zookeeper/quota")
	wrong := *z
	wrong.Mtime++
	l := znode.NewLoader()
	copyInto(l, bad, "/")
	l.Node("/zookeeper/quota", &wrong)
	n.tree = withSessions(l, bad)
}

// transfer sends the tree as it is now, a piece at a time.
func (n *node) transfer(f zab.Transfer) {
	s := &state{tree: clone(n.tree), zxid: n.tree.Applied(), index: n.index, sum: n.w.chain.sumBefore(n.index)}
	n.tracef("sends its state at %v to %d", s.zxid, f.Peer)
	n.w.chain.states[f.Join] = s
	n.send(f.Peer, &wire.TransferBegin{Join: f.Join, Zxid: s.zxid, Digest: s.tree.Digest()})
	reign, pieces := n.reign, 1+n.w.rnd.IntN(5)
	var next func()
	next = func() {
		if n.reign != reign {
			return
		}
		pieces--
		n.send(f.Peer, &wire.TransferChunk{Join: f.Join, Last: pieces == 0})
		if pieces > 0 {
			n.after(n.w.upTo(100*time.Millisecond), next)
		}
	}
	n.after(n.w.upTo(100*time.Millisecond), next)
}

// stateReceived ends the incarnation once the whole state is on disk.
func (n *node) stateReceived(m *wire.TransferChunk) {
	if !n.receiving || m.Join != n.join || !m.Last {
		return
	}
	n.receiving = false
	n.disk.ask(operation{kind: replacing, state: n.w.chain.states[m.Join]})
}

// keep makes a checkpoint, and lets go of some of the log.
func (n *node) keep() {
	if n.alive && !n.corrupt && !n.halted {
		n.disk.checkpoint(n.tree, n.index)
	}
}

// clone copies a tree.
func clone(t *znode.Tree) *znode.Tree {
	l := znode.NewLoader()
	copyInto(l, t, "/")
	return withSessions(l, t)
}

func copyInto(l *znode.Loader, t *znode.Tree, path string) {
	z, _ := t.Lookup(path)
	copied := *z
	l.Node(path, &copied)
	names, _ := t.Children(path)
	for _, name := range names {
		if path == "/" {
			copyInto(l, t, "/"+name)
		} else {
			copyInto(l, t, path+"/"+name)
		}
	}
}

func withSessions(l *znode.Loader, t *znode.Tree) *znode.Tree {
	t.Sessions(func(id wire.SessionID, s wire.Session, _ int) { l.Session(id, s) })
	return l.Tree(t.Applied())
}
