package tree

import (
	"bytes"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"troupe/actors/tree/watch"
	"troupe/actors/tree/znode"
	"troupe/wire"
)

// core is the replica and its connections, without the actor.
type core struct {
	tree    *znode.Tree
	watches *watch.Table
	conns   map[Conn]*conn
	attach  map[wire.SessionID]*conn // the connection a session is attached to
	syncs   []SyncPoint              // waiting for their zxid, in order
	touched []*conn                  // have something to be sent
	skipACL bool
	events  []znode.Event
	fired   []Conn
	bugs    []bug
	digests digests
	// verified are answers to Connects that waited for a sync.
	verified []verified
	config   string // what /zookeeper/config says, "" if the tree does
}

type verified struct {
	actor   *actor.PID
	verdict Verified
}

// bug is a record that Evaluate panicked on.
type bug struct {
	record *wire.Record
	panic  any
}

// conn is a connection as the tree knows it.
type conn struct {
	id         Conn
	actor      *actor.PID
	session    wire.SessionID
	generation wire.Generation
	auth       []wire.ID
	done       uint64    // how many of its requests to the leader have come back
	waiting    []pending // reads whose turn has not come
	out        []wire.Reply
	syncs      int // of out
	welcome    *Welcome
	ended      string // not empty: close after out
	expired    bool   // the session was over when it came
	touched    bool   // has something to be sent
	gone       bool
}

type pending struct {
	Item
	auth []wire.ID
}

func newCore(t *znode.Tree, skipACL bool) *core {
	return &core{tree: t, watches: watch.NewTable(), conns: make(map[Conn]*conn),
		attach: make(map[wire.SessionID]*conn), skipACL: skipACL}
}

func (c *core) onConnect(m *Connect) Verified {
	if after(m.LastZxidSeen, c.tree.Applied()) {
		return Verified{Verdict: Ahead}
	}
	if m.Session == 0 {
		return Verified{}
	}
	s, ok := c.tree.Session(m.Session)
	if !ok || !bytes.Equal(s.Password, m.Password) {
		return Verified{Verdict: Refused}
	}
	return Verified{Timeout: s.Timeout}
}

// onAttach binds a connection to a session; the one it had before is over.
func (c *core) onAttach(m *Attach) {
	s, ok := c.tree.Session(m.Session)
	cn := &conn{id: m.Conn, actor: m.Actor, session: m.Session, generation: m.Generation, auth: m.Auth}
	if old := c.attach[m.Session]; old != nil {
		if old.generation > m.Generation {
			c.end(cn, "session moved to another connection")
			return
		}
		c.end(old, "session moved to another connection")
	}
	c.conns[m.Conn], c.attach[m.Session] = cn, cn
	switch {
	case ok:
		c.greet(cn, s)
	case !m.Fresh:
		cn.expired = true
		c.end(cn, "session expired while it was being resumed")
	}
}

func (c *core) greet(cn *conn, s wire.Session) {
	cn.welcome = &Welcome{Session: cn.session, Generation: cn.generation, Timeout: s.Timeout, Password: s.Password}
	c.touch(cn)
}

func (c *core) touch(cn *conn) {
	if !cn.touched {
		cn.touched = true
		c.touched = append(c.touched, cn)
	}
}

// end closes a connection after what it has been given so far.
func (c *core) end(cn *conn, why string) {
	c.touch(cn)
	cn.ended = why
	c.drop(cn)
}

// drop forgets a connection.
func (c *core) drop(cn *conn) {
	c.watches.Drop(cn.id)
	delete(c.conns, cn.id)
	if c.attach[cn.session] == cn {
		delete(c.attach, cn.session)
	}
	cn.waiting, cn.gone = nil, true
}

func (c *core) onDetach(m *Detach) {
	if cn := c.conns[m.Conn]; cn != nil {
		c.drop(cn)
	}
}

func (c *core) onRequests(m *Requests) {
	cn := c.conns[m.Conn]
	if cn == nil {
		return
	}
	for _, it := range m.Items {
		if cn.gone {
			return // one before it ended the connection
		}
		if len(cn.waiting) > 0 || it.After > cn.done {
			cn.waiting = append(cn.waiting, pending{it, m.Auth})
			continue
		}
		c.serve(cn, it, m.Auth)
	}
}

// serve answers a request whose turn has come.
func (c *core) serve(cn *conn, it Item, auth []wire.ID) {
	if it.Ready == nil {
		c.reply(cn, c.read(cn, it, auth))
		return
	}
	zxid := it.Ready.Zxid
	if zxid == ZxidApplied {
		zxid = c.tree.Applied()
	}
	c.reply(cn, wire.Reply{ReplyHeader: wire.ReplyHeader{Xid: it.Xid, Zxid: zxid, Err: it.Ready.Err}, Body: it.Ready.Body})
	if it.Ready.Close {
		c.end(cn, it.Ready.Err.Error())
	}
}

func (c *core) reply(cn *conn, r wire.Reply) {
	c.touch(cn)
	cn.out = append(cn.out, r)
}

// returned counts a request that has come back from the leader, and serves the
// reads that waited for it.
func (c *core) returned(cn *conn) {
	cn.done++
	n := 0
	for n < len(cn.waiting) && cn.waiting[n].After <= cn.done {
		w := cn.waiting[n]
		n++
		c.serve(cn, w.Item, w.auth)
		if cn.gone {
			return // that ended the connection
		}
	}
	if cn.waiting = cn.waiting[n:]; len(cn.waiting) == 0 {
		cn.waiting = nil
	}
}

// onSweep lists what is due for reaping, at most m.Max nodes.
func (c *core) onSweep(m *Sweep) Reapable {
	var out Reapable
	c.tree.Reapable(func(path string, z *wire.Znode, children int) bool {
		if due(z, children, m) {
			out.Nodes = append(out.Nodes, wire.DeleteContainer{Path: path, Czxid: z.Czxid, Mtime: z.Mtime})
		}
		return len(out.Nodes) < m.Max
	})
	return out
}

// due tells whether the sweep may reap a node: a container that had children
// and has none now (or never had any for long), a TTL node not written for its
// time and without children.
func due(z *wire.Znode, children int, m *Sweep) bool {
	if children > 0 {
		return false
	}
	if z.Kind == wire.TTL {
		return m.Now-z.Mtime > z.Owner
	}
	return z.Creates > 0 || m.NeverUsed > 0 && m.Now-z.Ctime > m.NeverUsed
}

// Timeout is a session's timeout as a duration.
func Timeout(ms int32) time.Duration { return time.Duration(ms) * time.Millisecond }

// onExpel ends a connection that its session has left.
func (c *core) onExpel(m *Expel) {
	if cn := c.attach[m.Session]; cn != nil && cn.generation < m.Generation {
		c.end(cn, "session moved to another server")
	}
}

// population tells who is there.
func (c *core) population() *Population {
	p := &Population{Sessions: make(map[wire.SessionID]int32), Attached: make([]wire.Attachment, 0, len(c.attach))}
	c.tree.Sessions(func(id wire.SessionID, s wire.Session, _ int) { p.Sessions[id] = s.Timeout })
	for id, cn := range c.attach {
		p.Attached = append(p.Attached, wire.Attachment{Session: id, Generation: cn.generation})
	}
	return p
}
