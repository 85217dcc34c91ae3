package link

import (
	"errors"
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// beats are the heartbeats in a PeerTimeout, if that is not long.
const (
	beats    = 8
	maxPause = time.Second
)

// clock counts the time that this server was awake to hear something. A tick
// that comes late by more than a tick says that it was not, and counts as one.
type clock struct {
	tick time.Duration
	last time.Time
	now  time.Duration
}

func (k *clock) start(tick time.Duration) { k.tick, k.last = tick, time.Now() }

func (k *clock) advance(t time.Time) {
	d := t.Sub(k.last)
	if d > 2*k.tick {
		d = k.tick
	}
	k.now += d
	k.last = t
}

func (l *Link) tickLater(c actor.Context) {
	self, root := c.Self(), c.ActorSystem().Root
	time.AfterFunc(l.clock.tick, func() { root.Send(self, &tick{}) })
}

// onTick sends a heartbeat, and judges silence: in this direction by what was
// heard last, in the other by what the peer says it has heard.
func (l *Link) onTick(c actor.Context) {
	l.clock.advance(time.Now())
	l.tickLater(c)
	now, limit := l.clock.now, l.o.PeerTimeout
	switch {
	case l.up && now-l.heard > limit:
		l.fail(c, fmt.Errorf("nothing heard for %v", limit))
	case l.up && now-l.echoAt > limit:
		l.fail(c, fmt.Errorf("it has heard nothing for %v", limit))
	case l.up:
		l.heartbeat(false)
	case l.connected && !l.leaving && now-l.since > max(2*limit, time.Second):
		why := errors.New("its streams do not come, or it is not ready")
		if l.quiet.news(why.Error()) {
			l.log.Info().Str("address", l.o.Network.address(l.o.Peer)).AnErr("why", why).Msg("server is reached, and shakes no hands")
		}
		l.fail(c, why)
	}
}

func (l *Link) heartbeat(answer bool) {
	l.sendWaiting()
	l.port.frame(heartbeatPayload(l.next(kindHeartbeat, 11), l.received, answer))
}

func (l *Link) onHeartbeat(payload []byte) error {
	received, answer, err := readHeartbeat(payload)
	if err != nil || received > l.sent {
		return errBadFrame
	}
	if received > l.echo {
		l.echo, l.echoAt = received, l.clock.now
	}
	if answer {
		l.heartbeat(false)
	}
	return nil
}
