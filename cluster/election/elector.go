package election

import (
	"time"

	"troupe/cluster/quorum"
	"troupe/wire"
)

// Patience is how long a vote that has a quorum waits for servers that can be
// reached and have not voted.
const Patience = 200 * time.Millisecond

// Event is something that happened to an elector.
type Event interface{ event() }

// Effect is something that the elector's shell is to do.
type Effect interface{ effect() }

type (
	// Up tells that another server can be reached.
	Up struct{ Peer wire.ServerID }
	// Down tells that it cannot be reached any more.
	Down struct{ Peer wire.ServerID }
	// Heard brings what another server tells.
	Heard struct {
		From wire.ServerID
		What *wire.Notification
	}
	// Look begins to look for a leader, with what this server has. One that is
	// Barred is not to lead.
	Look struct {
		Credentials wire.Credentials
		Barred      bool
	}
	// Has updates what this server has while it follows or leads.
	Has struct{ Credentials wire.Credentials }
	// Expired tells that a Wait is over.
	Expired struct{ Wait uint64 }
)

type (
	// Send is to be told to another server.
	Send struct {
		To   wire.ServerID
		What *wire.Notification
	}
	// Elected ends the look: this server leads if it is Leader, or else joins it.
	Elected struct{ Leader wire.ServerID }
	// Forsaken tells that the server which this one joins votes for another, or for
	// nobody: it is not going to lead. This one is to look again.
	Forsaken struct{ By wire.ServerID }
	// Wait asks for an Expired with its number after Patience.
	Wait struct{ Number uint64 }
)

func (Up) event()        {}
func (Down) event()      {}
func (Heard) event()     {}
func (Look) event()      {}
func (Has) event()       {}
func (Expired) event()   {}
func (Send) effect()     {}
func (Elected) effect()  {}
func (Forsaken) effect() {}
func (Wait) effect()     {}

// Elector is one server's part in elections.
type Elector struct {
	self   wire.ServerID
	voter  bool
	quorum quorum.Quorum
	voters int
	isVote func(wire.ServerID) bool
	mine   wire.Notification
	barred bool
	peers  map[wire.ServerID]*wire.Notification // of those that can be reached; nil until heard of
	order  []wire.ServerID                      // of peers, so that a run can be repeated
	waits  uint64                               // number of the last Wait
	asked  bool                                 // it is under way
	over   bool                                 // and has ended
}

// New makes the elector of a server, which does not look yet. The quorum is
// over voters.
func New(self wire.ServerID, voters []wire.ServerID) *Elector {
	isVoter := make(map[wire.ServerID]bool)
	for _, v := range voters {
		isVoter[v] = true
	}
	e := &Elector{self: self, voter: isVoter[self], quorum: quorum.Majority{Voters: voters}, voters: len(isVoter),
		isVote: func(id wire.ServerID) bool { return isVoter[id] }, peers: make(map[wire.ServerID]*wire.Notification)}
	e.mine = wire.Notification{Voter: e.voter, State: wire.Observing}
	return e
}

// State is what this server tells of itself.
func (e *Elector) State() wire.Notification { return e.mine }

// Step advances the machine by one event and appends to out what is to be done.
func (e *Elector) Step(ev Event, out []Effect) []Effect {
	before := e.mine
	switch ev := ev.(type) {
	case Up:
		if _, known := e.peers[ev.Peer]; !known {
			e.order = append(e.order, ev.Peer)
		}
		e.peers[ev.Peer] = nil
		what := e.mine
		out = append(out, Send{ev.Peer, &what})
	case Down:
		delete(e.peers, ev.Peer)
		e.order = without(e.order, ev.Peer)
	case Heard:
		if _, up := e.peers[ev.From]; up {
			e.peers[ev.From] = ev.What
			if e.mine.State != wire.Looking && e.mine.Leader == ev.From && ev.What.State == wire.Looking && ev.What.Leader != ev.From {
				out = append(out, Forsaken{ev.From})
			}
		}
	case Look:
		e.mine.Credentials = ev.Credentials
		e.mine.State, e.mine.Leader, e.barred = wire.Looking, 0, ev.Barred
		e.asked, e.over = false, false
	case Has:
		e.mine.Credentials = ev.Credentials
	case Expired:
		e.over = e.over || e.asked && ev.Wait == e.waits
	}
	e.mine.Electable = e.voter && !e.barred && e.reachesQuorum()
	elected := wire.ServerID(0)
	if e.mine.State == wire.Looking {
		elected, out = e.look(out)
	}
	if e.mine != before {
		for _, id := range e.order {
			what := e.mine
			out = append(out, Send{id, &what})
		}
	}
	if elected != 0 {
		out = append(out, Elected{elected})
	}
	return out
}

func without(ids []wire.ServerID, id wire.ServerID) []wire.ServerID {
	kept := ids[:0]
	for _, x := range ids {
		if x != id {
			kept = append(kept, x)
		}
	}
	return kept
}

// look votes, and tells whom this server has found, if the look is over.
func (e *Elector) look(out []Effect) (wire.ServerID, []Effect) {
	if l := e.leading(); l != 0 {
		e.settle(l)
		return l, out
	}
	if !e.voter {
		return 0, out
	}
	e.mine.Leader = e.best()
	if e.mine.Leader == 0 || !e.agreed() {
		e.asked, e.over = false, false
		return 0, out
	}
	if !e.unanimous() && !e.over {
		if !e.asked {
			e.asked = true
			e.waits++
			out = append(out, Wait{e.waits})
		}
		return 0, out
	}
	l := e.mine.Leader
	e.settle(l)
	return l, out
}

// settle leaves the look.
func (e *Elector) settle(leader wire.ServerID) {
	e.mine.Leader = leader
	e.mine.State = wire.Following
	switch {
	case leader == e.self:
		e.mine.State = wire.Leading
	case !e.voter:
		e.mine.State = wire.Observing
	}
}

// leading is a server that says it leads, the one with the highest epoch.
func (e *Elector) leading() (best wire.ServerID) {
	for _, id := range e.order {
		n := e.peers[id]
		if n != nil && e.isVote(id) && n.State == wire.Leading && (best == 0 || better(n.Credentials, id, e.peers[best].Credentials, best)) {
			best = id
		}
	}
	return best
}

func (e *Elector) reachesQuorum() bool {
	reached := map[wire.ServerID]bool{e.self: true}
	for id := range e.peers {
		reached[id] = true
	}
	return e.quorum.Won(reached)
}

// best is whom to vote for.
func (e *Elector) best() (best wire.ServerID) {
	var has wire.Credentials
	if e.mine.Electable {
		best, has = e.self, e.mine.Credentials
	}
	for _, id := range e.order {
		n := e.peers[id]
		if n == nil || !e.isVote(id) || !n.Electable || n.State != wire.Looking && !e.isAhead(n) {
			continue
		}
		if best == 0 || better(n.Credentials, id, has, best) {
			best, has = id, n.Credentials
		}
	}
	return best
}

// isAhead tells whether a server still follows this one, whose reign is over, and
// has more: it will look, too, and is not to be led again.
func (e *Elector) isAhead(n *wire.Notification) bool {
	return n.State == wire.Following && n.Leader == e.self && better(n.Credentials, 0, e.mine.Credentials, 0)
}

// better compares by what is vouched for, the epoch entered, the last zxid, the id.
func better(a wire.Credentials, aID wire.ServerID, b wire.Credentials, bID wire.ServerID) bool {
	switch {
	case a.Blank != b.Blank:
		return b.Blank
	case a.Current != b.Current:
		return a.Current > b.Current
	case a.Last != b.Last:
		return a.Last > b.Last
	}
	return aID > bID
}

// votesAlike tells whether a server has given its vote to this one's candidate.
func (e *Elector) votesAlike(id wire.ServerID) bool {
	n := e.peers[id]
	return n != nil && n.Leader == e.mine.Leader && (n.State == wire.Looking || n.State == wire.Following)
}

// agreed tells whether a quorum, the candidate among it, votes alike. Blank ones
// count only where nobody has anything.
func (e *Elector) agreed() bool {
	vouching, all := make(map[wire.ServerID]bool), make(map[wire.ServerID]bool)
	note := func(id wire.ServerID, c wire.Credentials) {
		all[id] = true
		if !c.Blank {
			vouching[id] = true
		}
	}
	note(e.self, e.mine.Credentials)
	known := []wire.Credentials{e.mine.Credentials}
	for _, id := range e.order {
		n := e.peers[id]
		if n == nil || !e.isVote(id) {
			continue
		}
		known = append(known, n.Credentials)
		if e.votesAlike(id) {
			note(id, n.Credentials)
		}
	}
	if e.mine.Leader != e.self && !e.votesAlike(e.mine.Leader) {
		return false
	}
	if quorum.Barren(len(known) == e.voters, known...) {
		return e.quorum.Won(all)
	}
	return e.quorum.Won(vouching)
}

// unanimous tells whether everybody who can be reached has voted alike.
func (e *Elector) unanimous() bool {
	for _, id := range e.order {
		if e.isVote(id) && !e.votesAlike(id) {
			return false
		}
	}
	return true
}
