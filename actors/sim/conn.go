package sim

import (
	"time"

	"troupe/actors/tree/watch"
	"troupe/actors/tree/znode"
	"troupe/wire"
)

// conn is a client's connection, as its server sees it.
type conn struct {
	n      *node
	inc    int
	number watch.Watcher
	client *client
	hello  hello
	stage  stage

	session    wire.SessionID
	generation wire.Generation
	items      []op // not answered, in the order they came
	issued     int  // of items, the first so many
	waits      bool // for waitsFor to be applied
	waitsFor   wire.Zxid
	lost       bool // the session was not found; found out by a sync
	gone       bool // so the leader says
	closed     bool

	toServer, toClient time.Duration // when the next message is there at the earliest
	slow               time.Duration // to the server
}

// hello asks for a session, or for one that there is.
type hello struct {
	session  wire.SessionID
	timeout  int32
	password []byte
	seen     wire.Zxid
}

// stage is how far a connection has come.
type stage int

const (
	waiting   stage = iota // for a leader
	verifying              // whether the session is really gone
	admitting
	bound
	greeted
)

// toServerDo does something at the server, behind all before it.
func (c *conn) toServerDo(f func()) {
	w := c.n.w
	c.toServer = max(c.toServer, w.now+w.between(100*time.Microsecond, time.Millisecond)+w.upTo(c.slow))
	w.at(c.toServer, func() {
		c.n.do(c.inc, func() {
			if c.closed {
				return
			}
			if c.session != 0 {
				c.n.touch(c.session)
			}
			f()
		})
	})
}

// toClientDo does something at the client, if it has not turned away.
func (c *conn) toClientDo(f func()) {
	w := c.n.w
	c.toClient = max(c.toClient, w.now+w.between(100*time.Microsecond, time.Millisecond))
	w.at(c.toClient, func() {
		if c.client.conn == c {
			c.client.lastHeard = w.now
			f()
		}
	})
}

// close ends the connection from the server's side.
func (c *conn) close(why string) {
	if c.closed {
		return
	}
	c.n.tracef("closes client %d's connection: %s", c.client.id, why)
	c.closed = true
	c.n.watches.Drop(c.number)
	kept := c.n.conns[:0:0]
	for _, x := range c.n.conns {
		if x != c {
			kept = append(kept, x)
		}
	}
	c.n.conns = kept
	c.toClientDo(func() { c.client.closed(why) })
}

// broken ends it because the server is gone.
func (c *conn) broken(after time.Duration) {
	c.closed = true
	c.n.w.after(after, func() {
		if c.client.conn == c {
			c.client.closed("broken")
		}
	})
}

// take is what the server gets.
func (c *conn) take(o op) {
	c.items = append(c.items, o)
	c.advance()
}

// advance goes on with what can be gone on with.
func (c *conn) advance() {
	n := c.n
	if !n.serving || c.closed || n.leader != nil && n.table == nil {
		return
	}
	switch c.stage {
	case waiting:
		c.introduce()
	case greeted:
		c.issue()
	}
}

// introduce has the connection bound to its session.
func (c *conn) introduce() {
	n := c.n
	if c.hello.seen > n.tree.Applied() {
		c.close("ahead")
		return
	}
	if c.hello.session != 0 && !n.tree.HasSession(c.hello.session) {
		if c.lost {
			c.close("unknown")
			return
		}
		c.stage = verifying
		n.askSync(c)
		return
	}
	c.stage = admitting
	n.askAdmission(c)
}

// greet tells the client that it has its session.
func (c *conn) greet() {
	if c.stage == greeted {
		return
	}
	c.stage = greeted
	id := c.session
	c.toClientDo(func() { c.client.welcome(id) })
	c.advance()
}

// issue does what its turn has come for: writes are on their way together, reads
// and syncs wait for what is before them.
func (c *conn) issue() {
	var drafts []wire.Record
	for c.issued < len(c.items) && !c.closed {
		o := c.items[c.issued]
		if c.issued > 0 && (!o.write() || !c.items[c.issued-1].write()) {
			break
		}
		switch {
		case o.write():
			c.issued++
			drafts = append(drafts, draft(c.session, c.generation, o.xid, o.request))
		case o.kind == syncing:
			c.issued++
			c.n.askSync(c)
			return
		default:
			c.read(o)
		}
	}
	if len(drafts) == 0 {
		return
	}
	if c.n.leader != nil {
		c.n.submit(drafts)
	} else {
		c.n.send(c.n.boss, &wire.SubmitRequest{Join: c.n.join, Drafts: drafts})
	}
}

// pop takes what is answered.
func (c *conn) pop() op {
	o := c.items[0]
	c.items = c.items[1:]
	c.issued = max(c.issued-1, 0)
	return o
}

func (c *conn) read(o op) {
	c.pop()
	a := answer{xid: o.xid, version: -1, applied: c.n.tree.Applied()}
	if z, _ := c.n.tree.Lookup(o.path); z != nil {
		a.version, a.value = z.Version, string(z.Data)
	}
	if o.watch {
		c.watch(o.path)
	}
	c.toClientDo(func() { c.client.answered(a) })
}

// answerWrite answers the first of what was sent to the leader.
func (c *conn) answerWrite(r *wire.Record, out znode.Outcome) {
	if c.issued == 0 || c.items[0].xid != r.Cxid {
		c.n.w.fail("%v: session %v: %v is answered, out of turn or again", c.n, r.Session, r.Cxid)
		return
	}
	c.pop()
	a := answer{xid: r.Cxid, err: out.Err, applied: r.Zxid}
	if s, ok := out.Body.(*wire.StatReply); ok {
		a.version = s.Stat.Version
	}
	c.toClientDo(func() { c.client.answered(a) })
	c.n.after(0, c.advance)
}

// synced answers a sync once its zxid has been applied.
func (c *conn) synced() {
	n := c.n
	if c.closed || !c.waits || c.waitsFor > n.tree.Applied() {
		return
	}
	c.waits = false
	if c.stage == verifying {
		c.stage, c.lost = waiting, true
		c.advance()
		return
	}
	if c.issued == 1 && c.items[0].kind == syncing {
		a := answer{xid: c.pop().xid, applied: n.tree.Applied()}
		c.toClientDo(func() { c.client.answered(a) })
		c.advance()
	}
}

// suspended is told that there is no leader any more: what waits goes on waiting,
// and what was on its way and may have been done or not ends the connection.
func (c *conn) suspended() {
	c.waits = false
	switch {
	case c.stage == verifying:
		c.stage = waiting
	case c.stage == admitting || c.stage == bound:
		c.close("no leader")
	case c.issued > 0 && c.items[0].write():
		c.close("no leader, outcome unknown")
	default:
		c.issued = 0
	}
}
