package link

import (
	"errors"
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"troupe/wire"
)

const (
	retryRefused = time.Second // until a server that is refused, or refuses, is tried again
	backoffAfter = time.Second // a link that has lasted so long was worth having
	backoffFirst = 5 * time.Millisecond
	backoffMost  = 500 * time.Millisecond
)

// dial opens a stream to the other server. Its first Hello may wait for long, so
// there will be another when it stands.
func (l *Link) dial() {
	h := l.hello()
	l.port.dial(packHello(&h))
}

// sayHello tells the other server what this one is, and the numbers of both
// directions as known here.
func (l *Link) sayHello() {
	h := l.hello()
	l.takes, l.echoed = h.MaxMessage, h.Echo
	l.port.frame(packHello(&h))
}

func packHello(h *wire.Hello) []byte {
	return wire.NewPacker().Hello([]byte{kindHello}, h)
}

// hello is the owner's, with the link's own fields.
func (l *Link) hello() wire.Hello {
	h := l.o.Hello()
	h.Server = l.o.Network.o.Self
	h.ID, h.Echo = l.id, l.theirs.ID
	if h.Link == (wire.Versions{}) {
		h.Link = wire.Versions{Low: linkLow, High: linkHigh}
	}
	if h.MaxMessage == 0 {
		h.MaxMessage = DefaultMaxMessage
	}
	return h
}

func (l *Link) onConnected() {
	l.connected, l.echoed, l.since = true, 0, l.clock.now
	if !l.leaving {
		l.sayHello()
	}
}

// onGreeting takes a Hello, or refuses it.
func (l *Link) onGreeting(c actor.Context, g *greeting) {
	if l.leaving {
		return // the other side waits for whoever comes in this one's place
	}
	another := l.up && (g.in != l.in || g.hello.ID != l.theirs.ID)
	switch {
	case another && g.hello.Incarnation != l.theirs.Incarnation:
		l.challenge(g)
		return
	case another:
		l.fail(c, errors.New("it shakes hands anew"))
	case l.up:
		g.verdict <- nil
		return
	}
	if err := l.judge(&g.hello); err != nil {
		l.refuse(g, err)
		return
	}
	l.accept(c, g)
}

func (l *Link) refuse(g *greeting, err error) {
	if l.quiet.news(err.Error()) {
		l.log.Warn().Stringer("from", g.in.conn).Err(err).Msg("server refused; it is tried again")
	}
	g.verdict <- err
}

// judge says why a server cannot be talked to.
func (l *Link) judge(h *wire.Hello) error {
	mine := l.hello()
	for _, v := range []struct {
		what         string
		here, theirs wire.Versions
	}{{"links", mine.Link, h.Link}, {"records", mine.Record, h.Record}, {"evaluation", mine.Eval, h.Eval}} {
		if _, ok := v.here.Common(v.theirs); !ok {
			return fmt.Errorf("server %d and server %d have no version of %s in common: %s and %s",
				mine.Server, h.Server, v.what, v.here, v.theirs)
		}
	}
	voters, differences := Compare(mine.Members, h.Members)
	if voters > 1 {
		return fmt.Errorf("server %d and server %d have lists of servers that differ too much: voters %s and %s (%s)",
			mine.Server, h.Server, voterIDs(mine.Members), voterIDs(h.Members), differences)
	}
	if differences != "" && l.odd.news(differences) {
		l.log.Warn().Str("differences", differences).Msg("its list of servers is not this one's; quorums still meet")
	}
	if l.o.Check == nil {
		return nil
	}
	return l.o.Check(*h)
}

// accept makes the stream that brought a Hello the link's.
func (l *Link) accept(c actor.Context, g *greeting) {
	if l.in != nil && l.in != g.in {
		l.in.close()
	}
	l.in, l.theirs = g.in, g.hello
	defer func() { g.verdict <- nil }() // what comes behind it finds the link up
	l.port.hurry()
	if l.connected && l.echoed != l.theirs.ID {
		l.sayHello()
	}
	if l.connected && l.theirs.Echo == l.id {
		l.goUp(c)
	}
}

func (l *Link) goUp(c actor.Context) {
	l.up = true
	l.noted, l.echo, l.echoAt = 0, 0, 0
	l.heard, l.since = l.clock.now, l.clock.now
	l.in.begin(l.theirs.ID, l.takes, l.o.Deliver)
	l.port.begin(l.id, l.theirs.MaxMessage)
	l.quiet.forget()
	l.o.Network.counters.Up.Add(1)
	l.log.Info().Str("address", l.o.Network.address(l.o.Peer)).Msg("link up")
	l.o.Up(c, l.theirs)
}

// goDown ends what Up began.
func (l *Link) goDown(c actor.Context, why error) {
	l.up = false
	l.port.end()
	l.in.shut()
	l.o.Network.counters.Up.Add(-1)
	l.o.Network.counters.Broken.Add(1)
	l.log.Info().Str("address", l.o.Network.address(l.o.Peer)).AnErr("why", why).Msg("link down")
	l.slower()
	l.o.Down(c, why)
}

// slower makes the next attempt wait if this one has not lasted.
func (l *Link) slower() {
	if l.clock.now-l.since > min(l.o.PeerTimeout, backoffAfter) {
		l.backoff = 0
		return
	}
	l.backoff = min(max(backoffFirst, 2*l.backoff), backoffMost)
}

// fail cuts both streams. When that is done there will be another attempt.
func (l *Link) fail(c actor.Context, why error) {
	if l.up {
		l.goDown(c, why)
	}
	if l.in != nil {
		l.in.close()
	}
	l.in, l.theirs, l.id, l.connected = nil, wire.Hello{}, draw(), false
	l.port.cut()
}

// onDisconnected tries again, after a while if there is reason to wait.
func (l *Link) onDisconnected(c actor.Context, why error) {
	var refusal *Refusal
	refused := errors.As(why, &refusal)
	if l.up {
		l.fail(c, fmt.Errorf("the stream to it has ended: %w", why))
	} else if !refused && l.connected {
		l.slower()
	}
	l.connected, l.echoed, l.id = false, 0, draw()
	if l.leaving {
		return
	}
	wait := l.backoff
	if refused {
		wait = retryRefused
		if l.quiet.news(why.Error()) {
			l.log.Warn().Str("address", l.o.Network.address(l.o.Peer)).Err(why).Msg("server refuses this one; it is tried again")
		}
	}
	l.redials++
	if wait == 0 {
		l.dial()
		return
	}
	again, self, root := &redial{l.redials}, c.Self(), c.ActorSystem().Root
	time.AfterFunc(wait, func() { root.Send(self, again) })
}

func (l *Link) onRedial(m *redial) {
	if m.number == l.redials && !l.leaving {
		l.dial()
	}
}

// onClosed is the end of a stream from the other server.
func (l *Link) onClosed(c actor.Context, m *closed) {
	switch {
	case m.in != l.in:
	case l.up:
		l.fail(c, fmt.Errorf("the stream from it has ended: %w", m.why))
	default:
		l.in, l.theirs = nil, wire.Hello{}
	}
	if l.rival != nil && l.rival.g.in == m.in {
		l.rival = nil
	}
}
