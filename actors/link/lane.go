package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"
)

// lane is the process that the owner of a link sends to. Messages go out, and
// come in, past the link's actor: there is nothing to decide, and each actor on
// the way of a write costs all that wait for it. The actor opens both directions
// when the link is up and shuts them before it says that it is down.
type lane struct{ p *port }

// SendUserMessage implements actor.Process.
func (l lane) SendUserMessage(_ *actor.PID, message any) {
	if m, ok := message.(*Send); ok {
		l.p.carry(m.Messages)
	}
}

// SendSystemMessage implements actor.Process: there is nothing to tell it.
func (lane) SendSystemMessage(*actor.PID, any) {}

// Stop implements actor.Process.
func (lane) Stop(*actor.PID) {}

// outgoing is the direction to the other server.
type outgoing struct {
	up   bool
	link uint64 // its number
	sent uint64 // frames
	most uint64 // bytes of a message that the other server takes
}

// carry sends messages, as many in a frame as there is room for.
func (p *port) carry(all []Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.out.up && len(all) > 0 {
		size := all[0].size()
		switch {
		case uint64(size) > p.out.most:
			p.breakLocked(fmt.Errorf("a message of %d bytes, and server %d takes %d", size, p.peer, p.out.most))
		case size > pieceSize-maxUvarint:
			p.carryPieces(all[0])
			all = all[1:]
		default:
			all = all[p.carryTogether(all):]
		}
	}
}

func (m Message) size() int { return len(m.Head) + len(m.Body) }

// framed is the size in a frame of whole messages.
func (m Message) framed() int { return m.size() + uvarintSize(uint64(m.size())) }

const maxUvarint = 5

// carryTogether sends one frame, and tells of how many messages.
func (p *port) carryTogether(all []Message) (n int) {
	room := 0
	for ; n < len(all) && room+all[n].framed() <= pieceSize; n++ {
		room += all[n].framed()
	}
	b := p.next(kindMessages, room)
	for _, m := range all[:n] {
		b = binary.AppendUvarint(b, uint64(m.size()))
		b = append(append(b, m.Head...), m.Body...)
	}
	p.frameLocked(b)
	return n
}

func (p *port) carryPieces(m Message) {
	cut(m.Head, m.Body, func(part, rest []byte, last bool) {
		kind := kindPiece
		if last {
			kind = kindLast
		}
		p.frameLocked(append(append(p.next(kind, len(part)+len(rest)), part...), rest...))
	})
}

// next starts the next frame.
func (p *port) next(kind byte, room int) []byte {
	p.out.sent++
	return header(kind, p.out.link, p.out.sent, room)
}

// control sends a frame of the link's own, and tells its number.
func (p *port) control(kind byte, payload []byte) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.out.up {
		p.frameLocked(append(p.next(kind, len(payload)), payload...))
	}
	return p.out.sent
}

// sent is how many frames have gone out.
func (p *port) sent() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.sent
}

func (p *port) breakLocked(why error) {
	p.out.up = false
	if p.link != nil {
		p.n.o.System.Root.Send(p.link, &broken{link: p.out.link, why: why})
	}
}

// begin opens the way out.
func (p *port) begin(link, most uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out = outgoing{up: true, link: link, most: most}
}

// end shuts it.
func (p *port) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out.up = false
}

// incoming is the direction from the other server, of the stream that the link
// has taken.
type incoming struct {
	mu       sync.Mutex // held while messages are delivered: there is none after shut
	up       bool
	link     uint64        // its number
	received atomic.Uint64 // frames
	limit    uint64        // bytes of a message
	joining  pieces
	deliver  func([]byte) error
}

// begin opens the way in.
func (w *incoming) begin(link, limit uint64, deliver func([]byte) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.up, w.link, w.limit, w.deliver, w.joining = true, link, limit, deliver, pieces{}
	w.received.Store(0)
}

// shut ends it.
func (w *incoming) shut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.up, w.joining = false, pieces{}
}

// take takes a frame of a stream that has been accepted.
func (in *inbound) take(b []byte) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if !in.up {
		in.n.counters.Stale.Add(1)
		return
	}
	kind, link, seq, payload, err := split(b)
	switch {
	case err != nil:
	case link != in.link:
		err = errors.New("a frame of another link")
	case seq != in.received.Load()+1:
		err = fmt.Errorf("frame %d came after %d", seq, in.received.Load())
	default:
		in.received.Store(seq)
		err = in.open(kind, payload)
	}
	if err != nil {
		in.up = false
		in.port.tell(&broken{in: in, why: err})
	}
}

// open does what a frame is for.
func (in *inbound) open(kind byte, payload []byte) error {
	switch kind {
	case kindMessages:
		return eachMessage(payload, in.deliver)
	case kindPiece:
		return in.joining.add(payload, in.limit)
	case kindLast:
		if err := in.joining.add(payload, in.limit); err != nil {
			return err
		}
		return in.deliver(in.joining.join())
	case kindHeartbeat:
		in.port.tell(&pulse{in, payload})
		return nil
	case kindGoodbye:
		return ErrGoodbye
	}
	return fmt.Errorf("frame of kind %d", kind)
}
