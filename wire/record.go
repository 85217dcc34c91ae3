package wire

import (
	"fmt"
	"math"
)

// Generation numbers the attachments of sessions to connections: the leader's
// epoch in the high 32 bits, a counter in the low. A session's higher
// generation fences its lower ones.
type Generation uint64

// RecordFlags carry what depends on the leader's configuration, so that apply
// reads none (design: everything configured is in the record).
type RecordFlags uint8

// The flags of a record.
const (
	FlagSkipACL       RecordFlags = 1 << iota // skipACL=yes
	FlagEnforceQuota                          // enforceQuota=true
	FlagExtendedTypes                         // TTL nodes are on
)

// EvalVersion is the version of the rules by which records are evaluated.
const EvalVersion = 1

// Record is one entry of the transaction log: a request that the leader has
// ordered, with everything non-deterministic it needs (time, identities). It
// is worked out when it is applied, the same on every server. Immutable.
type Record struct {
	Zxid       Zxid
	Eval       uint8
	Op         OpCode
	Time       int64 // the leader's clock, milliseconds since 1970
	Session    SessionID
	Generation Generation // of the connection the request came by; 0 for the leader's own
	Cxid       Xid
	Flags      RecordFlags
	Auth       []ID   // whom the connection had authenticated as
	Body       []byte // the request as the client encoded it

	// Request is Body decoded, where the server that logged the record still
	// has it; it is not encoded.
	Request Request
	// Malformed is why Body does not decode, if Request is nil and that is known.
	Malformed error
}

const (
	recordFormat = 1
	recordFields = 11
	idFields     = 2
)

// Record appends r to dst.
func (p *Packer) Record(dst []byte, r *Record) []byte {
	p.begin(dst, recordFields)
	p.uint(recordFormat)
	p.uint(uint64(r.Zxid))
	p.uint(uint64(r.Eval))
	p.int(int64(r.Op))
	p.int(r.Time)
	p.int(int64(r.Session))
	p.uint(uint64(r.Generation))
	p.int(int64(r.Cxid))
	p.uint(uint64(r.Flags))
	p.array(len(r.Auth))
	for _, id := range r.Auth {
		p.array(idFields)
		p.string(id.Scheme)
		p.string(id.ID)
	}
	p.bytes(r.Body)
	return p.end()
}

// UnpackRecord reads what Packer.Record wrote, into fresh memory.
func UnpackRecord(b []byte) (*Record, error) {
	u := newUnpacker(b)
	u.begin(recordFields, recordFormat)
	r := &Record{
		Zxid: Zxid(u.uint64()), Eval: uint8(u.uint(math.MaxUint8)), Op: OpCode(u.int32()),
		Time: u.int64(), Session: SessionID(u.int64()), Generation: Generation(u.uint64()),
		Cxid: Xid(u.int32()), Flags: RecordFlags(u.uint(math.MaxUint8)),
	}
	if n := u.array(3); n > 0 {
		r.Auth = make([]ID, n)
		for i := range r.Auth {
			if f := u.array(1); u.err == nil && f != idFields {
				u.fail(fmt.Errorf("id of %d fields", f))
			}
			r.Auth[i] = ID{u.string(), u.string()}
		}
	}
	r.Body = u.bytes()
	if err := u.end(); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	return r, nil
}
