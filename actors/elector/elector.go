// Package elector is the actor around election.Elector. It lives as long as the
// incarnation: it votes while this server looks for a leader, and tells those
// who look what it knows while it does not.
//
//	link    --Up, Down, Heard--> elector --link.Send--> lane
//	peer    --Look, Has--> elector --Elected, Forsaken--> peer
package elector

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"troupe/actors/role"
	"troupe/cluster/election"
	"troupe/wire"
)

// Accepts.
type (
	// Up tells that a link is up. Sent by it.
	Up struct{ Peer wire.ServerID }
	// Down tells that a link is down. Sent by it.
	Down struct{ Peer wire.ServerID }
	// Heard brings a notification. Sent by a link.
	Heard struct {
		From wire.ServerID
		What *wire.Notification
	}
	// Look begins to look for a leader. Sent by the peer; answered by Elected.
	Look struct {
		Credentials wire.Credentials
		Barred      bool // from leading
	}
	// Has tells what this server has by now. Sent by the peer.
	Has struct{ Credentials wire.Credentials }
)

// Emits.
type (
	// Elected tells whom this server is to join, or that it is to lead.
	Elected struct{ Leader wire.ServerID }
	// Forsaken tells that the server that this one follows does not lead.
	Forsaken struct{ By wire.ServerID }
)

// To itself.
type (
	expired struct{ wait uint64 }
)

// Elector is the actor.
type Elector struct {
	core    *election.Elector
	mail    *role.Mail
	effects []election.Effect
}

// New makes the actor.
func New(self wire.ServerID, voters []wire.ServerID, lanes role.Lanes) *Elector {
	return &Elector{core: election.New(self, voters), mail: role.NewMail(lanes)}
}

// Receive implements actor.Actor.
func (e *Elector) Receive(c actor.Context) {
	switch m := c.Message().(type) {
	case *Up:
		e.step(c, election.Up{Peer: m.Peer})
	case *Down:
		e.step(c, election.Down{Peer: m.Peer})
	case *Heard:
		e.step(c, election.Heard{From: m.From, What: m.What})
	case *Look:
		e.step(c, election.Look{Credentials: m.Credentials, Barred: m.Barred})
	case *Has:
		e.step(c, election.Has{Credentials: m.Credentials})
	case *expired:
		e.step(c, election.Expired{Wait: m.wait})
	}
}

func (e *Elector) step(c actor.Context, ev election.Event) {
	e.effects = e.core.Step(ev, e.effects[:0])
	for _, f := range e.effects {
		switch f := f.(type) {
		case election.Send:
			e.mail.SendNow(c, f.To, f.What)
		case election.Elected:
			c.Send(c.Parent(), &Elected{f.Leader})
		case election.Forsaken:
			c.Send(c.Parent(), &Forsaken{f.By})
		case election.Wait:
			self, root := c.Self(), c.ActorSystem().Root
			time.AfterFunc(election.Patience, func() { root.Send(self, &expired{f.Number}) })
		}
	}
}
