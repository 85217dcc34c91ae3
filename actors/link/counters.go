package link

import "sync/atomic"

// Counters count what happens at a server's end of its links.
type Counters struct {
	Up           atomic.Int64 // links that are up now
	Broken       atomic.Int64 // links that were up and went down
	Refused      atomic.Int64 // streams that this server has ended for what they brought
	BadFrames    atomic.Int64 // of these, for being malformed or out of place
	Strangers    atomic.Int64 // connections turned away: address, proof, or too many of them
	Silent       atomic.Int64 // connections that showed no valid Hello in time
	DialFailures atomic.Int64 // attempts to connect that failed
	Stale        atomic.Int64 // frames of streams that are over, dropped
}
