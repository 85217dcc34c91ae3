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
	// Deliver is called for each message, in order, while the link is up, from the
	// goroutine that reads the stream: it must not block. An error breaks the link.
	// The message is the owner's to keep.
	Deliver func(message []byte) error
	Log     zerolog.Logger
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

	takes uint64 // longest message, as told in the last Hello

	clock   clock
	noted   uint64        // frames that had come when somebody last looked
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
	case *tick:
		l.onTick(c)
	case *pulse:
		l.onPulse(c, m)
	case *greeting:
		l.onGreeting(c, m)
	case *connected:
		l.onConnected()
	case *disconnected:
		l.onDisconnected(c, m.why)
	case *closed:
		l.onClosed(c, m)
	case *broken:
		if l.up && (m.in == l.in || m.link == l.id) {
			l.fail(c, m.why)
		}
	case *redial:
		l.onRedial(m)
	case *Cut:
		l.fail(c, fmt.Errorf("cut here: %s", m.Why))
	case *Goodbye:
		l.onGoodbye(c)
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

// onGoodbye is the last that the link does.
func (l *Link) onGoodbye(c actor.Context) {
	if l.leaving {
		return
	}
	l.leaving = true
	if !l.up {
		return
	}
	l.port.control(kindGoodbye, nil)
	l.port.leave()
	l.goDown(c, ErrGoodbye)
}
