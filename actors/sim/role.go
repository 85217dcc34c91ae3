package sim

import (
	"time"

	"troupe/cluster/election"
	"troupe/cluster/zab"
	"troupe/wire"
)

// look waits until the disk has nothing to do any more, and looks for a leader.
func (n *node) look() {
	if n.looking {
		return
	}
	n.looking = true
	n.disk.whenDrained(func() {
		if n.retiring || n.halted {
			return
		}
		p := n.position()
		n.tracef("looks: %+v", p.Credentials())
		n.elect(election.Look{Credentials: n.w.o.Mutation.credentials(&p), Barred: n.needState})
	})
}

// position is where the server stands, by its disk.
func (n *node) position() zab.Position {
	d := n.disk
	last, _ := d.log.last()
	p := zab.Position{Accepted: d.accepted, Current: d.current, Last: last, Committed: n.tree.Applied(), Ends: d.ends(),
		Tail: n.tail, Founded: d.founded, Blank: !d.founded && (d.current == 0 || last != 0), Ensemble: d.ensemble, NeedState: n.needState}
	n.w.o.Mutation.position(&p)
	return p
}

// elect feeds the elector.
func (n *node) elect(e election.Event) {
	var elected wire.ServerID
	for _, f := range n.elector.Step(e, nil) {
		switch f := f.(type) {
		case election.Send:
			n.send(f.To, f.What)
		case election.Wait:
			n.after(election.Patience, func() { n.elect(election.Expired{Wait: f.Number}) })
		case election.Elected:
			elected = f.Leader
		case election.Forsaken:
			n.tell(func() { n.forsaken(f.By) })
		}
	}
	if elected != 0 {
		n.tell(func() { n.elected(elected) })
	}
}

// tell is from the elector, in order, a moment later.
func (n *node) tell(f func()) {
	n.told = max(n.told, n.w.now+n.w.upTo(time.Millisecond))
	n.after(n.told-n.w.now, f)
}

// forsaken ends the reign of one who is not going to lead.
func (n *node) forsaken(by wire.ServerID) {
	if n.follower != nil && n.boss == by {
		n.tracef("is forsaken by %d", by)
		n.step(zab.Retire{})
	}
}

// elected begins a reign.
func (n *node) elected(who wire.ServerID) {
	if n.retiring || n.leader != nil || n.follower != nil {
		return
	}
	n.looking = false
	n.reign++
	n.boss = who
	n.flushing = false
	p := n.w.params
	if who == n.id {
		n.tracef("leads")
		n.leader = zab.NewLeader(zab.Options{Self: n.id, Voters: n.w.voters, Observed: len(n.w.nodes) > 1, Ensemble: n.ensembleName(),
			InitTimeout: 3 * time.Second, GatherTimeout: time.Second, SyncTimeout: 3 * time.Second,
			WindowBytes: p.windowBytes, KeepBytes: p.keepBytes, LastCounter: p.lastCounter}, n.position())
	} else {
		n.tracef("follows %d", who)
		n.join = wire.Join(n.w.rnd.Uint64() | 1)
		n.follower = zab.NewFollower(zab.Membership{Self: n.id, Leader: who, Voter: n.voter,
			Join: n.join, InitTimeout: 3 * time.Second}, n.position(), n.attachments())
	}
	n.step(zab.Start{Now: n.now()})
	if n.follower != nil && n.streams[who] == nil {
		n.step(zab.Gone{Peer: who})
	}
	for id, info := range n.joining {
		if info != nil {
			n.joining[id] = nil
			n.received(wire.ServerID(id), info)
		}
	}
}

func (n *node) ensembleName() string {
	return string([]byte{'a' + byte(n.w.rnd.IntN(26)), 'a' + byte(n.w.rnd.IntN(26)), 'a' + byte(n.id)})
}

// step feeds the role, and does what it says.
func (n *node) step(e zab.Event) {
	var effects []zab.Effect
	reign := n.reign
	switch {
	case n.leader != nil:
		effects = n.leader.Step(e, nil)
		n.w.o.Mutation.leading(n, e)
	case n.follower != nil:
		effects = n.follower.Step(e, nil)
	}
	for _, f := range effects {
		if n.reign == reign {
			n.perform(f)
		}
	}
	if _, flush := e.(zab.Flush); !flush && n.leader != nil && !n.flushing {
		n.flushing = true
		n.after(n.w.upTo(200*time.Microsecond), func() {
			if n.reign == reign {
				n.flushing = false
				n.step(zab.Flush{})
			}
		})
	}
}

func (n *node) perform(f zab.Effect) {
	switch f := f.(type) {
	case zab.Send:
		n.send(f.To, f.Message)
	case zab.Append:
		n.disk.appendBatch(f.Batch, n.tree.Applied())
	case zab.TruncateLog:
		n.w.checkTruncate(n, f.After)
		n.disk.truncate(f.After)
		n.w.nervous(n)
	case zab.Promise:
		n.disk.ask(operation{kind: promising, epoch: f.Epoch})
	case zab.Enter:
		n.w.checkEnter(n, f.Epoch)
		if n.leader != nil {
			n.w.nervous(n)
		}
		n.disk.ask(operation{kind: entering, epoch: f.Epoch, ensemble: f.Ensemble, vouch: f.Founded})
	case zab.Commit:
		for i := range f.Records {
			if n.w.o.Mutation.repeats(n, &f.Records[i]) {
				continue
			}
			n.w.checkApply(n, &f.Records[i])
			n.apply(&f.Records[i])
		}
	case zab.Serve:
		n.serve(f.Epoch)
	case zab.Joined:
		n.learnerJoined(f)
	case zab.SyncPoint:
		n.syncPoint(f)
	case zab.ReadLog:
		n.readLog(f)
	case zab.Transfer:
		n.transfer(f)
		n.w.nervous(n)
	case zab.TellDigest:
		n.tellDigest(f.Zxid)
	case zab.Over:
		n.over(f)
	}
}

// over ends a reign.
func (n *node) over(o zab.Over) {
	n.tracef("is over: %s", o.Why)
	n.w.checkOver(n, o)
	applied := wire.Zxid(0)
	if n.leader != nil {
		n.tail, applied = n.leader.Tail()
	} else {
		n.tail, applied = n.follower.Tail()
	}
	if applied != n.tree.Applied() && n.w.o.Mutation == 0 {
		n.w.fail("%v: the role has applied %v, the tree %v", n, applied, n.tree.Applied())
	}
	n.needState = n.needState || o.NeedState
	n.suspend()
	switch {
	case o.Halt:
		n.halted, n.w.result.Halted = true, 1
	case n.retiring:
		n.disk.whenDrained(func() { n.crash(false) })
	default:
		n.look()
	}
}

// suspend drops the role. Clients stay.
func (n *node) suspend() {
	n.reign++
	n.leader, n.follower, n.table, n.serving, n.receiving = nil, nil, nil, false, false
	n.joined, n.early, n.touched, n.asked, n.boss = nil, nil, nil, nil, 0
	for _, c := range append([]*conn(nil), n.conns...) {
		c.suspended()
	}
	clear(n.tickets)
}

// serve begins to serve clients.
func (n *node) serve(e wire.Epoch) {
	n.w.nervous(n)
	n.w.checkServe(n, e)
	n.needState = false
	last := n.tree.Applied()
	if n.leader != nil {
		last = n.leader.Proposed()
	}
	n.elect(election.Has{Credentials: wire.Credentials{Current: e, Last: last}})
	if n.leader != nil {
		n.lead(e)
	}
	n.serving = true
	for _, c := range append([]*conn(nil), n.conns...) {
		c.advance()
	}
}

// retire ends the server in order.
func (n *node) retire() {
	n.tracef("retires")
	n.retiring = true
	if n.leader == nil && n.follower == nil {
		n.crash(false)
		return
	}
	n.step(zab.Retire{})
}

// readLog answers with what is on disk.
func (n *node) readLog(f zab.ReadLog) {
	reign := n.reign
	n.after(n.w.upTo(2*n.w.params.disk), func() {
		if n.reign == reign {
			entries, trimmed := n.disk.read(f.After)
			n.step(zab.LogRead{Peer: f.Peer, Join: f.Join, Entries: entries, Trimmed: trimmed})
		}
	})
}

// leaderReceived takes what concerns sessions; the rest is the machine's.
func (n *node) leaderReceived(from wire.ServerID, m wire.PeerMessage) {
	switch q := m.(type) {
	case *wire.SubmitRequest, *wire.AdmitRequest, *wire.TouchRequest:
		n.leaderAsked(from, q)
	case *wire.SyncRequest:
		n.w.o.Mutation.sync(n, zab.Sync{Ticket: remote{from, q.Join, q.Ticket}})
	case *wire.Ack:
		n.w.checkAcked(n, from, q.Join, q.Zxid)
		n.step(zab.Heard{From: from, Message: m, Now: n.now()})
	case *wire.AckNewLeader:
		n.w.checkAcked(n, from, q.Join, q.Zxid)
		n.step(zab.Heard{From: from, Message: m, Now: n.now()})
	default:
		n.step(zab.Heard{From: from, Message: m, Now: n.now()})
	}
}

// followerReceived takes the answers to what sessions asked; the rest is the
// machine's.
func (n *node) followerReceived(from wire.ServerID, m wire.PeerMessage) {
	switch q := m.(type) {
	case *wire.Admitted:
		n.admitted(q)
	case *wire.SyncReply:
		n.syncReply(q.Ticket, q.Zxid)
	case *wire.Moved:
		n.expel(q.Session, q.Generation)
	case *wire.TransferBegin:
		n.step(zab.Heard{From: from, Message: m, Now: n.now()})
		n.receiving = true
	case *wire.TransferChunk:
		n.stateReceived(q)
	default:
		n.step(zab.Heard{From: from, Message: m, Now: n.now()})
	}
}
