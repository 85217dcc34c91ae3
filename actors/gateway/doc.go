// Package gateway is where clients come in: it listens, admits connections
// within the limits, and spawns a session actor for each. It is the supervisor
// of sessions, one for one: a session that fails costs its own connection.
//
//	listener --Accepted--> gateway --spawns--> session
//	replica  --Serve, Unserve--> gateway
//
// The port answers from the first moment. While the server does not serve,
// four-letter words say so and client connects are closed. Connections belong to
// one incarnation of the replica: all are closed when it ends, and clients come
// back to the same sessions.
package gateway
