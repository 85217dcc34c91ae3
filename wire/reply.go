package wire

// Body is what follows a reply's header when there was no error. Bodies are
// immutable once made, so they can be encoded outside the actor that made them.
type Body interface {
	Encode(*Encoder)
}

// ReplyHeader precedes every reply but the connect's. Xid is the request's (or
// a special one), Zxid the last transaction the reply reflects.
type ReplyHeader struct {
	Xid  Xid
	Zxid Zxid
	Err  ErrorCode
}

// ReplyHeaderSize is the length of an encoded ReplyHeader in bytes.
const ReplyHeaderSize = 16

// Reply is one answer. A nil Body is none.
type Reply struct {
	ReplyHeader
	Body Body
}

// ReplyFrame appends a whole frame: length, header, body.
func (e *Encoder) ReplyFrame(r *Reply) {
	m := e.BeginFrame()
	e.replyHeader(&r.ReplyHeader)
	if r.Body != nil {
		r.Body.Encode(e)
	}
	e.EndFrame(m)
}

func (e *Encoder) replyHeader(h *ReplyHeader) {
	e.Int32(int32(h.Xid))
	e.Int64(int64(h.Zxid))
	e.Int32(int32(h.Err))
}

// ReplyHeader reads a reply's header.
func (d *Decoder) ReplyHeader() ReplyHeader {
	return ReplyHeader{Xid(d.Int32()), Zxid(d.Int64()), ErrorCode(d.Int32())}
}

// The reply bodies.
type (
	// PathReply answers create and sync.
	PathReply struct{ Path string }
	// PathStatReply answers create2, createContainer and createTTL.
	PathStatReply struct {
		Path string
		Stat Stat
	}
	// StatReply answers exists, setData and setACL.
	StatReply struct{ Stat Stat }
	// DataReply answers getData.
	DataReply struct {
		Data []byte
		Stat Stat
	}
	// ACLReply answers getACL.
	ACLReply struct {
		ACL  []ACL
		Stat Stat
	}
	// NamesReply answers getChildren and getEphemerals.
	NamesReply struct {
		Names []string
		Bytes int // of all names together, if they have been counted
	}
	// NamesStatReply answers getChildren2.
	NamesStatReply struct {
		Names []string
		Stat  Stat
		Bytes int
	}
	// CountReply answers getAllChildrenNumber.
	CountReply struct{ Count int32 }
	// CodeReply answers addWatch.
	CodeReply struct{ Code ErrorCode }
	// WhoAmIReply answers whoAmI: scheme and user name of each identity.
	WhoAmIReply struct{ Clients []ID }
	// MultiReply answers multi and multiRead.
	MultiReply struct{ Results []Result }
	// WatchEvent tells that a watch has fired.
	WatchEvent struct {
		Type  EventType
		State int32
		Path  string
	}
)

// Result is one operation's part of a MultiReply. Err other than OK, or Op
// OpError, makes it an error result.
type Result struct {
	Op   OpCode
	Err  ErrorCode
	Body Body // nil for delete, check and errors
}

// Encode implements Body.
func (r *PathReply) Encode(e *Encoder)      { e.String(r.Path) }
func (r *PathStatReply) Encode(e *Encoder)  { e.String(r.Path); e.Stat(&r.Stat) }
func (r *StatReply) Encode(e *Encoder)      { e.Stat(&r.Stat) }
func (r *DataReply) Encode(e *Encoder)      { e.Buffer(r.Data); e.Stat(&r.Stat) }
func (r *ACLReply) Encode(e *Encoder)       { e.acls(r.ACL); e.Stat(&r.Stat) }
func (r *NamesReply) Encode(e *Encoder)     { e.Strings(r.Names) }
func (r *NamesStatReply) Encode(e *Encoder) { e.Strings(r.Names); e.Stat(&r.Stat) }
func (r *CountReply) Encode(e *Encoder)     { e.Int32(r.Count) }
func (r *CodeReply) Encode(e *Encoder)      { e.Int32(int32(r.Code)) }

// Encode implements Body.
func (r *WhoAmIReply) Encode(e *Encoder) {
	e.Int32(int32(len(r.Clients)))
	for _, c := range r.Clients {
		e.String(c.Scheme)
		e.String(c.ID)
	}
}

// Encode implements Body.
func (r *WatchEvent) Encode(e *Encoder) {
	e.Int32(int32(r.Type))
	e.Int32(r.State)
	e.String(r.Path)
}

// Encode implements Body.
func (r *MultiReply) Encode(e *Encoder) {
	for i := range r.Results {
		e.result(&r.Results[i])
	}
	e.multiHeader(-1, true, -1)
}

func (e *Encoder) result(r *Result) {
	if r.Op == OpError || r.Err != OK {
		e.multiHeader(OpError, false, r.Err)
		e.Int32(int32(r.Err))
		return
	}
	e.multiHeader(r.Op, false, OK)
	if r.Body != nil {
		r.Body.Encode(e)
	}
}
