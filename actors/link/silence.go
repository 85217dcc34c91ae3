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

// onTick sends a heartbeat, and judges silence in this direction.
func (l *Link) onTick(c actor.Context) {
	l.listen()
	l.clock.advance(time.Now())
	l.tickLater(c)
	now, limit := l.clock.now, l.o.PeerTimeout
	switch {
	case l.up && now-l.heard > limit:
		l.fail(c, fmt.Errorf("nothing heard for %v", limit))
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

// listen notes whether anything has come since it was called last.
func (l *Link) listen() {
	if !l.up {
		return
	}
	if n := l.in.received.Load(); n != l.noted {
		l.noted, l.heard = n, l.clock.now
	}
}

// heartbeat tells the number of the frame that it is.
func (l *Link) heartbeat(answer bool) uint64 {
	h := beat{l.in.received.Load(), uint64(l.clock.now.Milliseconds()), answer}
	return l.port.control(kindHeartbeat, h.append(nil))
}

func (l *Link) onPulse(c actor.Context, m *pulse) {
	if !l.up || m.in != l.in {
		return
	}
	if err := l.onHeartbeat(m.payload); err != nil {
		l.fail(c, err)
	}
}

// onHeartbeat judges silence in the other direction, by what the other server
// had heard when it sent this, and by its clock: on the way here a heartbeat may
// have waited behind many messages.
func (l *Link) onHeartbeat(payload []byte) error {
	h, err := readBeat(payload)
	switch {
	case err != nil:
		return err
	case h.received > l.port.sent():
		return errBadFrame
	case h.received > l.echo || l.echoAt == 0:
		l.echo, l.echoAt = h.received, max(h.at, 1)
	case h.at > l.echoAt && h.at-l.echoAt > uint64(l.o.PeerTimeout.Milliseconds()):
		return fmt.Errorf("it has heard nothing for %d ms", h.at-l.echoAt)
	}
	if h.answer {
		l.heartbeat(false)
	}
	return nil
}
