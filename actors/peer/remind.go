package peer

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// A server that serves nobody says why, after a while and then now and again.
const (
	firstReminder = 5 * time.Second
	laterReminder = 30 * time.Second
)

func (p *Peer) remindLater(c actor.Context, d time.Duration) {
	self, root, since := c.Self(), c.ActorSystem().Root, p.since
	time.AfterFunc(d, func() { root.Send(self, &remind{since}) })
}

// onRemind tells an operator what is missing.
func (p *Peer) onRemind(c actor.Context, m *remind) {
	if p.serving || p.halted || p.retired || m.since != p.since {
		return
	}
	p.remindLater(c, laterReminder)
	var unreachable, empty []uint8
	reached, vouching := 0, 0
	for _, id := range p.o.Voters {
		n, blank := p.told[id], p.position.Blank
		if id != p.o.Self && n != nil {
			blank = n.Blank
		}
		switch {
		case id != p.o.Self && n == nil:
			unreachable = append(unreachable, uint8(id))
			continue
		case blank:
			empty = append(empty, uint8(id))
		default:
			vouching++
		}
		reached++
	}
	needed := len(p.o.Voters)/2 + 1
	e := p.o.Logger.Warn().Dur("for_ms", time.Since(p.since)).Uints8("unreachable", unreachable).Uints8("empty", empty).Int("needed", needed)
	switch {
	case reached < needed:
		e.Msg("no clients are served: too few of the voters can be reached; start the others, or look why they cannot be reached")
	case vouching > 0 && vouching < needed:
		e.Msg("no clients are served: of the voters that can be reached, too few have their data; the empty ones may have forgotten " +
			"what they acknowledged: start the others, or, if their data is gone for good, set trustEmptyServers=true on the empty ones for one start")
	case p.leader != 0:
		e.Uint8("leader", uint8(p.leader)).Msg("no clients are served: the leader has not brought this server up to date yet")
	default:
		e.Msg("no clients are served: no leader has been elected yet")
	}
}
