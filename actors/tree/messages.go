package tree

import (
	"github.com/asynkron/protoactor-go/actor"

	"troupe/actors/tree/watch"
	"troupe/wire"
)

// Conn numbers the connections of a server, from 1, never used twice while the
// process lives.
type Conn = watch.Watcher

// Accepts.
type (
	// Connect asks whether a client may attach: its last zxid must not be ahead
	// of this server, and a session to be resumed (Session not 0) must exist and
	// have that password. Sent by a session actor; answered by Verified.
	Connect struct {
		Actor        *actor.PID
		Session      wire.SessionID
		Password     []byte
		LastZxidSeen wire.Zxid
	}
	// Attach binds a connection to a session. Sent by the role, before the
	// record of a new session; answered to Actor by Welcome, at once for a
	// resumed session, when it is created for a new one. The connection that
	// had the session before gets Ended, and so does this one if there is no such
	// session.
	Attach struct {
		Conn       Conn
		Actor      *actor.PID
		Session    wire.SessionID
		Generation wire.Generation
		Auth       []wire.ID
		Fresh      bool
	}
	// Detach says that a connection is gone. Sent by its session actor.
	Detach struct{ Conn Conn }
	// SetAuth says whom a connection has authenticated as. Sent by its session
	// actor; watch events are judged by it.
	SetAuth struct {
		Conn Conn
		Auth []wire.ID
	}
	// Requests are what a connection asks of this server alone, in order. Sent by
	// its session actor, one message per socket read; answered in Delivers.
	Requests struct {
		Conn  Conn
		Auth  []wire.ID
		Items []Item
	}
	// Commit brings committed records, in zxid order. Sent by the role.
	Commit struct{ Records []wire.Record }
	// SyncPoint says that a connection's sync is done once Zxid is applied, or
	// that a Connect can be answered then. Sent by the role.
	SyncPoint struct {
		Conn    Conn
		Xid     wire.Xid
		Path    string
		Connect *Connect
		Zxid    wire.Zxid
	}
	// Settle asks how many of a connection's requests to the leader have come
	// back, all that had been committed under the last one among them. Syncs that
	// wait are forgotten: the session sends them to the next leader. Sent by
	// its session actor; answered by Settled.
	Settle struct {
		Conn  Conn
		Actor *actor.PID
	}
	// Expel ends the connection of a session that has moved to one with a higher
	// generation. Sent by the role.
	Expel struct {
		Session    wire.SessionID
		Generation wire.Generation
	}
	// Census asks who is there. Sent by the role; answered to the sender by
	// Population.
	Census struct{}
	// DigestAt asks for the tree's digest at a zxid, as soon as that has been
	// applied; 0 is the last. Sent by the role; answered to the sender by Digest,
	// or not at all if it is long past.
	DigestAt struct{ Zxid wire.Zxid }
	// Sweep asks for containers and TTL nodes that are due. Sent by the leader;
	// answered by Reapable.
	Sweep struct {
		Now       int64 // wall clock, milliseconds
		Max       int
		NeverUsed int64 // milliseconds after which a container that never had a child is due; 0 never
	}
	// Corrupt changes a node's data on this server alone. Sent by tests, to show
	// what that comes to.
	Corrupt struct {
		Path string
		Data []byte
	}
	// Describe asks for figures and lists for four-letter words; answered to the
	// sender by Description.
	Describe struct{ Lists bool }
)

// Item is one request of a Requests.
type Item struct {
	Xid     wire.Xid
	After   uint64 // how many requests the connection had sent to the leader before
	Request wire.Request
	Ready   *Ready // instead of Request: an answer that only has to take its turn
}

// Ready is an answer that the session actor has worked out itself.
type Ready struct {
	Zxid  wire.Zxid // what the header says; zxidApplied for the last one applied
	Err   wire.ErrorCode
	Body  wire.Body
	Close bool // end the connection after it
}

// ZxidApplied, as a Ready's Zxid, stands for the last zxid applied.
const ZxidApplied = ^wire.Zxid(0) - 1

// Emits.
type (
	// Verified answers Connect.
	Verified struct {
		Verdict Verdict
		Timeout int32 // milliseconds, of the session to be resumed
	}
	// Welcome tells a session actor that its connection is attached.
	Welcome struct {
		Session    wire.SessionID
		Generation wire.Generation
		Timeout    int32
		Password   []byte
	}
	// Deliver is what goes to a client, in order: replies and watch events. Syncs
	// of the replies are to syncs.
	Deliver struct {
		Replies []wire.Reply
		Syncs   int
	}
	// Settled answers Settle.
	Settled struct{ Done uint64 }
	// Population answers Census.
	Population struct {
		Sessions map[wire.SessionID]int32 // timeouts in milliseconds
		Attached []wire.Attachment        // connections of this server
	}
	// Digest answers DigestAt.
	Digest struct {
		Zxid  wire.Zxid
		Value uint64
	}
	// Ended tells a session actor to close its connection after what it was
	// given before.
	Ended struct {
		Why     string
		Expired bool // before the client had a Welcome: it is to be told so
	}
	// Reapable answers Sweep.
	Reapable struct{ Nodes []wire.DeleteContainer }
	// Description answers Describe. The lists are filled in if asked for.
	Description struct {
		Nodes, Ephemerals, Sessions     int
		DataSize                        int64
		Watchers, WatchedPaths, Watches int
		Applied                         wire.Zxid
		Digest                          uint64
		SessionEphemerals               map[wire.SessionID][]string
		SessionTimeouts                 map[wire.SessionID]int32 // milliseconds
		WatchesBySession                map[wire.SessionID][]string
		WatchesByPath                   map[string][]wire.SessionID
	}
)

// Verdict is what Connect comes to.
type Verdict int

// The verdicts.
const (
	Welcomed Verdict = iota // create or resume
	Refused                 // no such session, or not its password
	Ahead                   // the client has seen a zxid this server has not
)

// To itself.
type slice struct{} // take the next slice of a snapshot
