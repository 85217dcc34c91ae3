// Package zab is Zab (Junqueira, Reed, Serafini, DSN'11; Zab 1.0 for the order of
// epochs and histories): what a leader and its learners do in one reign, from
// discovery through synchronization to broadcast, as two machines, Leader and
// Follower. An observer is a Follower without a vote.
//
//	FollowerInfo  learner -> leader  discovery         I am here, this is what I have
//	NewEpoch      leader -> learner                    promise an epoch that nobody has seen
//	AckEpoch      learner -> leader                    promised, on disk
//	Truncate      leader -> learner  synchronization   forget what my history lacks
//	Propose       leader -> learner                    records behind what we share
//	Transfer*     leader -> learner                    or my whole state, where my log begins too late
//	NewLeader     leader -> learner                    that is my history
//	AckNewLeader  learner -> leader                    I have it, and have entered the epoch, on disk
//	UpToDate      leader -> learner  broadcast         a quorum has: serve
//	Propose       leader -> learner                    the next records
//	Ack, Taken    learner -> leader                    they are on my disk
//	Commit        leader -> learner                    a quorum has them
//	Confirm(ed)   both ways                            do I still lead? (sync)
//	StepEpoch, AckStep  both ways                      the counter is nearly spent: promise the next epoch
//	Probe, Digest, Diverged                            are our trees the same?
//	Leave         both ways                            that is the end of it
//
// What a leader and a learner share is found by history: the last record of
// each epoch in both logs (FollowerInfo.Ends), not by comparing numbers. From
// there on a learner is fed by a cursor: from the records of late, which the
// leader keeps in memory up to a bound (window), or from its log, or by a
// transfer of its state. What is under way to a learner is bounded by what it has
// acknowledged, so a slow one falls back to the log and costs no memory.
//
// A request that is alone is proposed at once. What comes while a batch is under way
// goes together behind it, so a crowd shares messages and syncs, with no timer.
//
// A server is founded once it has been part of a reign with a quorum, and has that
// on disk with the ensemble's id: from then on it vouches for its log. Nothing is
// proposed before a quorum is founded, so that a first start that breaks off can be
// begun again.
//
// A server's entered epoch is the larger of the one on its disk and that of its
// last record: a record of an epoch is logged only by who has its leader's
// history up to there.
//
// Pure: no I/O, clock or goroutine. Time is in the events, as a monotonic
// duration since some fixed point; disks answer with events.
package zab
