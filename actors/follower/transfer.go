package follower

import (
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"troupe/actors/role"
	"troupe/cluster/zab"
	"troupe/wire"
)

// Incoming is a state being stored beside the one in use.
type Incoming interface {
	// Put stores a chunk.
	Put(chunk []byte) error
	// Finish makes what was stored the state in use, from the next opening on.
	Finish() error
	// Abort removes it.
	Abort() error
}

// chunksWaiting is more chunks than a leader may have under way.
const chunksWaiting = 16

// progressEvery is how often a transfer is reported.
const progressEvery = 5 * time.Second

// receiving is a transfer under way: its chunks go to a goroutine.
type receiving struct {
	zxid     wire.Zxid
	digest   uint64
	total    uint64
	got      uint64
	reported time.Time
	chunks   chan *wire.TransferChunk
}

// onTransferBegin starts to store a state, beside this actor.
func (f *Follower) onTransferBegin(c actor.Context, m *wire.TransferBegin) {
	if m.Join != f.o.Zab.Join || f.receiving != nil {
		return
	}
	f.o.Logger.Info().Uint8("leader", uint8(f.o.Zab.Leader)).Stringer("zxid", m.Zxid).Uint64("bytes", m.Bytes).
		Msg("receiving the leader's state, to replace this server's")
	r := &receiving{zxid: m.Zxid, digest: m.Digest, total: m.Bytes, reported: time.Now(), chunks: make(chan *wire.TransferChunk, chunksWaiting)}
	f.receiving = r
	self, root := c.Self(), c.ActorSystem().Root
	go func() { f.store(r, func(s *stored) { root.Send(self, s) }) }()
}

// store is the goroutine of a transfer. It ends when the chunks do.
func (f *Follower) store(r *receiving, tell func(*stored)) {
	in, err := f.o.Receive(r.zxid, r.digest)
	if err != nil {
		tell(&stored{err: err})
		return
	}
	for chunk := range r.chunks {
		err := in.Put(chunk.Data)
		if err == nil && chunk.Last {
			err = in.Finish()
		}
		tell(&stored{last: chunk.Last, err: err})
		if chunk.Last || err != nil {
			return
		}
	}
	_ = in.Abort() // what is left of it is removed at the next start, too
}

func (f *Follower) onTransferChunk(c actor.Context, m *wire.TransferChunk) {
	r := f.receiving
	if r == nil || m.Join != f.o.Zab.Join {
		return
	}
	r.got += uint64(len(m.Data))
	if time.Since(r.reported) > progressEvery {
		r.reported = time.Now()
		f.o.Logger.Info().Stringer("zxid", r.zxid).Uint64("bytes", r.got).Uint64("of_about", r.total).Msg("receiving the leader's state")
	}
	select {
	case r.chunks <- m:
	default:
		f.fail(c, fmt.Errorf("the leader sent more than was asked for"))
	}
}

func (f *Follower) onStored(c actor.Context, m *stored) {
	switch {
	case m.err != nil:
		f.fail(c, m.err)
	case m.last:
		f.o.Logger.Info().Stringer("zxid", f.receiving.zxid).Uint64("bytes", f.receiving.got).Msg("the leader's state is on disk")
		c.Send(c.Parent(), &role.Replaced{Zxid: f.receiving.zxid})
	default:
		f.send(c, &wire.TransferCredit{Join: f.o.Zab.Join})
	}
}

// fail gives a transfer up; the server joins anew.
func (f *Follower) fail(c actor.Context, err error) {
	f.o.Logger.Error().Err(err).Msg("the leader's state could not be stored")
	f.abort()
	f.step(c, zab.Retire{})
}

func (f *Follower) abort() {
	if f.receiving != nil {
		close(f.receiving.chunks)
		f.receiving = nil
	}
}
