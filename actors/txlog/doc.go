// Package txlog is the actor before the transaction log's disk. Whatever has
// been appended while one synced write was under way goes into the next, so a
// lone writer pays one sync and a crowd shares one; there is no timer. The actor
// itself waits for the disk, and its mailbox gathers the next write meanwhile:
// nobody waits for an answer of it but for what is written.
//
//	leader --Append--> txlog --Durable--> leader
//	checkpointer --Trim--> txlog
//
// A failed write is the end of this incarnation: nothing more is written, the
// actor panics, and its parent rebuilds everything from what is on disk. A failed
// read is told to whoever asked: old entries that have gone bad are no reason to
// serve nobody, since the state does for learners, too.
// What is on disk, and how, is package persistence's.
package txlog
