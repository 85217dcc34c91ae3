// Package session is the actor of one client connection, with the reader of its
// socket.
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
// Most connections are idle most of the time, and hold little then: no buffer, and, where
// there is epoll, no goroutine: one poller waits for all of them and wakes the reader of which
// something comes. What a connection can make the server hold is bounded:
//
//	unread        128 KiB; a longer frame is not read before there is room for all of it
//	in work       512 operations a connection, globalOutstandingLimit in all (the last batch
//	              may overdraw), of requests shorter than 64 KiB or counted as large
//	large frames  2 MiB in all, or one, from the first byte until they are worked off, also if their
//	              connection has ended; they have to come at 128 KiB a second
//	unwritten     256 KiB encoded, in pieces; and of what waits for that 4 MiB and the answers
//	              to what was in work, data and long lists being shared with the tree
//	events        65536
//	hello         1 KiB; identities: 8 KiB
//
// Over a bound nothing more is read, and so the client waits; who has too many events or
// identities, or does not read for 30 seconds, is cut off. One whose large frame waits for
// room lives meanwhile.
//
// A connection belongs to one incarnation of the replica and ends with it. A
// panic here ends this connection and nothing else.
package session
