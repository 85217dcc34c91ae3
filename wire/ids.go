package wire

import (
	"fmt"
	"strconv"
)

// Zxid orders every transaction: the leader's epoch in the high 32 bits, a
// counter within that epoch in the low 32 (Zab, DSN'11 §3).
type Zxid uint64

// Epoch numbers the reigns of leaders.
type Epoch uint32

// MakeZxid joins an epoch and a counter.
func MakeZxid(e Epoch, counter uint32) Zxid { return Zxid(uint64(e)<<32 | uint64(counter)) }

// Epoch is the reign z belongs to.
func (z Zxid) Epoch() Epoch { return Epoch(z >> 32) }

// Counter is z's place in its epoch.
func (z Zxid) Counter() uint32 { return uint32(z) }

// String prints z as ZooKeeper does, so that operators can grep both.
func (z Zxid) String() string { return "0x" + strconv.FormatUint(uint64(z), 16) }

// SessionID names a session: the id of the server that created it in the top
// byte, then time and a counter. 0 is no session.
type SessionID int64

// String prints s as ZooKeeper does.
func (s SessionID) String() string { return fmt.Sprintf("0x%x", uint64(s)) }

// ServerID is a member's N of its server.N line (1 to 254; 0 standalone).
type ServerID uint8

// Xid is a client's number for a request; replies carry it back. Clients may
// wrap it past 2^31.
type Xid int32

// Xids that mean something of their own.
const (
	XidWatchEvent Xid = -1
	XidPing       Xid = -2
	XidAuth       Xid = -4
	XidSetWatches Xid = -8
)
