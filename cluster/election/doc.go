// Package election is fast leader election, in the form that direct links
// between all servers allow. Every server tells every other, whenever it
// changes, what it does (looking, following, leading), what it has (the epoch it
// last entered, its last logged zxid, whether it can vouch for what it once
// acknowledged) and whom it votes for. A looking server votes for the best that
// it can reach and that itself reaches a quorum: the highest epoch, then zxid,
// then id. The vote is over when a quorum, the candidate among it, votes alike,
// and everybody who can be reached has voted: no wait has a place there. Only if
// somebody reachable has not voted, the rest waits for a moment (Patience).
// A server that finds a leader joins it.
//
// What it decides is a proposal: that there is one leader at a time, and that it
// has all that was committed, is settled by the epochs of package zab.
//
// A blank server, one that may have forgotten what it acknowledged, votes as
// everybody else, but its vote makes no quorum, unless nobody who can be reached
// has logged anything: the first start.
//
//	Up, Down, Heard, Look, Expired -> Elector -> Send, Elected, Wait
//
// Pure: no I/O, clock or goroutine.
package election
