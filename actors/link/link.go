package link

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/rs/zerolog"

	"troupe/wire"
)

// Options are what a link needs.
type Options struct {
	Network *Network
	Peer    wire.ServerID
	// PeerTimeout is for how long a link that is up may be silent.
	PeerTimeout time.Duration
	// Hello is this server's, at this moment. The link adds what is its own.
	Hello func() wire.Hello
	// Check refuses a peer for what only the owner knows; it is tried again later.
	Check func(wire.Hello) error
	// Up is called when the link is up in both directions.
	Up func(c actor.Context, h wire.Hello)
	// Down is called once for each Up.
	Down func(c actor.Context, why error)
	// Deliver is called for each message, in order, while the link is up. An error
	// breaks the link. The message is the owner's to keep.
	Deliver func(c actor.Context, message []byte) error
	// Other is called for what the actor gets that is none of a link's, for the owner
	// to change what the functions above do.
	Other func(message any)
	Log   zerolog.Logger
}

// ErrGoodbye is why a link goes down when either server leaves for good.
var ErrGoodbye = errors.New("goodbye")

// Link is the actor for one other server.
type Link struct {
	o     Options
	log   zerolog.Logger
	port  *port
	quiet onlyNews // refusals
	odd   onlyNews // differences of the lists of servers

	id        uint64 // of this direction, until the next attempt
	connected bool   // a stream to the other server stands
	echoed    uint64 // the other's id that the last Hello on that stream had
	in        *inbound
	theirs    wire.Hello // the last that was taken, from in
	rival     *rival
	up        bool
	leaving   bool

	sent, received uint64 // frames
	takes          uint64 // longest message, as told in the last Hello
	waiting        []*Send
	waitingSize    int
	joining        pieces

	clock   clock
	heard   time.Duration // when something came last, by clock
	echo    uint64        // frames that the other says it has received
	echoAt  uint64        // when it said so first, in milliseconds by its clock; 0 not yet
	since   time.Duration // connected, up or down
	backoff time.Duration
	redials uint64
}

// New makes the actor.
func New(o Options) *Link {
	return &Link{o: o, id: draw(), log: o.Log.With().Uint8("peer", uint8(o.Peer)).Logger()}
}

// draw makes up a number that no other link has.
func draw() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint64(b[:]) | 1
}

// Receive implements actor.Actor.
func (l *Link) Receive(c actor.Context) {
	switch m := c.Message().(type) {
	case *actor.Started:
		l.onStarted(c)
	case *actor.Stopping:
		l.onStopping(c)
	case *Send:
		l.onSend(c, m)
	case *flush:
		l.sendWaiting()
	case *frame:
		l.onFrame(c, m)
	case *tick:
		l.onTick(c)
	case *greeting:
		l.onGreeting(c, m)
	case *connected:
		l.onConnected()
	case *disconnected:
		l.onDisconnected(c, m.why)
	case *closed:
		l.onClosed(c, m)
	case *redial:
		l.onRedial(m)
	case *Cut:
		l.fail(c, fmt.Errorf("cut here: %s", m.Why))
	case *Goodbye:
		l.onGoodbye(c)
	default:
		if l.o.Other != nil {
			l.o.Other(m)
		}
	}
	l.judgeRival(c)
}

func (l *Link) onStarted(c actor.Context) {
	if l.port = l.o.Network.ports[l.o.Peer]; l.port == nil {
		panic(fmt.Errorf("link to server %d, which has no address", l.o.Peer))
	}
	l.clock.start(min(l.o.PeerTimeout/beats, maxPause))
	l.tickLater(c)
	if l.port.register(c) {
		l.dial()
	}
}

func (l *Link) onStopping(c actor.Context) {
	l.port.unregister(c.Self())
	l.rival = nil
	if !l.leaving {
		l.fail(c, errors.New("the link's actor is stopped"))
	}
}

// onSend keeps a message until all that has come with it has been seen: what
// waits goes out together.
func (l *Link) onSend(c actor.Context, m *Send) {
	size := len(m.Head) + len(m.Body)
	switch {
	case !l.up:
	case uint64(size) > l.theirs.MaxMessage:
		l.fail(c, fmt.Errorf("a message of %d bytes, and server %d takes %d", size, l.o.Peer, l.theirs.MaxMessage))
	case size > pieceSize-maxUvarint:
		l.sendWaiting()
		l.sendPieces(m)
	default:
		if size += uvarintSize(uint64(size)); l.waitingSize+size > pieceSize {
			l.sendWaiting()
		}
		if len(l.waiting) == 0 {
			c.Send(c.Self(), &flush{})
		}
		l.waiting = append(l.waiting, m)
		l.waitingSize += size
	}
}

const maxUvarint = 5

func (l *Link) sendWaiting() {
	if len(l.waiting) == 0 {
		return
	}
	b := l.next(kindMessages, l.waitingSize)
	for _, m := range l.waiting {
		b = binary.AppendUvarint(b, uint64(len(m.Head)+len(m.Body)))
		b = append(append(b, m.Head...), m.Body...)
	}
	l.forgetWaiting()
	l.port.frame(b)
}

func (l *Link) forgetWaiting() {
	clear(l.waiting)
	l.waiting, l.waitingSize = l.waiting[:0], 0
}

func (l *Link) sendPieces(m *Send) {
	cut(m.Head, m.Body, func(part, rest []byte, last bool) {
		kind := kindPiece
		if last {
			kind = kindLast
		}
		l.port.frame(append(append(l.next(kind, len(part)+len(rest)), part...), rest...))
	})
}

// next starts the next frame.
func (l *Link) next(kind byte, room int) []byte {
	l.sent++
	return header(kind, l.id, l.sent, room)
}

// onFrame takes a frame of the stream that is the link's.
func (l *Link) onFrame(c actor.Context, m *frame) {
	if !l.up || m.in != l.in {
		l.o.Network.counters.Stale.Add(1)
		return
	}
	kind, link, seq, payload, err := split(m.b)
	switch {
	case err != nil:
	case link != l.theirs.ID:
		err = errors.New("a frame of another link")
	case seq != l.received+1:
		err = fmt.Errorf("frame %d came after %d", seq, l.received)
	default:
		l.received = seq
		l.heard = l.clock.now
		err = l.take(c, kind, payload)
	}
	if err != nil {
		l.fail(c, err)
	}
}

func (l *Link) take(c actor.Context, kind byte, payload []byte) error {
	switch kind {
	case kindMessages:
		return eachMessage(payload, func(b []byte) error { return l.deliver(c, b) })
	case kindPiece:
		return l.joining.add(payload, l.takes)
	case kindLast:
		if err := l.joining.add(payload, l.takes); err != nil {
			return err
		}
		return l.deliver(c, l.joining.join())
	case kindHeartbeat:
		return l.onHeartbeat(payload)
	case kindGoodbye:
		return ErrGoodbye
	}
	return fmt.Errorf("frame of kind %d", kind)
}

func (l *Link) deliver(c actor.Context, message []byte) error {
	if !l.up { // what was delivered before has broken it
		return nil
	}
	return l.o.Deliver(c, message)
}

// onGoodbye is the last that the link does.
func (l *Link) onGoodbye(c actor.Context) {
	if l.leaving {
		return
	}
	l.leaving = true
	if !l.up {
		return
	}
	l.sendWaiting()
	l.port.frame(l.next(kindGoodbye, 0))
	l.port.leave()
	l.goDown(c, ErrGoodbye)
}
