// Package actors is everything that runs, and the one place where it is wired.
//
//	server                root; ends the process when the replica cannot be rebuilt
//	|- replica            all for one: a fault in any child ends this incarnation, which is rebuilt from disk
//	|  |- txlog           owns the LevelDB log; group commit
//	|  |- checkpoint      writes the tree's snapshots to the state
//	|  |- tree            owns znodes, watches, the session table
//	|  '- peer            looking, then one reign, then looking again
//	|     |- elector      always alive: votes, and answers those who look
//	|     |- leader       one reign: orders writes; session expiry, sweep
//	|     |- follower     or one reign of another server; an observer is a follower without a vote
//	|     '- link x k     one per other server, over Proto.Actor's remote
//	'- gateway            one for one: a bad client ends only its own connection
//	   '- session x c     one per client connection
//
// Nothing is restarted in place or resumed (package supervise). A panic in a
// session ends that connection. A panic in txlog, checkpoint, tree, peer,
// elector, leader, follower or link ends the incarnation: all its actors stop,
// the files are closed, everything is rebuilt from them, and clients reconnect to
// the same sessions. A panic in the gateway, the replica or the server itself, or
// too many incarnations in a row, ends the process with the reason. A server alone
// is an ensemble of one: the same actors, without links.
//
// One write, from a client of a follower:
//
//	session -> follower ~> leader: zxid
//	leader -> txlog (one synced write for all that waits) -> leader
//	leader ~> follower -> txlog -> follower ~> leader: ack
//	leader: a quorum has it -> tree, and ~> follower: commit
//	follower -> tree (apply, events, reply) -> session -> socket
//
// ~> is a lane of a link: a message goes from one role to the other past the link's
// actor, which only opens and shuts the way (package link).
//
// A read: session -> tree -> session. Mailboxes are bounded by the credits that a
// session's reader must have before it hands requests on, and by the window that
// a leader has for each learner.
//
// When a reign ends, clients stay: their sessions ask the tree what has come back
// (Settle), and hold what comes until the next reign (Resume). One with a write
// under way is closed, since nobody knows what becomes of it.
//
// Each actor's package has its messages in one place, declared by the receiver
// for commands and by the emitter for events, so imports run along the write
// path: gateway -> session -> leader -> {txlog, tree} -> persistence, wire.
package actors
