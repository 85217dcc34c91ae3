// Package actors is everything that runs, and the one place where it is wired.
//
//	server                root; ends the process when the replica cannot be rebuilt
//	|- replica            all for one: a fault in any child ends this incarnation, which is rebuilt from disk
//	|  |- txlog           owns the LevelDB log; group commit
//	|  |- checkpoint      writes the tree's snapshots to the state
//	|  |- tree            owns znodes, watches, the session table
//	|  '- leader          orders writes; session expiry, sweep
//	'- gateway            one for one: a bad client ends only its own connection
//	   '- session x c     one per client connection
//
// Nothing is restarted in place or resumed (package supervise). A panic in a
// session ends that connection. A panic in txlog, checkpoint, tree or leader
// ends the incarnation: all its actors stop, the files are closed, everything is
// rebuilt from them, and clients reconnect to the same sessions. A panic in the
// gateway, or too many incarnations in a row, ends the process with the reason.
//
// One write: session -> leader (zxid) -> txlog (one synced write for all that
// waits) -> leader (quorum of 1) -> tree (apply, events, reply) -> session ->
// socket. A read: session -> tree -> session. Mailboxes are bounded by the
// credits a session's reader must have before it hands requests on.
//
// Each actor's package has its messages in one place, declared by the receiver
// for commands and by the emitter for events, so imports run along the write
// path: gateway -> session -> leader -> {txlog, tree} -> persistence, wire.
package actors
