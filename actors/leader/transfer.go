package leader

import (
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"troupe/actors/role"
	"troupe/cluster/zab"
	"troupe/wire"
)

const (
	// chunkBytes of a state are sent at once, and chunksUnderWay of them without
	// an answer: more would hold up heartbeats.
	chunkBytes     = 256 << 10
	chunksUnderWay = 4
	// pinned is how long the log is kept for a learner that has got a state and
	// has not come back.
	pinned = 10 * time.Minute
)

// Export is a state as of one zxid, being sent.
type Export interface {
	Zxid() wire.Zxid
	Digest() uint64
	Bytes() int64
	Next(maxBytes int) (chunk []byte, done bool, err error)
	Close()
}

// Exporter begins an Export. Release lets the log behind it go.
type Exporter func() (e Export, release func(), err error)

// transfer is a state under way to a learner.
type transfer struct {
	join    wire.Join
	credits chan struct{}
	stop    chan struct{}
}

// beginTransfer sends the state to a learner, beside this actor.
func (l *Leader) beginTransfer(c actor.Context, f zab.Transfer) {
	l.stopSending(f.Peer)
	t := &transfer{f.Join, make(chan struct{}, 2*chunksUnderWay), make(chan struct{})}
	for range chunksUnderWay {
		t.credits <- struct{}{}
	}
	l.sending[f.Peer] = t
	self, root, mail := c.Self(), c.ActorSystem().Root, role.NewMail(l.o.Lanes)
	go func() {
		err := l.export(f, t, func(m wire.PeerMessage) { mail.SendNow(root, f.Peer, m) })
		root.Send(self, &exported{f.Peer, f.Join, err})
	}()
}

// export is the goroutine of a transfer.
func (l *Leader) export(f zab.Transfer, t *transfer, send func(wire.PeerMessage)) error {
	e, release, err := l.o.Export()
	if err != nil {
		return err
	}
	time.AfterFunc(pinned, release)
	defer e.Close()
	l.o.Logger.Info().Uint8("server", uint8(f.Peer)).Stringer("zxid", e.Zxid()).Int64("bytes", e.Bytes()).
		Msg("sending the state to a server that is far behind")
	send(&wire.TransferBegin{Join: f.Join, Zxid: e.Zxid(), Digest: e.Digest(), Bytes: uint64(e.Bytes())})
	for {
		select {
		case <-t.stop:
			return nil
		case <-t.credits:
		}
		chunk, done, err := e.Next(chunkBytes)
		if err != nil {
			return err
		}
		send(&wire.TransferChunk{Join: f.Join, Last: done, Data: chunk})
		if done {
			return nil
		}
	}
}

func (l *Leader) onCredit(from wire.ServerID, m *wire.TransferCredit) {
	if t := l.sending[from]; t != nil && t.join == m.Join {
		select {
		case t.credits <- struct{}{}:
		default: // more than it was given
		}
	}
}

func (l *Leader) stopSending(peer wire.ServerID) {
	if t := l.sending[peer]; t != nil {
		close(t.stop)
		delete(l.sending, peer)
	}
}

// onExported ends the attempt if the state could not be read: the learner comes
// again.
func (l *Leader) onExported(c actor.Context, m *exported) {
	if t := l.sending[m.peer]; t == nil || t.join != m.join {
		return
	}
	delete(l.sending, m.peer)
	if m.err != nil {
		l.o.Logger.Error().Err(m.err).Uint8("server", uint8(m.peer)).Msg("the state could not be sent")
		l.mail.Send(c, m.peer, &wire.Leave{Join: m.join, Why: fmt.Sprintf("its state could not be read: %v", m.err)})
		l.step(c, zab.Gone{Peer: m.peer})
	}
}
