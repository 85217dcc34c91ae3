// Package zab is Zab's broadcast phase on the leader: requests get their zxids,
// are proposed to every server's log at once, and are committed in zxid order
// when a quorum has them durably (Junqueira, Reed, Serafini, DSN'11, §IV).
//
// A machine is stepped with events and gives effects, in order:
//
//	Submit  -> Append             requests become records of the log
//	Acked   -> Commit, SyncPoint  a server has everything up to a zxid on disk
//	Sync    -> SyncPoint          where a sync may be answered
//
// No I/O, no clock, no goroutine: time is in the events.
package zab
