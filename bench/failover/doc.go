// Package failover measures for how long an ensemble takes no write when one of its servers is killed,
// stopped, paused, cut off or restarted under load.
//
// Every target is an ensemble of real processes on this machine (package mesh). For each round the
// same sessions are spread over all its servers; each writes, waits for the reply and writes again.
// A session whose connection ends goes to another server at once. Then the fault happens, and when
// writes have gone on for long enough, what was hurt is repaired, and the next round begins. Targets take
// turns.
//
//	crowd (times of all writes) + fault -> Sample -> Series (median, worst) -> Report -> Markdown, JSON
//
// The figure is the longest time between two successful writes, whichever sessions they were of, from
// the fault on. It says nothing of a single session, whose server may be the one that is gone.
package failover
