package session

import (
	"errors"
	"os"
	"sync"
	"time"

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

var encoders = sync.Pool{New: func() any { return new(wire.Encoder) }}

// maxQueue is how many replies and events may wait for a client that does not
// read. Replies are bounded by credits, so it is events that come to so many.
const maxQueue = 1 << 16

// bytesPerCredit is what a reply holds that costs one more of the session's
// credits: with four megabytes unwritten nothing more is taken from a client.
const bytesPerCredit = 8 << 10

// onDeliver takes what the tree delivers, in its order.
func (s *Session) onDeliver(c actor.Context, m *tree.Deliver) {
	replies, extra := 0, 0
	for i := range m.Replies {
		if !isEvent(&m.Replies[i]) {
			replies++
		}
		if p, ok := m.Replies[i].Body.(wire.Pieces); ok {
			extra += p.Weight() / bytesPerCredit
		}
	}
	s.o.Metrics.Sent.Add(int64(len(m.Replies)))
	s.o.Stats.Sent.Add(int64(len(m.Replies)))
	s.replied(m, replies)
	if extra > 0 {
		s.window.Charge(extra)
		s.unwritten += extra
	}
	if s.queue == nil {
		s.queue = m.Replies
	} else {
		s.queue = append(s.queue, m.Replies...)
	}
	s.send(c)
	if len(s.queue) > maxQueue {
		s.o.Metrics.Unread.Add(1)
		s.stop(c, "the client does not read what it asked for")
		return
	}
	if m.Syncs > 0 {
		if s.syncs = s.syncs[m.Syncs:]; len(s.syncs) == 0 {
			s.syncs = nil
			s.release(c)
		}
	}
}

// send writes what is queued, as far as the outbox has room. The rest waits
// without being encoded: a small packet can ask for more than memory has.
func (s *Session) send(c actor.Context) {
	e := encoders.Get().(*wire.Encoder)
	for len(s.queue) > 0 && s.out.room() {
		e.Reset()
		for len(s.queue) > 0 && e.Len() < keepBuffer {
			if s.encode(e, &s.queue[0]) {
				s.queue[0] = wire.Reply{}
				s.queue = s.queue[1:]
			}
		}
		if !s.write(c, e.Bytes()) {
			return
		}
	}
	if len(s.queue) == 0 {
		s.queue = nil
	}
	s.settle()
	if cap(e.Bytes()) <= 2*keepBuffer {
		encoders.Put(e)
	}
}

// encode appends a reply, or the next piece of a large one; false if there is more.
func (s *Session) encode(e *wire.Encoder, r *wire.Reply) (whole bool) {
	if s.partial > 0 {
		s.partial = r.Body.(wire.Pieces).EncodePiece(e, s.partial)
		return s.pieced()
	}
	if p, ok := r.Body.(wire.Pieces); ok && r.Err == wire.OK {
		if size := p.Size(); size > keepBuffer {
			s.noteSize(wire.ReplyHeaderSize + size)
			e.BeginReply(&r.ReplyHeader, size)
			s.partial = p.EncodePiece(e, 0)
			return s.pieced()
		}
	}
	from := e.Len()
	e.ReplyFrame(r)
	s.noteSize(e.Len() - from - wordSize)
	return true
}

// pieced is true if that was the last piece.
func (s *Session) pieced() bool {
	s.partial = max(s.partial, 0)
	return s.partial == 0
}

func (s *Session) noteSize(size int) {
	if size > s.o.MaxFrame {
		s.o.Metrics.LargeReplies.Add(1)
		s.o.Log.Warn().Stringer("session", s.id).Int("bytes", size+wordSize).Int("jute.maxbuffer", s.o.MaxFrame).
			Msg("large reply: clients refuse what is over their own jute.maxbuffer")
	}
}

func isEvent(r *wire.Reply) bool {
	_, ok := r.Body.(*wire.WatchEvent)
	return ok && r.Xid == wire.XidWatchEvent
}

// replied settles the accounts of n replies. The credits that all sessions share
// come back now; the session's own when the socket has taken the replies, so
// that a client which does not read holds up only itself.
func (s *Session) replied(m *tree.Deliver, n int) {
	if n == 0 {
		return
	}
	now := time.Now()
	last := &m.Replies[len(m.Replies)-1]
	s.o.Stats.LastZxid.Store(uint64(last.Zxid))
	s.o.Stats.LastReply.Store(now.UnixMilli())
	s.o.Stats.Outstanding.Add(int64(-n))
	credits, large := n, 0
	for n > 0 && len(s.stamps) > 0 {
		st := &s.stamps[0]
		k := min(n, st.n)
		s.o.Metrics.Latency.Observe(now.Sub(st.at), k)
		s.o.Stats.Latency.Observe(now.Sub(st.at), k)
		n, st.n = n-k, st.n-k
		if st.n == 0 {
			large, credits = large+st.large, credits+st.extra
			s.stamps = s.stamps[1:]
		}
	}
	if len(s.stamps) == 0 {
		s.stamps = nil
	}
	s.window.Replied(credits, large)
	s.unwritten += credits
}

// write is false if that ended the connection.
func (s *Session) write(c actor.Context, b []byte) bool {
	if err := s.out.write(b); err != nil {
		s.stop(c, err.Error())
		return false
	}
	return true
}

// settle gives the session's credits back once the socket has taken all.
func (s *Session) settle() {
	if !s.out.draining && s.unwritten > 0 {
		s.window.Written(s.unwritten)
		s.unwritten = 0
	}
}

func (s *Session) onDrained(c actor.Context, m *Drained) {
	err := s.out.drained(m.Err)
	if err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			s.o.Metrics.Unread.Add(1)
		}
		s.stop(c, err.Error())
		return
	}
	s.send(c)
	if s.state == closing && !s.out.draining {
		s.stop(c, s.why)
	}
}

func isBadFrame(err error) bool { return errors.Is(err, errFrame) }
