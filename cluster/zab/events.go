package zab

import (
	"time"

	"troupe/wire"
)

// Event is something that happened to a leader or a follower.
type Event interface{ event() }

// Effect is something that their shell is to do, in order.
type Effect interface{ effect() }

// Events of both.
type (
	// Start begins the reign.
	Start struct{ Now time.Duration }
	// Heard brings another server's message.
	Heard struct {
		From    wire.ServerID
		Message wire.PeerMessage
		Now     time.Duration
	}
	// Gone tells that another server cannot be reached any more.
	Gone struct{ Peer wire.ServerID }
	// Logged tells that all records up to Zxid are durable in the own log.
	Logged struct{ Zxid wire.Zxid }
	// Promised tells that an epoch is durable as accepted.
	Promised struct{ Epoch wire.Epoch }
	// Entered tells that an epoch is durable as current, and so is all that was
	// appended before.
	Entered struct{ Epoch wire.Epoch }
	// Tick lets time pass.
	Tick struct{ Now time.Duration }
)

// Events of a leader.
type (
	// Submit brings requests, in the order they are to take. The drafts lack
	// what the leader decides: zxid, time, flags, version.
	Submit struct {
		Drafts []wire.Record
		Now    int64 // wall clock, milliseconds since 1970
	}
	// Flush sends what has gathered since the last one. The shell gives one when
	// it has nothing else to do, so that a crowd shares messages and a lone
	// request does not wait.
	Flush struct{}
	// Sync asks where the order of writes stands; answered when a quorum has
	// confirmed, later, that it is this leader who knows.
	Sync struct{ Ticket any }
	// LogRead answers ReadLog.
	LogRead struct {
		Peer    wire.ServerID
		Join    wire.Join
		Entries []wire.Entry
		Trimmed bool // they are no longer in the log
	}
	// OwnDigest is the digest of the own tree, to be compared with the others'.
	OwnDigest struct {
		Zxid  wire.Zxid
		Value uint64
	}
	// Retire ends the reign in order, once what was proposed is committed.
	Retire struct{}
)

// Effects of both.
type (
	// Send is a message to another server.
	Send struct {
		To      wire.ServerID
		Message wire.PeerMessage
	}
	// Append is to be written to the own log; answered by Logged.
	Append struct{ Batch *Batch }
	// Promise is to be written as the accepted epoch; answered by Promised.
	Promise struct{ Epoch wire.Epoch }
	// Enter is to be written as the current epoch, behind all that was appended
	// before; answered by Entered. That this server is Founded, and in which ensemble,
	// is written once the reign has a quorum, and by a quorum before the first record:
	// a first leader who comes to nothing must neither pass for one who may have
	// acknowledged something, nor leave the name of an ensemble that never was.
	Enter struct {
		Epoch    wire.Epoch
		Ensemble string
		Founded  bool
	}
	// Commit is to be applied, in order. It is in the own log, durably.
	Commit struct{ Records []wire.Record }
	// Serve tells that the reign serves clients, from this epoch on.
	Serve struct{ Epoch wire.Epoch }
	// Over ends the reign. Nothing follows it.
	Over struct {
		Why string
		// NeedState says that the own tree has to be replaced.
		NeedState bool
		// Halt says that nobody may serve: it cannot be told whose tree is right.
		Halt bool
	}
)

// Effects of a leader.
type (
	// SyncPoint answers a Sync: whoever has applied Zxid is as far as the order
	// of writes was when the Sync came.
	SyncPoint struct {
		Ticket any
		Zxid   wire.Zxid
	}
	// ReadLog asks for records of the own log behind a zxid.
	ReadLog struct {
		Peer  wire.ServerID
		Join  wire.Join
		After wire.Zxid
	}
	// Transfer asks for the state to be sent to a learner, for which the log
	// begins too late. It joins anew when it has it.
	Transfer struct {
		Peer wire.ServerID
		Join wire.Join
	}
	// Joined tells of a learner's connections, before it is served.
	Joined struct {
		Peer     wire.ServerID
		Join     wire.Join
		Attached []wire.Attachment
	}
)

// Effects of a follower.
type (
	// TruncateLog removes the own log's records behind a zxid; what is appended
	// later waits for it.
	TruncateLog struct{ After wire.Zxid }
	// TellDigest asks for the own tree's digest at a zxid, for a Digest message.
	TellDigest struct{ Zxid wire.Zxid }
)

func (Start) event()     {}
func (Heard) event()     {}
func (Gone) event()      {}
func (Logged) event()    {}
func (Promised) event()  {}
func (Entered) event()   {}
func (Tick) event()      {}
func (Submit) event()    {}
func (Flush) event()     {}
func (Sync) event()      {}
func (LogRead) event()   {}
func (OwnDigest) event() {}
func (Retire) event()    {}

func (Send) effect()        {}
func (Append) effect()      {}
func (Promise) effect()     {}
func (Enter) effect()       {}
func (Commit) effect()      {}
func (Serve) effect()       {}
func (Over) effect()        {}
func (SyncPoint) effect()   {}
func (ReadLog) effect()     {}
func (Transfer) effect()    {}
func (Joined) effect()      {}
func (TruncateLog) effect() {}
func (TellDigest) effect()  {}
