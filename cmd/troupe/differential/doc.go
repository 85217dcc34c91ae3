// Package differential plays the same requests, byte by byte, against Apache
// ZooKeeper and against troupe, and compares what comes back: every reply,
// every watch event, their order, and who closes a connection when.
//
// A script (testdata/*.txt) is a conversation: lines that are sent, and below
// each, marked "<", what Apache answered when the script was recorded. So the
// plain test needs no Java; with -record the answers are taken anew, and with
// TROUPE_REQUIRE_STOCK=1 they are first checked against the Apache that is
// installed. Beside the scripts there are seeded random sequences, which need
// Apache at hand since nobody has recorded them.
//
// All of it is done with a server of its own and with an ensemble of three,
// through a follower; answers of Apache's ensemble that are not those of a
// single server are marked "<<". Scripts that are for one of the two say "only".
//
// What two correct servers may do differently is masked while a frame is
// turned into text: times, passwords, session ids (numbered in the order in
// which they appear), zxids (counted from the script's first), and the order
// of lists that the original keeps in hash tables. Requests wait for their
// reply, and every other connection is then pinged until its server is as far:
// no event is missed.
//
// Differences that are meant are in the table of explained.go, and in
// DIVERGENCES.md with their reasons.
//
// Data flows one way: Script -> Step -> Side (connections to one server) ->
// frames -> lines -> comparison. Requests are made here from typed tokens, not
// by wire's encoder, since they are to be wrong at will; replies are decoded
// by wire and encoded again, and bytes that do not survive that are shown raw.
package differential
