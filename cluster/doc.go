// Package cluster is the home of what an ensemble agrees on, as plain step
// machines: an event goes in, effects come out, and nothing here does I/O, reads
// a clock, starts a goroutine or knows an actor. Actors are thin shells around
// these machines, and a simulator can run the same code.
//
//   - quorum: is this zxid committed, is this vote won
//   - zab: the leader's broadcast (a standalone server is an ensemble of one)
//   - expiry: when sessions that nobody has heard of are over
//
// This package itself holds no code.
package cluster
