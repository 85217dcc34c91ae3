package wire

import (
	"fmt"
)

// PeerMessage is what servers tell each other over a link: one of the types
// below, in msgpack, each field in the order of its struct. Links prove who
// speaks, and negotiate the version; here is only what is said.
type PeerMessage interface {
	kind() uint8
	code(c *coder)
}

// PeerState is what a server is doing.
type PeerState uint8

// The states of a server.
const (
	Looking PeerState = iota
	Following
	Leading
	Observing
)

// String names a state as ZooKeeper does.
func (s PeerState) String() string {
	return [...]string{"looking", "following", "leading", "observing"}[s&3]
}

// Join numbers a learner's attempt to join a leader; it stands in every message
// of theirs, so that what is left over from another attempt is known as such.
type Join uint64

// Attachment is a session's connection on some server.
type Attachment struct {
	Session    SessionID
	Generation Generation
}

// Credentials are what a vote is decided by.
type Credentials struct {
	Current Epoch // the epoch last entered
	Last    Zxid  // the last record logged
	Blank   bool  // cannot vouch for what it once acknowledged
	Founded bool  // has been part of a reign that had a quorum
}

// Election.
type (
	// Notification tells everyone what a server does and has, whenever that changes.
	Notification struct {
		State PeerState
		Voter bool
		// Leader is whom it votes for while looking, whom it follows later; 0 nobody.
		Leader ServerID
		Credentials
		// Electable says that it reaches a quorum.
		Electable bool
	}
)

// Discovery and synchronization: FollowerInfo -> NewEpoch -> AckEpoch ->
// (Truncate, Propose or a transfer) -> NewLeader -> AckNewLeader -> UpToDate.
type (
	// FollowerInfo asks a leader to be taken as its learner.
	FollowerInfo struct {
		Join      Join
		Voter     bool
		NeedState bool // the tree is not to be trusted: its state has to be replaced
		Accepted  Epoch
		Credentials
		Ensemble  string       // the id of the epoch entered last, of a server that is founded
		Committed Zxid         // known committed
		Ends      []Zxid       // the last record of each epoch above Committed, newest first
		Attached  []Attachment // connections with a session
	}
	// NewEpoch proposes an epoch.
	NewEpoch struct {
		Join  Join
		Epoch Epoch
	}
	// AckEpoch promises to take part in no earlier epoch.
	AckEpoch struct {
		Join  Join
		Epoch Epoch
		Fresh bool // the promise is new, and so may count
		Credentials
	}
	// Truncate removes what the leader's history does not have.
	Truncate struct {
		Join  Join
		After Zxid
	}
	// NewLeader says that the learner has the leader's history, once all before
	// it is on its disk.
	NewLeader struct {
		Join     Join
		Epoch    Epoch
		Ensemble string
	}
	// AckNewLeader says that the epoch has been entered, durably; and once more,
	// from a server that was not founded before, when that is durable, too.
	AckNewLeader struct {
		Join    Join
		Zxid    Zxid // last record
		Founded bool
	}
	// UpToDate lets a learner serve clients.
	UpToDate struct {
		Join      Join
		Committed Zxid
	}
	// Leave ends a learner's attachment to its leader, from either side.
	Leave struct {
		Join Join
		Why  string
	}
)

// Broadcast.
type (
	// Propose brings records, in order. To observers it comes only with what is
	// committed, and so informs.
	Propose struct {
		Join      Join
		Committed Zxid
		Entries   []Entry
		Block     []byte // Entries packed before, by PackEntries, if not nil
	}
	// Ack tells that everything up to Zxid is durable.
	Ack struct {
		Join Join
		Zxid Zxid
	}
	// Taken is an observer's: it has everything up to Zxid, which frees its window.
	Taken struct {
		Join Join
		Zxid Zxid
	}
	// Commit tells that everything up to Zxid is committed.
	Commit struct {
		Join Join
		Zxid Zxid
	}
	// Confirm asks whether the leader still leads (sync).
	Confirm struct {
		Join  Join
		Round uint64
	}
	// Confirmed answers it.
	Confirmed struct {
		Join  Join
		Round uint64
	}
	// StepEpoch asks for a promise of the next epoch, under the same leader.
	StepEpoch struct {
		Join  Join
		Epoch Epoch
	}
	// AckStep answers it.
	AckStep struct {
		Join  Join
		Epoch Epoch
		OK    bool
	}
	// Probe asks for the digest of the tree at a zxid.
	Probe struct {
		Join Join
		Zxid Zxid
	}
	// Digest answers it.
	Digest struct {
		Join  Join
		Zxid  Zxid
		Value uint64
	}
	// Diverged tells a learner that its tree is not the others', or, if nobody
	// knows whose is right, to stop serving.
	Diverged struct {
		Join        Join
		Zxid        Zxid
		Value       uint64 // the quorum's
		NobodyKnows bool
	}
)

// What a server asks its leader on behalf of its clients, and the answers.
type (
	// SubmitRequest forwards clients' writes, in order.
	SubmitRequest struct {
		Join   Join
		Drafts []Record
	}
	// AdmitRequest asks for a session to be created (Session 0) or resumed.
	AdmitRequest struct {
		Join     Join
		Ticket   uint64
		Session  SessionID
		Timeout  int32
		Password []byte
	}
	// Admitted answers it; Session is 0 if there is none to be resumed any more.
	Admitted struct {
		Join       Join
		Ticket     uint64
		Session    SessionID
		Generation Generation
		Fresh      bool
	}
	// SyncRequest asks where the order of writes stands.
	SyncRequest struct {
		Join   Join
		Ticket uint64
	}
	// SyncReply answers it.
	SyncReply struct {
		Join   Join
		Ticket uint64
		Zxid   Zxid
	}
	// TouchRequest tells whose clients were heard of.
	TouchRequest struct {
		Join     Join
		Sessions []SessionID
	}
	// Moved tells that a session is attached elsewhere, with this generation.
	Moved struct {
		Join       Join
		Session    SessionID
		Generation Generation
	}
)

// State transfer.
type (
	// TransferBegin announces a state as of one zxid.
	TransferBegin struct {
		Join   Join
		Zxid   Zxid
		Digest uint64
		Bytes  uint64 // about how many will come
	}
	// TransferChunk brings a part of it.
	TransferChunk struct {
		Join Join
		Last bool
		Data []byte
	}
	// TransferCredit asks for a chunk more.
	TransferCredit struct{ Join Join }
)

func (*Notification) kind() uint8   { return 1 }
func (*FollowerInfo) kind() uint8   { return 2 }
func (*NewEpoch) kind() uint8       { return 3 }
func (*AckEpoch) kind() uint8       { return 4 }
func (*Truncate) kind() uint8       { return 5 }
func (*NewLeader) kind() uint8      { return 6 }
func (*AckNewLeader) kind() uint8   { return 7 }
func (*UpToDate) kind() uint8       { return 8 }
func (*Leave) kind() uint8          { return 9 }
func (*Propose) kind() uint8        { return 10 }
func (*Ack) kind() uint8            { return 11 }
func (*Taken) kind() uint8          { return 12 }
func (*Commit) kind() uint8         { return 13 }
func (*Confirm) kind() uint8        { return 14 }
func (*Confirmed) kind() uint8      { return 15 }
func (*StepEpoch) kind() uint8      { return 16 }
func (*AckStep) kind() uint8        { return 17 }
func (*Probe) kind() uint8          { return 18 }
func (*Digest) kind() uint8         { return 19 }
func (*Diverged) kind() uint8       { return 20 }
func (*SubmitRequest) kind() uint8  { return 21 }
func (*AdmitRequest) kind() uint8   { return 22 }
func (*Admitted) kind() uint8       { return 23 }
func (*SyncRequest) kind() uint8    { return 24 }
func (*SyncReply) kind() uint8      { return 25 }
func (*TouchRequest) kind() uint8   { return 26 }
func (*Moved) kind() uint8          { return 27 }
func (*TransferBegin) kind() uint8  { return 28 }
func (*TransferChunk) kind() uint8  { return 29 }
func (*TransferCredit) kind() uint8 { return 30 }

// blank makes an empty message of a kind; nil if there is none.
func blank(kind uint64) PeerMessage {
	for _, m := range [...]PeerMessage{&Notification{}, &FollowerInfo{}, &NewEpoch{}, &AckEpoch{}, &Truncate{},
		&NewLeader{}, &AckNewLeader{}, &UpToDate{}, &Leave{}, &Propose{}, &Ack{}, &Taken{}, &Commit{}, &Confirm{},
		&Confirmed{}, &StepEpoch{}, &AckStep{}, &Probe{}, &Digest{}, &Diverged{}, &SubmitRequest{}, &AdmitRequest{},
		&Admitted{}, &SyncRequest{}, &SyncReply{}, &TouchRequest{}, &Moved{}, &TransferBegin{}, &TransferChunk{},
		&TransferCredit{}} {
		if uint64(m.kind()) == kind {
			return m
		}
	}
	return nil
}

// Peer appends a message to dst. A Propose with a Block lacks its entries: the
// block is to follow.
func (p *Packer) Peer(dst []byte, m PeerMessage) []byte {
	p.out.b = dst
	p.uint(uint64(m.kind()))
	m.code(&coder{p: p})
	return p.end()
}

// PackEntries appends entries as a Propose ends with them.
func (p *Packer) PackEntries(dst []byte, entries []Entry) []byte {
	p.out.b = dst
	for i := range entries {
		p.uint(uint64(entries[i].Zxid))
		p.bytes(entries[i].Data)
	}
	return p.end()
}

// UnpackPeer reads a message, into fresh memory.
func UnpackPeer(b []byte) (PeerMessage, error) {
	u := newUnpacker(b)
	kind := u.uint64()
	m := blank(kind)
	if m == nil {
		u.fail(fmt.Errorf("kind %d", kind))
	} else {
		m.code(&coder{u: u})
	}
	if err := u.end(); err != nil {
		return nil, fmt.Errorf("peer message: %w", err)
	}
	return m, nil
}
