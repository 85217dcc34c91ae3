package sim

import (
	"fmt"
	"strconv"
	"time"

	"troupe/wire"
)

// op is one thing that a client asks for.
type op struct {
	xid     wire.Xid
	kind    kind
	reg     *register
	path    string
	value   string
	request wire.Request
	watch   bool  // and be told of the next change
	floor   int32 // versions that it has to see, or come behind
}

type kind int

const (
	setting kind = iota
	creating
	getting
	syncing
	embodying // an ephemeral
	leaving   // the session
)

func (o *op) write() bool { return o.kind != getting && o.kind != syncing }

// answer is what a client gets.
type answer struct {
	xid     wire.Xid
	err     wire.ErrorCode
	version int32
	value   string
	applied wire.Zxid
}

// client is a program.
type client struct {
	w       *world
	id      int
	timeout int32 // milliseconds
	reads   bool  // does nothing else
	session wire.SessionID
	seen    wire.Zxid
	xid     wire.Xid
	counter int

	conn      *conn
	ready     bool          // has been welcomed
	since     time.Duration // connected
	lastHeard time.Duration
	lastSent  time.Duration
	open      []op
	watched   map[*register]int32 // the version at which, over this connection
	saw       map[*register]int32 // one more than the version, by this session
	silent    time.Duration       // until then
	resting   bool                // asks for nothing any more
	quitting  bool                // and then closes its session
	finished  bool                // has no session any more, and wants none
}

func newClient(w *world, id int) *client {
	least := 300 + 12*int(w.params.lag/time.Millisecond)
	c := &client{w: w, id: id, timeout: int32(least + w.rnd.IntN(pick(w, []int{400, 3000}))), reads: w.odds(3), saw: make(map[*register]int32)}
	w.after(w.upTo(500*time.Millisecond), c.wake)
	return c
}

func (c *client) tracef(format string, args ...any) {
	if c.w.tracing() {
		c.w.tracef("client %d: %s", c.id, fmt.Sprintf(format, args...))
	}
}

func (c *client) limit() time.Duration { return time.Duration(c.timeout) * time.Millisecond }

// wake does what the client does next.
func (c *client) wake() {
	w := c.w
	if c.finished {
		return
	}
	w.after(w.upTo(2*w.params.think), c.wake)
	switch {
	case w.now < c.silent:
	case c.conn == nil:
		c.connect(pick(w, w.nodes))
	case c.conn.stage < greeted && w.now-c.since > 700*time.Millisecond, w.now-c.lastHeard > c.limit()*2/3:
		c.abandon()
		c.connect(pick(w, w.nodes))
	case !c.ready:
	case c.resting:
		c.rest()
	default:
		c.work()
	}
}

// connect tries a server. What it sends there may take a long time.
func (c *client) connect(n *node) {
	w := c.w
	if !n.answers() {
		return
	}
	w.conns++
	c.conn = &conn{n: n, inc: n.inc, number: w.conns, client: c}
	c.watched = make(map[*register]int32)
	if w.odds(4) || w.params.restless {
		c.conn.slow = w.upTo(pick(w, []time.Duration{300, 1500}) * time.Millisecond)
	}
	c.conn.hello = hello{c.session, c.timeout, []byte{byte(c.id)}, c.seen}
	c.since, c.lastHeard, c.open, c.ready = w.now, w.now, nil, false
	c.tracef("connects to %d, session %v", n.id, c.session)
	k := c.conn
	k.toServerDo(func() {
		n.conns = append(n.conns, k)
		k.advance()
	})
}

// abandon turns away from a connection without a word. What it has sent there may
// still get there.
func (c *client) abandon() {
	c.tracef("abandons its connection")
	c.conn, c.open = nil, nil
	c.w.result.Moved++
}

// welcome tells that the session is there.
func (c *client) welcome(id wire.SessionID) {
	c.tracef("has session %v", id)
	if c.session != id {
		c.saw = make(map[*register]int32)
	}
	c.session, c.ready = id, true
}

// closed tells that the connection is over, and why.
func (c *client) closed(why string) {
	c.tracef("is closed: %s", why)
	if (why == "expired" || why == "unknown") && c.session != 0 {
		if !c.leavingNow() {
			c.w.checkGone(c)
		}
		c.session, c.seen = 0, 0
		c.finished = c.resting
	}
	c.conn, c.open = nil, nil
}

func (c *client) leavingNow() bool { return len(c.open) > 0 && c.open[len(c.open)-1].kind == leaving }

// work asks for something.
func (c *client) work() {
	w := c.w
	if len(c.open) >= w.params.pipes || c.leavingNow() {
		return
	}
	switch w.rnd.IntN(40) {
	case 0:
		c.ask(op{kind: leaving, request: &wire.CloseSession{}})
	case 1:
		c.abandon()
	case 2:
		if w.odds(3) {
			c.silent = w.now + w.upTo(2*c.limit())
			c.tracef("is silent until %v", c.silent)
		}
	case 3, 4, 5:
		if c.reads {
			return
		}
		path := fmt.Sprintf("/e%d-%d", c.id, c.counter)
		c.counter++
		c.ask(op{kind: embodying, path: path, request: &wire.Create{Kind: wire.OpCreate, Path: path, ACL: wire.OpenACL, Mode: wire.ModeEphemeral}})
	case 6, 7, 8, 9, 10, 11, 12:
		r := pick(w, w.chain.registers)
		c.ask(op{kind: getting, reg: r, path: r.path, watch: w.odds(2), floor: c.saw[r] - 1})
	case 13, 14, 15, 16, 17, 18, 19, 20, 21, 22:
		c.syncedRead()
	case 23, 24, 25, 26:
		if w.params.restless {
			c.abandon()
			return
		}
		fallthrough
	default:
		if c.reads {
			c.syncedRead()
		} else {
			c.write(pick(w, w.chain.registers))
		}
	}
}

// syncedRead reads what is there now.
func (c *client) syncedRead() {
	r := pick(c.w, c.w.chain.registers)
	floor := max(r.done, c.saw[r]-1)
	c.ask(op{kind: syncing, path: r.path})
	c.ask(op{kind: getting, reg: r, path: r.path, watch: c.w.odds(2), floor: floor})
}

// write writes a value that nobody else writes.
func (c *client) write(r *register) {
	c.counter++
	o := op{kind: setting, reg: r, path: r.path, value: strconv.Itoa(c.id) + "." + strconv.Itoa(c.counter), floor: r.done}
	if r.done < 0 {
		o.kind = creating
		o.request = &wire.Create{Kind: wire.OpCreate2, Path: r.path, Data: []byte(o.value), ACL: wire.OpenACL}
	} else {
		version := int32(-1)
		if c.w.odds(5) {
			version = c.saw[r] - 1
		}
		o.request = &wire.SetData{Path: r.path, Data: []byte(o.value), Version: version}
	}
	c.ask(o)
}

func (c *client) ask(o op) {
	c.xid++
	o.xid = c.xid
	c.open = append(c.open, o)
	c.lastSent = c.w.now
	c.tracef("asks %d: %v %s %s", o.xid, o.kind, o.path, o.value)
	k := c.conn
	k.toServerDo(func() { k.take(o) })
}

// rest keeps the session alive, no more; or closes it.
func (c *client) rest() {
	if c.quitting && len(c.open) == 0 {
		c.ask(op{kind: leaving, request: &wire.CloseSession{}})
	}
	if k := c.conn; c.w.now-c.lastSent > c.limit()/4 {
		c.lastSent = c.w.now
		k.toServerDo(func() { k.toClientDo(func() {}) })
	}
}

// answered takes an answer, which has to be that to the first of what is open.
func (c *client) answered(a answer) {
	w := c.w
	if len(c.open) == 0 || c.open[0].xid != a.xid {
		w.fail("client %d is answered %d, it waits for %v", c.id, a.xid, c.open)
		return
	}
	o := c.open[0]
	c.open = c.open[1:]
	c.seen = max(c.seen, a.applied)
	w.result.Answers++
	c.tracef("is answered %d: %v, version %d %q", a.xid, a.err, a.version, a.value)
	switch {
	case o.kind == getting:
		o.reg.seen(w, &o, a.version, a.value)
		c.unchanged(o.reg, a.version)
		if o.watch {
			c.watched[o.reg] = a.version
		}
	case a.err != wire.OK:
		return
	case o.kind == setting || o.kind == creating:
		o.reg.wrote(w, &o, a.version)
		c.unchanged(o.reg, a.version)
	}
	if o.reg != nil {
		c.saw[o.reg] = max(c.saw[o.reg], a.version+1)
	}
}
