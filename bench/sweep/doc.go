// Package sweep measures throughput against ensemble size and against the share
// of reads, in the form of figure 5 and table 1 of the ZooKeeper paper (Hunt et
// al., USENIX ATC 2010).
//
//	Options -> Run -> Report -> WriteMarkdown, WriteJSON (and bench/chart)
//
// One ensemble size is there at a time, of every target, so that memory is needed
// for that size only and both systems meet the same moment: for each share of
// reads their runs are interleaved, A B B A. The measuring is package load's: a
// size is one load.Run whose workloads are mixes of get and set.
package sweep
