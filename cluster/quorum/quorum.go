// Package quorum answers the arithmetic questions of an ensemble: which zxid has
// enough acks, which vote has enough votes. Pure.
package quorum

import (
	"slices"

	"troupe/wire"
)

// Quorum is a rule for which sets of servers decide.
type Quorum interface {
	// Committed is the highest zxid that a quorum has acked, each server's ack
	// covering all before it; 0 if there is none.
	Committed(acked map[wire.ServerID]wire.Zxid) wire.Zxid
	// Won tells whether these servers are a quorum.
	Won(votes map[wire.ServerID]bool) bool
}

// Barren tells whether of these servers nobody has, or can have had, anything:
// nobody has logged a record, and none has been part of a reign with a quorum;
// or they are all there are, so that there is nobody else to have anything. No
// request is proposed before a quorum is founded, so a first start that is broken
// off at any point can be begun again.
func Barren(all bool, servers ...wire.Credentials) bool {
	for _, s := range servers {
		if s.Last != 0 || s.Founded && !all {
			return false
		}
	}
	return true
}

// Majority is the rule of more than half of the voters.
type Majority struct{ Voters []wire.ServerID }

// Committed implements Quorum.
func (m Majority) Committed(acked map[wire.ServerID]wire.Zxid) wire.Zxid {
	var buf [8]wire.Zxid
	zxids := buf[:0]
	for _, v := range m.Voters {
		zxids = append(zxids, acked[v])
	}
	slices.Sort(zxids)
	return zxids[(len(zxids)-1)/2]
}

// Won implements Quorum.
func (m Majority) Won(votes map[wire.ServerID]bool) bool {
	n := 0
	for _, v := range m.Voters {
		if votes[v] {
			n++
		}
	}
	return n > len(m.Voters)/2
}
