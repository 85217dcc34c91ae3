// Package chart draws what sweeps have found, as SVG and PNG, in the form of the
// ZooKeeper paper: throughput against the share of reads with a line per ensemble
// size, throughput against ensemble size, latency percentiles, and, which the
// paper does not have, the servers' processor time per operation.
//
//	sweep.Report -> OfSweep -> Charts -> Save
//
// It is apart from the program that measures, and has a command of its own
// (bench/cmd/charts): the drawing library would make the server's binary a quarter
// larger.
package chart
