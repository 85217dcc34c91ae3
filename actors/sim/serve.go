package sim

import (
	"cmp"
	"slices"
	"time"

	"troupe/actors/tree/znode"
	"troupe/cluster/sessions"
	"troupe/cluster/zab"
	"troupe/wire"
)

// remote is a request that came from another server.
type remote struct {
	from   wire.ServerID
	join   wire.Join
	ticket uint64
}

// lead knows the sessions, once all that was committed before is applied.
func (n *node) lead(e wire.Epoch) {
	if n.table != nil {
		n.table.Step(e)
		n.w.result.Steps++
		return
	}
	existing := make(map[wire.SessionID]int32)
	n.tree.Sessions(func(id wire.SessionID, s wire.Session, _ int) { existing[id] = s.Timeout })
	n.table = sessions.New(e, existing, tickEvery, n.now(), slack)
	n.stale = n.now()
	n.w.chain.restarted(n)
	for _, a := range n.attachments() {
		n.table.Report(a)
	}
	for _, j := range n.joined {
		n.learnerJoined(j)
	}
	n.joined = nil
	early := n.early
	n.early = nil
	for _, f := range early {
		f()
	}
	reign := n.reign
	var again func()
	again = func() {
		if n.reign == reign {
			n.probe()
			n.after(time.Second, again)
		}
	}
	n.after(time.Second, again)
}

// slack is what is granted on top of a timeout.
func slack(timeout time.Duration) time.Duration {
	return min(timeout/8, 500*time.Millisecond) + 2*tickEvery
}

func (n *node) learnerJoined(j zab.Joined) {
	if n.table == nil {
		n.joined = append(n.joined, j)
		return
	}
	for _, a := range j.Attached {
		if g, ok := n.table.Report(a); !ok {
			n.send(j.Peer, &wire.Moved{Join: j.Join, Session: a.Session, Generation: g})
		}
	}
}

// attachments are the connections that have a session, in a fixed order.
func (n *node) attachments() (all []wire.Attachment) {
	for _, c := range n.conns {
		if c.session != 0 {
			all = append(all, wire.Attachment{Session: c.session, Generation: c.generation})
		}
	}
	slices.SortFunc(all, func(a, b wire.Attachment) int { return cmp.Compare(a.Session, b.Session) })
	return all
}

// leaderAsked does what a follower asks for its clients.
func (n *node) leaderAsked(from wire.ServerID, m wire.PeerMessage) {
	if n.table == nil {
		reign := n.reign
		n.early = append(n.early, func() {
			if n.reign == reign {
				n.leaderAsked(from, m)
			}
		})
		return
	}
	switch q := m.(type) {
	case *wire.SubmitRequest:
		if n.leader.Serves(from, q.Join) {
			n.submit(q.Drafts)
		}
	case *wire.AdmitRequest:
		if n.leader.Serves(from, q.Join) {
			id, g := n.table.Admit(from, q.Session, q.Timeout, n.now(), n.wall())
			n.w.chain.heard(id, n)
			n.send(from, &wire.Admitted{Join: q.Join, Ticket: q.Ticket, Session: id, Generation: g, Fresh: q.Session == 0})
			if id == 0 {
				return
			}
			n.announce(from, id, g, q.Session == 0, q.Timeout, q.Password)
		}
	case *wire.TouchRequest:
		for _, id := range q.Sessions {
			n.table.Touch(id, n.now())
		}
	}
}

// announce creates a session that is new; of one that is not, the other servers
// close what connection they have.
func (n *node) announce(at wire.ServerID, id wire.SessionID, g wire.Generation, fresh bool, timeout int32, password []byte) {
	if fresh {
		n.order([]wire.Record{draft(id, g, 0, &wire.CreateSession{Timeout: timeout, Password: password})})
		return
	}
	if at != n.id {
		n.expel(id, g)
	}
	n.leader.Each(func(peer wire.ServerID, join wire.Join) {
		if peer != at {
			n.send(peer, &wire.Moved{Join: join, Session: id, Generation: g})
		}
	})
}

func draft(id wire.SessionID, g wire.Generation, cxid wire.Xid, q wire.Request) wire.Record {
	var e wire.Encoder
	e.EncodeRequest(q)
	return wire.Record{Op: q.Op(), Session: id, Generation: g, Cxid: cxid, Body: e.Bytes()}
}

// submit orders writes but those of connections that have been replaced.
func (n *node) submit(all []wire.Record) {
	var drafts []wire.Record
	for i := range all {
		if n.table.Pass(&all[i]) {
			drafts = append(drafts, all[i])
		}
	}
	n.order(drafts)
}

func (n *node) order(drafts []wire.Record) { n.step(zab.Submit{Drafts: drafts, Now: n.wall()}) }

// tickSessions ends what is over, or tells the leader who was heard of.
func (n *node) tickSessions() {
	if n.leader != nil && n.table != nil {
		over := n.w.o.Mutation.expired(n)
		drafts := make([]wire.Record, 0, len(over))
		for _, id := range over {
			n.w.checkExpired(n, id)
			drafts = append(drafts, draft(id, 0, 0, &wire.CloseSession{}))
		}
		if len(drafts) > 0 {
			n.order(drafts)
		}
	}
	if n.follower != nil && n.serving && len(n.touched) > 0 {
		n.send(n.boss, &wire.TouchRequest{Join: n.join, Sessions: n.touched})
		n.touched = nil
	}
}

func (n *node) touch(id wire.SessionID) {
	switch {
	case n.leader != nil && n.table != nil:
		n.w.chain.heard(id, n)
		n.table.Touch(id, n.now())
	case n.follower != nil && !slices.Contains(n.touched, id):
		n.touched = append(n.touched, id)
	}
}

// askAdmission asks for a connection to be bound to its session.
func (n *node) askAdmission(c *conn) {
	h := &c.hello
	if n.leader != nil {
		id, g := n.table.Admit(n.id, h.session, h.timeout, n.now(), n.wall())
		n.w.chain.heard(id, n)
		n.bind(c, id, g, h.session == 0)
		if id == 0 {
			return
		}
		n.announce(n.id, id, g, h.session == 0, h.timeout, h.password)
		return
	}
	n.send(n.boss, &wire.AdmitRequest{Join: n.join, Ticket: n.newTicket(c), Session: h.session, Timeout: h.timeout, Password: h.password})
}

func (n *node) newTicket(c *conn) uint64 {
	n.ticket++
	n.tickets[n.ticket] = c
	return n.ticket
}

func (n *node) admitted(m *wire.Admitted) {
	if c := n.tickets[m.Ticket]; c != nil && m.Join == n.join {
		delete(n.tickets, m.Ticket)
		n.bind(c, m.Session, m.Generation, m.Fresh)
	}
}

// bind binds a connection; the one that the session had before is over.
func (n *node) bind(c *conn, id wire.SessionID, g wire.Generation, fresh bool) {
	if c.closed {
		return
	}
	if id == 0 { // its end is under way
		if c.gone {
			c.close("its end is under way")
			return
		}
		c.stage, c.gone = verifying, true
		n.askSync(c)
		return
	}
	if old := n.attached(id); old != nil {
		if old.generation > g {
			c.close("moved")
			return
		}
		old.close("moved")
	}
	c.session, c.generation, c.stage = id, g, bound
	switch _, there := n.tree.Session(id); {
	case there:
		c.greet()
	case !fresh:
		c.close("expired")
	}
}

func (n *node) attached(id wire.SessionID) *conn {
	for _, c := range n.conns {
		if c.session == id && id != 0 {
			return c
		}
	}
	return nil
}

// expel closes a connection that its session has left.
func (n *node) expel(id wire.SessionID, g wire.Generation) {
	if c := n.attached(id); c != nil && c.generation < g {
		c.close("moved")
	}
}

// askSync asks where the order of writes stands.
func (n *node) askSync(c *conn) {
	t := n.newTicket(c)
	if n.leader != nil {
		n.w.o.Mutation.sync(n, zab.Sync{Ticket: remote{ticket: t}})
		return
	}
	n.send(n.boss, &wire.SyncRequest{Join: n.join, Ticket: t})
}

func (n *node) syncPoint(f zab.SyncPoint) {
	if t := f.Ticket.(remote); t.from != 0 {
		n.send(t.from, &wire.SyncReply{Join: t.join, Ticket: t.ticket, Zxid: f.Zxid})
	} else {
		n.syncReply(t.ticket, f.Zxid)
	}
}

// syncReply finishes a sync, now or when its zxid has been applied.
func (n *node) syncReply(ticket uint64, z wire.Zxid) {
	if c := n.tickets[ticket]; c != nil {
		delete(n.tickets, ticket)
		c.waits, c.waitsFor = true, z
		c.synced()
	}
}

func (n *node) synced() {
	for _, c := range n.conns {
		if c.waits && c.waitsFor <= n.tree.Applied() {
			n.after(0, c.synced)
		}
	}
}

// settle tells a session's connection what became of a record.
func (n *node) settle(r *wire.Record, out znode.Outcome) {
	c := n.attached(r.Session)
	if c == nil || r.Session == 0 {
		return
	}
	mine := c.generation == r.Generation
	switch {
	case r.Op == wire.OpCreateSession && mine:
		c.greet()
		return
	case mine:
		c.answerWrite(r, out)
	case r.Generation > c.generation && n.w.o.Mutation != TrustOldConnections:
		c.close("moved") // its session has written by a later one
		return
	}
	if r.Op == wire.OpCloseSession && !c.closed {
		c.close("expired")
	}
}
