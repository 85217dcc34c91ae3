// Package scenario measures what no steady load shows: how fast the last of a
// thousand watchers is told, what ten thousand sessions cost, how long writes
// take while checkpoints run. It starts the servers itself, troupe and Apache
// ZooKeeper, in processes of their own (package process), and takes them in
// turns, A B B A, each time afresh.
//
// A scenario is a function that is given servers which have just started and
// returns figures; all scenarios stand together in scenario.go. Nothing here
// judges a run: no timing fails a test. The table says which figures meet the
// project's aim (aim.go).
//
//	Options -> Run -> scenario(World) -> Report -> WriteMarkdown, WriteJSON
package scenario
