// Package crash kills a real server with SIGKILL, over and over, at random
// moments under load, starts it again on the same data, and accounts for every
// write and session after each kill. It has tests only.
//
// Sessions load the server with pipelined creates, sets, deletes, multis and
// reads; each writes in a part of the tree of its own, so that its requests in
// their order say exactly what every reply must be, and what its part must look
// like. That is worked out by a small model (type state) that shares nothing
// with the server but the vocabulary of wire.
//
// After a kill a session's requests are some that were acknowledged, then some
// of which nobody knows. The tree that is read after the restart must be what
// the model makes of all acknowledged requests and of a first few of the
// unknown ones, in order: nothing lost, nothing half done, nothing twice,
// nothing from nowhere, versions and zxids as acknowledged. What all sessions
// write together (sequential nodes below one parent, sets of one node) is
// accounted for by the data each write carries. Sessions that were not closed
// must be resumable, with their ephemerals.
//
//	worker -> history (requests, outcomes) \
//	                                         judge -> complaints, next base
//	restart -> observation (the whole tree) /
//
// The judge is judged too: made-up rounds whose truth is known must pass, and
// each of some forty ways to falsify them must be found; and a log that is cut
// behind the server's back must be noticed.
//
// TROUPE_CRASH_KILLS sets the number of kills. TROUPE_CRASH_TARGET=apache does
// the same to Apache ZooKeeper, and the judge has nothing to complain about
// there either; but a kill may find that server with a log file just made and
// still empty, from which 3.8.0 does not start again.
package crash
