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
