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

// To itself.
type (
	// Post sends what a Mail holds.
	Post struct{}
)

// Lanes are the ways to all other servers, by id: what takes a link.Send.
type Lanes map[wire.ServerID]*actor.PID

// Mail is what one actor sends over links.
type Mail struct {
	lanes   Lanes
	packer  *wire.Packer
	waiting map[wire.ServerID]*link.Send
	posting bool // a Post is under way
}

// NewMail makes a Mail.
func NewMail(l Lanes) *Mail {
	return &Mail{lanes: l, packer: wire.NewPacker(), waiting: make(map[wire.ServerID]*link.Send)}
}

// Send sends a message, which is lost if the link is down; then its sender is
// told that. It waits for the Post that the actor gets behind all that has come to
// it by now, so that what these have to say goes out together.
func (m *Mail) Send(c actor.Context, to wire.ServerID, msg wire.PeerMessage) {
	if m.lanes[to] == nil {
		return
	}
	s := m.waiting[to]
	if s == nil {
		s = &link.Send{}
		m.waiting[to] = s
	}
	s.Messages = append(s.Messages, m.pack(msg))
	if !m.posting {
		m.posting = true
		c.Send(c.Self(), Post{})
	}
}

// Post sends what waits.
func (m *Mail) Post(c actor.Context) {
	m.posting = false
	for to, s := range m.waiting {
		c.Send(m.lanes[to], s)
	}
	clear(m.waiting)
}

// SendNow sends a message at once.
func (m *Mail) SendNow(c actor.SenderContext, to wire.ServerID, msg wire.PeerMessage) {
	if pid := m.lanes[to]; pid != nil {
		c.Send(pid, &link.Send{Messages: []link.Message{m.pack(msg)}})
	}
}

func (m *Mail) pack(msg wire.PeerMessage) link.Message {
	packed := link.Message{Head: m.packer.Peer(nil, msg)}
	if p, ok := msg.(*wire.Propose); ok {
		packed.Body = p.Block
	}
	return packed
}
