package session

import (
	"errors"

	"github.com/asynkron/protoactor-go/actor"

	"troupe/actors/leader"
	"troupe/actors/tree"
	"troupe/wire"
)

// batch is where the requests of one message go: reads to the tree, writes to
// the leader. Reads go first, since each says which write it follows.
type batch struct {
	items  []tree.Item
	drafts []wire.Record
	syncs  []*leader.Sync
}

func (s *Session) onFrames(c actor.Context, m *Frames) {
	switch s.state {
	case serving:
		if s.hold.on || len(s.syncs) > 0 {
			s.early = append(s.early, m)
			return
		}
	case verifying, admitting:
		s.early = append(s.early, m)
		return
	default:
		s.window.Replied(len(m.Frames)+m.Extra, m.Large)
		return
	}
	s.touch(c, m.At)
	var b batch
	for i := range m.Frames {
		if s.state != serving {
			break // a close, or something that ends the connection, was among them
		}
		if len(b.syncs) > 0 && m.Frames[i].Op != wire.OpSync {
			// What comes behind a sync waits for it: it is answered in its turn.
			s.early = append(s.early, &Frames{m.At, m.Frames[i:], m.Large, m.Extra})
			m.Frames, m.Large, m.Extra = m.Frames[:i], 0, 0
			break
		}
		s.route(c, &m.Frames[i], &b)
	}
	s.stamps = append(s.stamps, stamp{len(m.Frames), m.At, m.Large, m.Extra})
	s.count(m)
	s.dispatch(c, &b)
}

// release goes on with what has waited.
func (s *Session) release(c actor.Context) {
	early := s.early
	s.early = nil
	for i, f := range early {
		if s.hold.on || len(s.syncs) > 0 {
			s.early = append(s.early, early[i:]...)
			return
		}
		s.onFrames(c, f)
	}
}

func (s *Session) count(m *Frames) {
	n := int64(len(m.Frames))
	s.o.Metrics.Received.Add(n)
	s.o.Stats.Received.Add(n)
	s.o.Stats.Outstanding.Add(n)
	last := &m.Frames[len(m.Frames)-1]
	s.o.Stats.LastOp.Store(int32(last.Op))
	if last.Xid >= 0 {
		s.o.Stats.LastXid.Store(int32(last.Xid))
	}
}

// dispatch sends a batch on.
func (s *Session) dispatch(c actor.Context, b *batch) {
	if len(b.items) > 0 {
		c.Send(s.o.Tree, &tree.Requests{Conn: s.o.ID, Auth: s.auth, Items: b.items})
	}
	if len(b.drafts) > 0 {
		c.Send(s.o.Role, &leader.Submit{Drafts: b.drafts})
	}
	for _, y := range b.syncs {
		c.Send(s.o.Role, y)
	}
	*b = batch{}
}

// route puts one request where it belongs.
func (s *Session) route(c actor.Context, f *Frame, b *batch) {
	var unknown wire.UnknownOp
	switch {
	case f.Op == wire.OpAuth:
		s.onAuth(c, f, b)
	case f.Op == wire.OpSasl:
		s.onSasl(c, f, b)
	case f.Op == wire.OpCreateSession || errors.As(f.Err, &unknown):
		s.ready(f, b, &tree.Ready{Zxid: ^wire.Zxid(0), Err: wire.Unimplemented, Close: true})
		s.state = closing
	case f.Op == wire.OpReconfig && f.Err != nil:
		s.ready(f, b, &tree.Ready{Zxid: tree.ZxidApplied, Err: wire.MarshallingError})
	case f.Op.IsWrite():
		s.draft(f, b)
	case f.Err != nil:
		s.ready(f, b, &tree.Ready{Zxid: tree.ZxidApplied, Err: wire.MarshallingError})
	case f.Op == wire.OpSync:
		s.sync(f, b)
	case f.Op == wire.OpPing:
		b.items = append(b.items, tree.Item{Xid: wire.XidPing, After: s.forwarded, Request: f.Request})
	default:
		b.items = append(b.items, tree.Item{Xid: f.Xid, After: s.forwarded, Request: f.Request})
	}
}

// ready queues an answer that only has to take its turn.
func (s *Session) ready(f *Frame, b *batch, r *tree.Ready) {
	b.items = append(b.items, tree.Item{Xid: f.Xid, After: s.forwarded, Ready: r})
}

func (s *Session) draft(f *Frame, b *batch) {
	s.forwarded++
	b.drafts = append(b.drafts, wire.Record{Op: f.Op, Session: s.id, Generation: s.generation, Cxid: f.Xid,
		Auth: s.auth, Body: f.Body, Request: f.Request, Malformed: f.Err})
	if f.Op == wire.OpCloseSession {
		s.state = closing
	}
}

func (s *Session) sync(f *Frame, b *batch) {
	s.forwarded++
	y := &leader.Sync{Conn: s.o.ID, Xid: f.Xid, Path: f.Request.(*wire.Sync).Path}
	b.syncs, s.syncs = append(b.syncs, y), append(s.syncs, y)
}

// onAuth adds an identity. What came before in the batch goes out under the old
// ones.
func (s *Session) onAuth(c actor.Context, f *Frame, b *batch) {
	if f.Err != nil {
		s.dispatch(c, b)
		s.stop(c, f.Err.Error())
		return
	}
	a := f.Request.(*wire.Auth)
	ids, verdict := s.o.Auth.Authenticate(a.Scheme, a.Auth)
	switch verdict {
	case Failed:
		s.o.Metrics.AuthFailed.Add(1)
		s.ready(f, b, &tree.Ready{Err: wire.AuthFailed, Close: true})
		s.state = closing
		return
	case Disconnect:
		s.dispatch(c, b)
		s.stop(c, "wrong ensemble name")
		return
	}
	joined := join(s.auth, ids)
	if weight(joined) > maxIdentities {
		s.o.Metrics.AuthFailed.Add(1)
		s.ready(f, b, &tree.Ready{Err: wire.AuthFailed, Close: true})
		s.state = closing
		return
	}
	s.dispatch(c, b)
	s.auth = joined
	c.Send(s.o.Tree, &tree.SetAuth{Conn: s.o.ID, Auth: s.auth})
	s.ready(f, b, &tree.Ready{})
}

// maxIdentities is how many bytes the identities of a connection may have: they go
// into the log with each of its writes.
const maxIdentities = 8 << 10

func weight(ids []wire.ID) (bytes int) {
	for _, id := range ids {
		bytes += len(id.Scheme) + len(id.ID)
	}
	return bytes
}

// join is ids added to a list that others may hold.
func join(have, ids []wire.ID) []wire.ID {
	out := append([]wire.ID(nil), have...)
next:
	for _, id := range ids {
		for _, h := range out {
			if h == id {
				continue next
			}
		}
		out = append(out, id)
	}
	return out
}

// onSasl answers as a server without SASL does: with no token.
func (s *Session) onSasl(c actor.Context, f *Frame, b *batch) {
	if f.Err != nil || f.Request.(*wire.Sasl).Token == nil {
		s.dispatch(c, b)
		s.stop(c, "malformed SASL token")
		return
	}
	s.ready(f, b, &tree.Ready{Body: noToken{}})
}

type noToken struct{}

// Encode implements wire.Body.
func (noToken) Encode(e *wire.Encoder) { e.Buffer(nil) }
