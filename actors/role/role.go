// Package role is what the peer and the actor of its present role (a leader or a
// follower) tell each other, whichever role it is, and how a role speaks to other
// servers. A role lives for one reign and is then stopped.
//
//	peer --Received, Lost, Retire--> role --Serving, Over--> peer
package role

import (
	"github.com/asynkron/protoactor-go/actor"

	"troupe/actors/link"
	"troupe/cluster/zab"
	"troupe/wire"
)

// To a role.
type (
	// Received is another server's message.
	Received struct {
		From    wire.ServerID
		Message wire.PeerMessage
	}
	// Lost tells that another server cannot be reached any more.
	Lost struct{ Peer wire.ServerID }
	// Retire asks for the reign to be ended in order; answered by Over.
	Retire struct{}
)

// From a role.
type (
	// Serving tells that clients can be served, by this role.
	Serving struct {
		Role        *actor.PID
		Credentials wire.Credentials
	}
	// Over tells that the reign has ended. Nothing follows it.
	Over struct {
		Role      *actor.PID
		Why       string
		NeedState bool
		Halt      bool
		Tail      []*zab.Batch // in the log, not applied
		Applied   wire.Zxid
	}
	// Replaced tells that a state received from the leader is on disk, and that
	// everything is to be rebuilt from it.
	Replaced struct{ Zxid wire.Zxid }
)

// Links are the links to all other servers, by id.
type Links map[wire.ServerID]*actor.PID

// Mail sends messages over links.
type Mail struct {
	links  Links
	packer *wire.Packer
}

// NewMail makes a Mail, for one actor.
func NewMail(l Links) *Mail { return &Mail{l, wire.NewPacker()} }

// Send sends a message, which is lost if the link is down; then its sender is
// told that.
func (m *Mail) Send(c actor.Context, to wire.ServerID, msg wire.PeerMessage) {
	pid := m.links[to]
	if pid == nil {
		return
	}
	s := &link.Send{Head: m.packer.Peer(nil, msg)}
	if p, ok := msg.(*wire.Propose); ok {
		s.Body = p.Block
	}
	c.Send(pid, s)
}
