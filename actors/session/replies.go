package session

import (
	"errors"
	"os"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"troupe/actors/tree"
	"troupe/wire"
)

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
