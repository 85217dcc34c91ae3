// Package client is Troupe's own ZooKeeper client: small, explicit, and able to
// say everything the protocol can. The shell, the benchmarks and the failure
// tests are built on it.
//
// A Conn is one TCP connection with the session it carries. Calls are pipelined;
// each ends in a reply, or in ErrConnectionLost, which means that nobody knows
// whether it was carried out. Nothing is ever sent twice. A Session keeps one
// session alive over many Conns: it reconnects, authenticates again and re-arms
// the watches that were set through it.
//
//	Go, Do -> encoded into one buffer -> socket       (the caller writes itself, or the flusher)
//	socket -> reader -> callbacks, OnEvent            (one goroutine, in the order of arrival)
//
// Three goroutines per Conn, whatever the number of calls: reader, flusher and
// pinger. Callbacks run on the reader: they may start calls with Go, but must
// not wait for one.
//
// No retries, no recipes, no logging: callers decide what a failure means.
package client
