package link

import (
	"errors"
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// rival is another process that says it is the server to which the link is up.
// Either the one known has died without a sign, or there are two with one id.
type rival struct {
	g     *greeting
	probe uint64        // the frame that the one known has to show it has received
	since time.Duration // when it was asked to, by the link's clock
}

// challenge has the one known show that it is alive.
func (l *Link) challenge(g *greeting) {
	if l.rival != nil {
		l.rival.g.verdict <- errors.New("another has come since")
	}
	l.rival = &rival{g, l.heartbeat(true), l.clock.now}
}

// judgeRival refuses the rival if the one known lives, or puts it in its place if
// that is silent for half a PeerTimeout, and before the rival's stream is tired of
// waiting. What comes late because of other traffic is a sign of life, too.
func (l *Link) judgeRival(c actor.Context) {
	l.listen()
	r := l.rival
	switch {
	case r == nil:
	case !l.up:
		l.rival = nil
		l.onGreeting(c, r.g)
	case l.echo >= r.probe:
		l.rival = nil
		l.refuse(r.g, fmt.Errorf("id %d is in use by another live server, at %s: is myid the same twice?", l.o.Peer, l.in.conn.RemoteAddr()))
	case l.clock.now-max(r.since, l.heard) >= min(l.o.PeerTimeout, unprovenTime)/2:
		l.rival = nil
		l.fail(c, errors.New("it has started anew, and its former process does not answer"))
		l.onGreeting(c, r.g)
	}
}
