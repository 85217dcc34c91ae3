package session

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"troupe/actors/tree"
)

// hold is where a connection stands while there is no leader. The client stays,
// and what it sends waits, but not for long: another server may have a leader. If it had sent a write that has had no answer, it is
// closed, since nobody knows what becomes of that; nothing is ever sent again but
// syncs, which change nothing.
type hold struct {
	on      bool
	number  int
	settled bool // the tree has told what has come back
	next    *Resume
	timer   *time.Timer
}

func (s *Session) onHold(c actor.Context) {
	switch s.state {
	case awaitingHello:
		s.o.Role = nil
		return
	case verifying, admitting:
		s.stop(c, "the server has lost its leader")
		return
	case closing:
		return
	}
	s.o.Role = nil
	s.hold.number++
	s.hold.on, s.hold.settled, s.hold.next = true, false, nil
	n, self, root := s.hold.number, c.Self(), c.ActorSystem().Root
	s.hold.timer = time.AfterFunc(min(s.timeout, s.o.MaxHold), func() { root.Send(self, &waited{n}) })
	c.Send(s.o.Tree, &tree.Settle{Conn: s.o.ID, Actor: c.Self()})
}

// onSettled looks whether anything but syncs is left without an answer.
func (s *Session) onSettled(c actor.Context, m *tree.Settled) {
	if !s.hold.on {
		return
	}
	if s.forwarded-m.Done > uint64(len(s.syncs)) {
		s.stop(c, "the leader was lost with a write under way; its outcome is unknown")
		return
	}
	s.hold.settled = true
	s.resume(c)
}

func (s *Session) onResume(c actor.Context, m *Resume) {
	if !s.hold.on {
		if s.state == awaitingHello {
			s.o.Tree, s.o.Role = m.Tree, m.Role
		}
		return
	}
	s.hold.next = m
	s.resume(c)
}

func (s *Session) resume(c actor.Context) {
	if !s.hold.settled || s.hold.next == nil || s.state != serving {
		return
	}
	s.hold.timer.Stop()
	s.o.Role, s.hold.on = s.hold.next.Role, false
	for _, y := range s.syncs {
		c.Send(s.o.Role, y)
	}
	s.release(c)
}

func (s *Session) onWaited(c actor.Context, m *waited) {
	if s.hold.on && m.hold == s.hold.number {
		s.stop(c, "no leader was found in time")
	}
}
