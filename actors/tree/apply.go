package tree

import (
	"slices"

	"troupe/actors/tree/znode"
	"troupe/wire"
)

// apply works a committed record out and does everything that follows from it:
// events first, then the reply, then the reads and syncs that waited for it.
func (c *core) apply(r *wire.Record) {
	txn, out := znode.Evaluate(c.tree, r)
	if out.Panic != nil {
		c.bugs = append(c.bugs, bug{r, out.Panic})
	}
	c.events = c.tree.Perform(r, &txn, c.events[:0])
	c.digests.note(r.Zxid, c.tree.Digest())
	for i := range c.events {
		c.fire(&c.events[i])
	}
	if cn := c.attach[r.Session]; cn != nil {
		c.settle(cn, r, out)
	}
	c.finishSyncs()
}

// settle tells a session's connection what became of a record.
func (c *core) settle(cn *conn, r *wire.Record, out znode.Outcome) {
	mine := cn.generation == r.Generation
	switch {
	case r.Op == wire.OpCreateSession && mine:
		s, _ := c.tree.Session(r.Session)
		c.greet(cn, s)
		return
	case mine:
		c.reply(cn, wire.Reply{ReplyHeader: wire.ReplyHeader{Xid: r.Cxid, Zxid: r.Zxid, Err: out.Err}, Body: out.Body})
		c.returned(cn)
	}
	switch {
	case c.attach[r.Session] != cn:
	case r.Op == wire.OpCloseSession:
		c.end(cn, closed(mine))
	case r.Generation > cn.generation:
		c.end(cn, "session moved to another server")
	}
}

func closed(byClient bool) string {
	if byClient {
		return "closed by the client"
	}
	return "session expired"
}

// fire tells those who watch of an event, if they may read the node it is about.
func (c *core) fire(e *znode.Event) {
	c.fired = c.watches.Fire(e.Type, e.Path, c.fired[:0])
	for _, id := range c.fired {
		if cn := c.conns[id]; c.skipACL || znode.Permitted(*e.ACL, wire.PermRead, cn.auth) {
			c.notify(cn, e.Type, e.Path)
		}
	}
}

func (c *core) notify(cn *conn, t wire.EventType, path string) {
	c.reply(cn, wire.Reply{ReplyHeader: wire.ReplyHeader{Xid: wire.XidWatchEvent, Zxid: ^wire.Zxid(0)},
		Body: &wire.WatchEvent{Type: t, State: wire.StateSyncConnected, Path: path}})
}

// onSyncPoint finishes a sync, now or when its zxid has been applied.
func (c *core) onSyncPoint(m *SyncPoint) {
	c.syncs = append(c.syncs, *m)
	c.finishSyncs()
}

func (c *core) finishSyncs() {
	n := 0
	for ; n < len(c.syncs) && c.syncs[n].Zxid <= c.tree.Applied(); n++ {
		s := &c.syncs[n]
		if s.Connect != nil {
			c.verified = append(c.verified, verified{s.Connect.Actor, c.onConnect(s.Connect)})
		} else if cn := c.conns[s.Conn]; cn != nil {
			cn.syncs++
			c.reply(cn, wire.Reply{ReplyHeader: wire.ReplyHeader{Xid: s.Xid, Zxid: c.tree.Applied()},
				Body: &wire.PathReply{Path: s.Path}})
			c.returned(cn)
		}
	}
	if c.syncs = c.syncs[n:]; len(c.syncs) == 0 {
		c.syncs = nil
	}
}

// settled tells how many of a connection's requests to the leader have come back,
// and forgets its syncs that have not.
func (c *core) settled(id Conn) (done uint64) {
	c.syncs = slices.DeleteFunc(c.syncs, func(s SyncPoint) bool { return s.Conn == id && s.Connect == nil })
	if cn := c.conns[id]; cn != nil {
		done = cn.done
	}
	return done
}
