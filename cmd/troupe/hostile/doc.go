// Package hostile lets clients that mean harm loose on real servers, through the
// client port and the quorum port, and looks at four things: each of them gets a
// clear error or loses its own connection; a well-behaved client beside them
// loses nothing; the server's memory stays within a bound that stands in the
// table with the attack; and afterwards nothing is left of them, neither a
// descriptor nor a goroutine. It has tests only.
//
// An attacker (type attacker) is what it sends, on how many connections, how
// often anew, whether it reads, and what must become of it. It never waits for an
// answer, so that it sends the same bytes to whatever listens.
//
//	attacker --bytes--> troupe server <--sets and gets-- neighbour
//	attacker --bytes--> discarder, another process      (the baseline of latency)
//
// TROUPE_HOSTILE=long measures what the neighbour sees, too: its p99 while a
// server that discards all is under the same attack beside its own, and while its
// own server is, in turns; and the attacks are of full size.
package hostile
