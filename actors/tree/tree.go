package tree

import (
	"fmt"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/rs/zerolog"

	"troupe/actors/checkpoint"
	"troupe/actors/tree/znode"
	"troupe/wire"
)

// sliceNodes is how many nodes a snapshot captures between two messages: a few
// hundred microseconds.
const sliceNodes = 2000

// Options are what the actor is made with.
type Options struct {
	Tree            *znode.Tree
	Checkpoint      *actor.PID
	CheckpointEvery int // records
	CheckpointBytes int64
	SkipACL         bool
	Log             zerolog.Logger
	Applied         func(wire.Zxid, int) // told after each batch, for the counters
	Config          string               // what /zookeeper/config says; "" for what the tree says
}

// Tree is the actor.
type Tree struct {
	*core
	o       Options
	records int   // since the last checkpoint began
	bytes   int64 // of their bodies
	saving  bool
	asked   *actor.PID // for the digest at askedAt, which has not been applied yet
	askedAt wire.Zxid
}

// New makes the actor.
func New(o Options) *Tree {
	t := &Tree{core: newCore(o.Tree, o.SkipACL), o: o}
	t.config = o.Config
	return t
}

// Receive implements actor.Actor.
func (t *Tree) Receive(c actor.Context) {
	switch m := c.Message().(type) {
	case *Commit:
		t.onCommit(c, m)
	case *Requests:
		t.onRequests(m)
	case *SyncPoint:
		t.onSyncPoint(m)
	case *Connect:
		v := t.onConnect(m)
		c.Send(m.Actor, &v)
	case *Attach:
		t.onAttach(m)
	case *Detach:
		t.onDetach(m)
	case *SetAuth:
		if cn := t.conns[m.Conn]; cn != nil {
			cn.auth = m.Auth
		}
	case *Settle:
		t.onSettle(c, m)
	case *Expel:
		t.onExpel(m)
	case *Census:
		c.Respond(t.population())
	case *DigestAt:
		t.onDigestAt(c, m)
	case *Sweep:
		r := t.onSweep(m)
		c.Respond(&r)
	case *Describe:
		c.Respond(t.describe(m))
	case *Corrupt:
		t.tree.Corrupt(m.Path, m.Data)
	case *slice:
		t.takeSlice(c)
	case *checkpoint.Saved:
		t.saving = false
		t.o.Log.Debug().Stringer("zxid", m.Zxid).Msg("checkpoint written")
	}
	t.flush(c)
}

func (t *Tree) onCommit(c actor.Context, m *Commit) {
	for i := range m.Records {
		t.apply(&m.Records[i])
		t.bytes += int64(len(m.Records[i].Body))
	}
	t.records += len(m.Records)
	if t.asked != nil && t.tree.Applied() >= t.askedAt {
		t.tellDigest(c, t.asked, t.askedAt)
		t.asked = nil
	}
	for _, b := range t.bugs {
		t.o.Log.Error().Stringer("zxid", b.record.Zxid).Stringer("op", b.record.Op).
			Hex("body", b.record.Body).Str("panic", fmt.Sprint(b.panic)).
			Msg("bug: a record could not be evaluated; its client was told SystemError")
	}
	t.bugs = nil
	if t.o.Applied != nil {
		t.o.Applied(t.tree.Applied(), len(m.Records))
	}
	if !t.saving && (t.records >= t.o.CheckpointEvery || t.bytes >= t.o.CheckpointBytes) {
		t.saving, t.records, t.bytes = true, 0, 0
		t.tree.BeginSnapshot()
		c.Send(c.Self(), &slice{})
	}
}

func (t *Tree) takeSlice(c actor.Context) {
	if s := t.tree.SnapshotSlice(sliceNodes); s != nil {
		c.Send(t.o.Checkpoint, &checkpoint.Save{Snapshot: s, Tell: c.Self()})
		return
	}
	c.Send(c.Self(), &slice{})
}

// flush sends each connection what this message brought it, as one message.
func (t *Tree) flush(c actor.Context) {
	for i, cn := range t.touched {
		if cn.welcome != nil {
			c.Send(cn.actor, cn.welcome)
			cn.welcome = nil
		}
		if len(cn.out) > 0 {
			c.Send(cn.actor, &Deliver{cn.out, cn.syncs})
			cn.out, cn.syncs = nil, 0
		}
		if cn.ended != "" {
			c.Send(cn.actor, &Ended{cn.ended, cn.expired})
			cn.ended = ""
		}
		cn.touched = false
		t.touched[i] = nil
	}
	t.touched = t.touched[:0]
	for i := range t.verified {
		v := &t.verified[i]
		c.Send(v.actor, &v.verdict)
	}
	t.verified = nil
}

func (t *Tree) onSettle(c actor.Context, m *Settle) {
	s := &Settled{t.settled(m.Conn)}
	t.flush(c) // what it has been given comes first
	c.Send(m.Actor, s)
}

func (t *Tree) onDigestAt(c actor.Context, m *DigestAt) {
	if m.Zxid > t.tree.Applied() {
		t.asked, t.askedAt = c.Sender(), m.Zxid
		return
	}
	t.tellDigest(c, c.Sender(), m.Zxid)
}

func (t *Tree) tellDigest(c actor.Context, who *actor.PID, z wire.Zxid) {
	if d, ok := t.digestAt(z); ok {
		c.Send(who, &d)
	}
}
