// Package tree is the actor that owns a server's replica: the znodes and the
// replicated session table (package znode), the watches (package watch), and
// which connection each session is attached to.
//
//	leader  --Commit, Attach, SyncPoint, Sweep--> tree --Reapable--> leader
//	session --Connect, Requests, SetAuth, Detach--> tree
//	tree    --Verified, Welcome, Deliver, Ended--> session
//	tree    --Save--> checkpoint --Saved--> tree
//
// All ordering that clients can see is made here. Records are applied in zxid
// order. A connection's requests are answered in the order it sent them: those
// that the leader orders (writes, syncs) come back as records and sync points,
// each read says how many of them it follows, and is done right after the last
// of these, before the next record. A session sends a read here before it sends
// any later write to the leader, so no read can miss its place. Watch events
// stand in a connection's deliveries before any reply that shows the change.
//
// core.go, apply.go and read.go are plain code, without actors or I/O; tree.go
// is the shell. Nothing here touches a socket or a disk.
package tree
