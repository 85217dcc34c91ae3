// Package session is the actor of one client connection, with the goroutine that
// reads its socket.
//
//	socket --frames--> reader --Hello, Frames--> session
//	session --Connect, Requests, SetAuth, Detach--> tree --Verified, Welcome, Deliver, Ended--> session
//	session --Admit, Submit, Sync, Touch--> leader
//	session --bytes--> socket
//
// The reader cuts and decodes frames and sends the actor one message per socket
// read. It waits for credits first: so many requests may be outstanding in a
// session, and in all. That is the back-pressure which bounds every mailbox
// behind it. The actor decides where each request goes, and writes what the tree
// delivers. It never blocks on the socket: what a socket does not take at once
// is left to a goroutine, and a client that does not read for too long is cut
// off.
//
// A connection belongs to one incarnation of the replica and ends with it. A
// panic here ends this connection and nothing else.
package session
