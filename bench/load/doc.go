// Package load measures servers of the client protocol side by side: how many
// operations per second, how long each takes, what processor time the server
// spends on one, how much memory a znode costs, how long a start takes.
//
// It starts the servers itself, each in a process of its own (package process):
// troupe, Apache ZooKeeper, and the ceiling (package ceiling), which does the
// least that any server could. The load comes from this process, with
// bench/client. Runs are interleaved, A B B A, and a row's figure is the median
// of its runs, so that a machine that slows down for a while costs all alike.
//
// Nothing here judges a run: no timing fails a test. Judging is done by who reads
// the tables; the summary says which rows meet the project's aim.
//
//	Options -> Run -> Report -> WriteMarkdown, WriteJSON
//
// A run of a row: dataset -> scripts (one per session) -> crowd (sessions that
// keep their number of requests outstanding) -> Sample. Each session's requests,
// counters and histogram belong to the goroutine that reads its connection; in an
// open loop (pace.go) one goroutine for all sessions makes requests due, and what
// it shares with the readers has a lock.
package load
