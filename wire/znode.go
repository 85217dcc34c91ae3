package wire

import (
	"fmt"
	"math"
)

// NodeKind tells the kinds of znodes apart.
type NodeKind uint8

// The kinds of znodes.
const (
	Persistent NodeKind = iota
	Ephemeral
	Container
	TTL
)

// Znode is a znode's stored value. It is immutable: a write replaces it, so
// replies and checkpoints may hold it while the tree goes on. Children are not
// part of it.
type Znode struct {
	Data         []byte
	ACL          *[]ACL // shared between nodes with equal lists
	Czxid, Mzxid Zxid
	Pzxid        Zxid
	Ctime, Mtime int64 // milliseconds since 1970
	Version      int32
	Aversion     int32
	Creates      int32 // children ever created, the sequence counter
	Kind         NodeKind
	Owner        int64 // session of an ephemeral; milliseconds to live of a TTL node
}

// Stat is z's Stat, given how many children it has. Cversion counts creates
// and deletes of children.
func (z *Znode) Stat(children int) Stat {
	s := Stat{Czxid: z.Czxid, Mzxid: z.Mzxid, Ctime: z.Ctime, Mtime: z.Mtime, Version: z.Version,
		Cversion: 2*z.Creates - int32(children), Aversion: z.Aversion,
		DataLength: int32(len(z.Data)), NumChildren: int32(children), Pzxid: z.Pzxid}
	if z.Kind == Ephemeral {
		s.EphemeralOwner = SessionID(z.Owner)
	}
	return s
}

const (
	znodeFormat   = 1
	znodeFields   = 13
	aclFields     = 3
	sessionFormat = 1
	sessionFields = 3
)

// Znode appends z to dst.
func (p *Packer) Znode(dst []byte, z *Znode) []byte {
	p.begin(dst, znodeFields)
	p.uint(znodeFormat)
	p.uint(uint64(z.Kind))
	p.uint(uint64(z.Czxid))
	p.uint(uint64(z.Mzxid))
	p.uint(uint64(z.Pzxid))
	p.int(z.Ctime)
	p.int(z.Mtime)
	p.int(int64(z.Version))
	p.int(int64(z.Aversion))
	p.int(int64(z.Creates))
	p.int(z.Owner)
	p.array(len(*z.ACL))
	for _, a := range *z.ACL {
		p.array(aclFields)
		p.int(int64(a.Perms))
		p.string(a.ID.Scheme)
		p.string(a.ID.ID)
	}
	p.bytes(z.Data)
	return p.end()
}

// UnpackZnode reads what Packer.Znode wrote, into fresh memory.
func UnpackZnode(b []byte) (*Znode, error) {
	u := newUnpacker(b)
	u.begin(znodeFields, znodeFormat)
	z := &Znode{Kind: NodeKind(u.uint(uint64(TTL))), Czxid: Zxid(u.uint64()), Mzxid: Zxid(u.uint64()),
		Pzxid: Zxid(u.uint64()), Ctime: u.int64(), Mtime: u.int64(), Version: u.int32(),
		Aversion: u.int32(), Creates: u.int32(), Owner: u.int64()}
	acl := make([]ACL, u.array(4))
	for i := range acl {
		if f := u.array(1); u.err == nil && f != aclFields {
			u.fail(fmt.Errorf("ACL of %d fields", f))
		}
		acl[i] = ACL{Perm(u.int32()), ID{u.string(), u.string()}}
	}
	z.ACL = &acl
	z.Data = u.bytes()
	if err := u.end(); err != nil {
		return nil, fmt.Errorf("znode: %w", err)
	}
	return z, nil
}

// Session is a session's entry in the replicated table.
type Session struct {
	Timeout  int32 // milliseconds
	Password []byte
}

// Session appends s to dst.
func (p *Packer) Session(dst []byte, s *Session) []byte {
	p.begin(dst, sessionFields)
	p.uint(sessionFormat)
	p.int(int64(s.Timeout))
	p.bytes(s.Password)
	return p.end()
}

// UnpackSession reads what Packer.Session wrote.
func UnpackSession(b []byte) (*Session, error) {
	u := newUnpacker(b)
	u.begin(sessionFields, sessionFormat)
	s := &Session{Timeout: int32(u.int(0, math.MaxInt32)), Password: u.bytes()}
	if err := u.end(); err != nil {
		return nil, fmt.Errorf("session: %w", err)
	}
	return s, nil
}
