package leader

import (
	"github.com/asynkron/protoactor-go/actor"

	"troupe/actors/inject"
	"troupe/actors/role"
	"troupe/actors/tree"
	"troupe/cluster/zab"
	"troupe/wire"
)

// remote is a request that came from another server.
type remote struct {
	from   wire.ServerID
	join   wire.Join
	ticket uint64
}

// onReceived takes what concerns sessions; the rest is the machine's.
func (l *Leader) onReceived(c actor.Context, m *role.Received) {
	switch q := m.Message.(type) {
	case *wire.FollowerInfo:
		if q.Join > l.joins[m.From] { // or it is of an attempt that is over
			l.joins[m.From] = q.Join
			l.step(c, zab.Heard{From: m.From, Message: q, Now: l.now()})
		}
	case *wire.Leave:
		l.joins[m.From] = max(l.joins[m.From], q.Join)
		l.step(c, zab.Heard{From: m.From, Message: q, Now: l.now()})
	case *wire.SubmitRequest, *wire.AdmitRequest, *wire.TouchRequest:
		if l.table == nil {
			l.early = append(l.early, m)
			return
		}
		switch q := q.(type) {
		case *wire.SubmitRequest:
			if l.zab.Serves(m.From, q.Join) {
				l.submit(c, l.pass(q.Drafts))
			}
		case *wire.AdmitRequest:
			if l.zab.Serves(m.From, q.Join) {
				l.onAdmitRequest(c, m.From, q)
			}
		case *wire.TouchRequest:
			for _, id := range q.Sessions {
				l.touch(id)
			}
		}
	case *wire.SyncRequest:
		l.step(c, zab.Sync{Ticket: remote{m.From, q.Join, q.Ticket}})
	case *wire.TransferCredit:
		l.onCredit(m.From, q)
		l.step(c, zab.Heard{From: m.From, Message: q, Now: l.now()})
	default:
		l.step(c, zab.Heard{From: m.From, Message: m.Message, Now: l.now()})
	}
}

// onSubmit orders writes of this server's clients.
func (l *Leader) onSubmit(c actor.Context, m *Submit) { l.submit(c, l.pass(m.Drafts)) }

// pass drops the writes of connections that have been replaced: what their
// session sent since on the new one must not be overtaken.
func (l *Leader) pass(all []wire.Record) []wire.Record {
	drafts := all[:0]
	for i := range all {
		if l.table.Pass(&all[i]) {
			drafts = append(drafts, all[i])
		}
	}
	return drafts
}

func (l *Leader) submit(c actor.Context, drafts []wire.Record) {
	l.step(c, zab.Submit{Drafts: drafts, Now: inject.Wall().UnixMilli()})
}

func (l *Leader) touch(id wire.SessionID) {
	if l.table != nil {
		l.table.Touch(id, l.now())
	}
}

// own drafts a record of the leader's.
func own(op wire.OpCode, id wire.SessionID, g wire.Generation, q wire.Request) wire.Record {
	var e wire.Encoder
	e.EncodeRequest(q)
	return wire.Record{Op: op, Session: id, Generation: g, Body: e.Bytes(), Request: q}
}

// onAdmit attaches a connection of this server under a new generation, which
// fences the session's earlier ones, and creates the session if it is new.
func (l *Leader) onAdmit(c actor.Context, m *Admit) {
	id, g := l.table.Admit(l.o.Zab.Self, m.Session, m.Timeout, l.now(), inject.Wall().UnixMilli())
	if id == 0 {
		c.Send(m.Actor, &Gone{})
		return
	}
	fresh := m.Session == 0
	c.Send(l.o.Tree, &tree.Attach{Conn: m.Conn, Actor: m.Actor, Session: id, Generation: g, Auth: m.Auth, Fresh: fresh})
	l.admitted(c, l.o.Zab.Self, id, g, fresh, m.Timeout, m.Password)
}

// onAdmitRequest does so for a connection of another server.
func (l *Leader) onAdmitRequest(c actor.Context, from wire.ServerID, m *wire.AdmitRequest) {
	id, g := l.table.Admit(from, m.Session, m.Timeout, l.now(), inject.Wall().UnixMilli())
	fresh := m.Session == 0
	l.mail.Send(c, from, &wire.Admitted{Join: m.Join, Ticket: m.Ticket, Session: id, Generation: g, Fresh: fresh})
	if id == 0 {
		return
	}
	l.admitted(c, from, id, g, fresh, m.Timeout, m.Password)
}

// admitted creates a session that is new; the other servers close what connection
// they have of one that is not.
func (l *Leader) admitted(c actor.Context, at wire.ServerID, id wire.SessionID, g wire.Generation, fresh bool, timeout int32, password []byte) {
	if fresh {
		l.submit(c, []wire.Record{own(wire.OpCreateSession, id, g, &wire.CreateSession{Timeout: timeout, Password: password})})
		return
	}
	if at != l.o.Zab.Self {
		c.Send(l.o.Tree, &tree.Expel{Session: id, Generation: g})
	}
	l.zab.Each(func(peer wire.ServerID, join wire.Join) {
		if peer != at {
			l.mail.Send(c, peer, &wire.Moved{Join: join, Session: id, Generation: g})
		}
	})
}

// onJoined takes the connections that a learner has; those of sessions that have
// moved meanwhile are over.
func (l *Leader) onJoined(c actor.Context, j zab.Joined) {
	if l.table == nil {
		l.joined = append(l.joined, j)
		return
	}
	for _, a := range j.Attached {
		if g, ok := l.table.Report(a); !ok {
			l.mail.Send(c, j.Peer, &wire.Moved{Join: j.Join, Session: a.Session, Generation: g})
		}
	}
}

// answerSync tells whoever asked where the order of writes stood.
func (l *Leader) answerSync(c actor.Context, f zab.SyncPoint) {
	switch t := f.Ticket.(type) {
	case *Sync:
		c.Send(l.o.Tree, &tree.SyncPoint{Conn: t.Conn, Xid: t.Xid, Path: t.Path, Connect: t.Connect, Zxid: f.Zxid})
	case remote:
		l.mail.Send(c, t.from, &wire.SyncReply{Join: t.join, Ticket: t.ticket, Zxid: f.Zxid})
	}
}
