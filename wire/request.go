package wire

import "fmt"

// Request is one operation of the client protocol, decoded. Requests are
// immutable once made.
type Request interface {
	Op() OpCode
	encode(*Encoder)
	decode(*Decoder)
}

// The write requests.
type (
	// Create makes a znode; Kind is OpCreate, OpCreate2, OpCreateContainer or
	// OpCreateTTL, which differ in their reply and in what Flags may be.
	Create struct {
		Kind OpCode
		Path string
		Data []byte
		ACL  []ACL
		Mode CreateMode
		TTL  int64 // milliseconds, OpCreateTTL only
	}
	// Delete removes a znode if its version matches; -1 matches any.
	Delete struct {
		Path    string
		Version int32
	}
	// SetData replaces a znode's data if its version matches.
	SetData struct {
		Path    string
		Data    []byte
		Version int32
	}
	// SetACL replaces a znode's ACL if its aversion matches.
	SetACL struct {
		Path    string
		ACL     []ACL
		Version int32
	}
	// Check fails unless the znode's version matches.
	Check struct {
		Path    string
		Version int32
	}
	// Multi does all of Ops or none.
	Multi struct{ Ops []Request }
	// Reconfig changes the membership.
	Reconfig struct {
		Joining, Leaving, NewMembers string
		ConfigID                     int64
	}
	// CreateSession enters a session into the replicated table.
	CreateSession struct {
		Timeout  int32 // milliseconds, negotiated
		Password []byte
	}
	// CloseSession removes the session and its ephemerals.
	CloseSession struct{}
	// DeleteContainer reaps a container or TTL node that is still as the sweep
	// saw it: same czxid, same mtime, no children.
	DeleteContainer struct {
		Path  string
		Czxid Zxid
		Mtime int64
	}
)

// The requests that change nothing replicated.
type (
	// Exists asks for a znode's Stat, and may watch it, also where it is not.
	Exists struct {
		Path  string
		Watch bool
	}
	// GetData asks for a znode's data and Stat.
	GetData struct {
		Path  string
		Watch bool
	}
	// GetACL asks for a znode's ACL and Stat.
	GetACL struct{ Path string }
	// GetChildren asks for the names of a znode's children; WithStat is getChildren2.
	GetChildren struct {
		Path     string
		Watch    bool
		WithStat bool
	}
	// GetAllChildrenNumber asks for the number of a znode's descendants.
	GetAllChildrenNumber struct{ Path string }
	// GetEphemerals asks for the session's own ephemerals under a prefix.
	GetEphemerals struct{ Prefix string }
	// Sync asks the server to catch up with the leader.
	Sync struct{ Path string }
	// MultiRead does each of Ops on its own.
	MultiRead struct{ Ops []Request }
	// SetWatches re-arms watches after a reconnect; setWatches2 if Persistent
	// or Recursive may be there.
	SetWatches struct {
		Kind                                      OpCode
		Relative                                  Zxid
		Data, Exist, Child, Persistent, Recursive []string
	}
	// AddWatch sets a persistent watch.
	AddWatch struct {
		Path string
		Mode AddWatchMode
	}
	// Watches checks (OpCheckWatches) or removes (OpRemoveWatches) watches.
	Watches struct {
		Kind OpCode
		Path string
		Type WatcherType
	}
	// WhoAmI asks for the connection's identities.
	WhoAmI struct{}
	// Auth adds an identity to the connection.
	Auth struct {
		Type   int32
		Scheme string
		Auth   []byte
	}
	// Sasl is one step of a SASL exchange.
	Sasl struct{ Token []byte }
	// Ping keeps the session alive.
	Ping struct{}
)

// Op implements Request.
func (r *Create) Op() OpCode             { return r.Kind }
func (*Delete) Op() OpCode               { return OpDelete }
func (*SetData) Op() OpCode              { return OpSetData }
func (*SetACL) Op() OpCode               { return OpSetACL }
func (*Check) Op() OpCode                { return OpCheck }
func (*Multi) Op() OpCode                { return OpMulti }
func (*Reconfig) Op() OpCode             { return OpReconfig }
func (*CreateSession) Op() OpCode        { return OpCreateSession }
func (*CloseSession) Op() OpCode         { return OpCloseSession }
func (*DeleteContainer) Op() OpCode      { return OpDeleteContainer }
func (*Exists) Op() OpCode               { return OpExists }
func (*GetData) Op() OpCode              { return OpGetData }
func (*GetACL) Op() OpCode               { return OpGetACL }
func (*GetAllChildrenNumber) Op() OpCode { return OpGetAllChildrenNumber }
func (*GetEphemerals) Op() OpCode        { return OpGetEphemerals }
func (*Sync) Op() OpCode                 { return OpSync }
func (*MultiRead) Op() OpCode            { return OpMultiRead }
func (r *SetWatches) Op() OpCode         { return r.Kind }
func (*AddWatch) Op() OpCode             { return OpAddWatch }
func (r *Watches) Op() OpCode            { return r.Kind }
func (*WhoAmI) Op() OpCode               { return OpWhoAmI }
func (*Auth) Op() OpCode                 { return OpAuth }
func (*Sasl) Op() OpCode                 { return OpSasl }
func (*Ping) Op() OpCode                 { return OpPing }

// Op is getChildren or getChildren2.
func (r *GetChildren) Op() OpCode {
	if r.WithStat {
		return OpGetChildren2
	}
	return OpGetChildren
}

// UnknownOp is an operation this server does not know, or does not take from
// clients.
type UnknownOp OpCode

// Error implements error.
func (u UnknownOp) Error() string { return fmt.Sprintf("unknown operation %d", int32(u)) }

func newRequest(op OpCode) Request {
	switch op {
	case OpCreate, OpCreate2, OpCreateContainer, OpCreateTTL:
		return &Create{Kind: op}
	case OpDelete:
		return &Delete{}
	case OpSetData:
		return &SetData{}
	case OpSetACL:
		return &SetACL{}
	case OpCheck:
		return &Check{}
	case OpMulti:
		return &Multi{}
	case OpReconfig:
		return &Reconfig{}
	case OpCreateSession:
		return &CreateSession{}
	case OpCloseSession:
		return &CloseSession{}
	case OpDeleteContainer:
		return &DeleteContainer{}
	case OpExists:
		return &Exists{}
	case OpGetData:
		return &GetData{}
	case OpGetACL:
		return &GetACL{}
	case OpGetChildren, OpGetChildren2:
		return &GetChildren{WithStat: op == OpGetChildren2}
	}
	return newSessionRequest(op)
}

func newSessionRequest(op OpCode) Request {
	switch op {
	case OpGetAllChildrenNumber:
		return &GetAllChildrenNumber{}
	case OpGetEphemerals:
		return &GetEphemerals{}
	case OpSync:
		return &Sync{}
	case OpMultiRead:
		return &MultiRead{}
	case OpSetWatches, OpSetWatches2:
		return &SetWatches{Kind: op}
	case OpAddWatch:
		return &AddWatch{}
	case OpCheckWatches, OpRemoveWatches:
		return &Watches{Kind: op}
	case OpWhoAmI:
		return &WhoAmI{}
	case OpAuth:
		return &Auth{}
	case OpSasl:
		return &Sasl{}
	case OpPing:
		return &Ping{}
	}
	return nil
}

// DecodeRequest decodes the body of an operation. The error is UnknownOp, or
// says why the body is malformed. Byte slices in the request are views into
// body. Session and sweep records (createSession, deleteContainer) are decoded
// too: whoever reads from clients refuses those first.
func DecodeRequest(op OpCode, body []byte) (Request, error) {
	r := newRequest(op)
	if r == nil {
		return nil, UnknownOp(op)
	}
	d := Decoder{buf: body}
	r.decode(&d)
	if d.err != nil {
		return nil, fmt.Errorf("%v: %w", op, d.err)
	}
	return r, nil
}

// EncodeRequest appends a request's body.
func (e *Encoder) EncodeRequest(r Request) { r.encode(e) }

// RequestHeader precedes every request but the connect.
type RequestHeader struct {
	Xid Xid
	Op  OpCode
}

// RequestHeaderSize is the length of an encoded RequestHeader in bytes.
const RequestHeaderSize = 8

// RequestFrame appends a whole frame: length, header, body.
func (e *Encoder) RequestFrame(xid Xid, r Request) {
	m := e.BeginFrame()
	e.Int32(int32(xid))
	e.Int32(int32(r.Op()))
	r.encode(e)
	e.EndFrame(m)
}
