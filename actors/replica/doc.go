// Package replica is the supervisor of one incarnation of the replicated state:
// the log, the checkpointer, the tree and the role (a leader, standalone).
//
//	replica          all for one: a fault in any child ends the incarnation
//	|- txlog
//	|- checkpoint
//	|- tree
//	'- leader
//
// An incarnation begins with recovery from disk, in a goroutine, and ends when
// a child fails: all are stopped, the files are closed, and the next incarnation
// is rebuilt from them, after a pause that grows. Too many of them in a row,
// damage whenever it is found, or files that cannot be opened, are fatal and told
// to the parent.
//
//	replica --Serving, Ended, Fatal--> server
package replica
