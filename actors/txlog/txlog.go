package txlog

import (
	"errors"
	"fmt"
	"sync"

	"github.com/asynkron/protoactor-go/actor"

	"troupe/persistence"
	"troupe/wire"
)

// Disk is what the actor needs of persistence.Log.
type Disk interface {
	Append(entries []persistence.Entry, committed wire.Zxid) error
	SetAcceptedEpoch(wire.Epoch) error
	Enter(e wire.Epoch, ensemble string) error
	TruncateAfter(wire.Zxid) error
	Trim(below wire.Zxid) error
	Read(from wire.Zxid, maxBytes int) ([]persistence.Entry, error)
	EpochEnds(above wire.Zxid) ([]wire.Zxid, error)
	Epochs() (accepted, current wire.Epoch)
	EnsembleID() string
	Vouches() bool
	End() wire.Zxid
}

// readBytes is about how much one Read gets.
const readBytes = 512 << 10

// Log is the actor.
type Log struct {
	disk      Disk
	beside    *sync.WaitGroup // counts the goroutines that use the disk
	tell      *actor.PID
	queue     []persistence.Entry
	spare     []persistence.Entry // the queue before, kept for its memory
	committed wire.Zxid
	controls  []control // wait behind the queue, each with what was queued before it
	writing   bool
	trimming  bool
	trimNext  wire.Zxid
}

// control is what is done between appends.
type control struct {
	after int // entries of the queue that come first
	do    func() (what any, err error)
	tell  *actor.PID
}

// New makes the actor. Whoever closes the disk waits for beside first.
func New(disk Disk, beside *sync.WaitGroup) *Log { return &Log{disk: disk, beside: beside} }

// Receive implements actor.Actor.
func (l *Log) Receive(c actor.Context) {
	switch m := c.Message().(type) {
	case *Append:
		l.onAppend(c, m)
	case *written:
		l.onWritten(c, m)
	case *Promise:
		l.control(c, m.Tell, func() (any, error) { return &Promised{m.Epoch}, l.disk.SetAcceptedEpoch(m.Epoch) })
	case *Enter:
		l.control(c, m.Tell, func() (any, error) { return &Entered{m.Epoch}, l.disk.Enter(m.Epoch, m.Ensemble) })
	case *Truncate:
		l.control(c, nil, func() (any, error) { return nil, l.disk.TruncateAfter(m.After) })
	case *Flush:
		l.control(c, c.Sender(), l.position)
	case *Read:
		l.onRead(c, m)
	case *Trim:
		l.trimNext = max(l.trimNext, m.Below)
		l.trim(c)
	case *trimmed:
		l.trimming = false
		must(m.err)
		l.trim(c)
	}
}

func (l *Log) onAppend(c actor.Context, m *Append) {
	l.queue = append(l.queue, m.Entries...)
	l.committed, l.tell = m.Committed, m.Tell
	l.flush(c)
}

func (l *Log) control(c actor.Context, tell *actor.PID, do func() (any, error)) {
	l.controls = append(l.controls, control{len(l.queue), do, tell})
	l.flush(c)
}

func (l *Log) onWritten(c actor.Context, m *written) {
	l.writing = false
	must(m.err)
	if m.tell != nil {
		c.Send(m.tell, m.what)
	}
	l.flush(c)
}

// flush starts a write of all that waits, up to the next control, unless one is
// under way.
func (l *Log) flush(c actor.Context) {
	switch {
	case l.writing:
	case len(l.controls) > 0 && l.controls[0].after == 0:
		l.beside.Go(l.controlled(c))
	case len(l.queue) > 0:
		l.beside.Go(l.append(c))
	}
}

func (l *Log) append(c actor.Context) func() {
	l.writing = true
	self, root, tell, committed := c.Self(), c.ActorSystem().Root, l.tell, l.committed
	batch := l.queue
	if len(l.controls) > 0 {
		n := l.controls[0].after
		batch, l.queue = batch[:n:n], batch[n:]
		for i := range l.controls {
			l.controls[i].after -= n
		}
	} else {
		l.queue, l.spare = l.spare[:0], batch
	}
	return func() {
		err := l.disk.Append(batch, committed)
		if err == nil {
			root.Send(tell, &Durable{batch[len(batch)-1].Zxid})
		}
		clear(batch)
		root.Send(self, &written{err: err})
	}
}

func (l *Log) controlled(c actor.Context) func() {
	l.writing = true
	self, root, first := c.Self(), c.ActorSystem().Root, l.controls[0]
	l.controls = l.controls[1:]
	return func() {
		what, err := first.do()
		root.Send(self, &written{tell: first.tell, what: what, err: err})
	}
}

// position tells where the log stands.
func (l *Log) position() (any, error) {
	ends, err := l.disk.EpochEnds(0)
	f := &Flushed{Last: l.disk.End(), Ends: ends, Ensemble: l.disk.EnsembleID(), Vouches: l.disk.Vouches()}
	f.Accepted, f.Current = l.disk.Epochs()
	return f, err
}

func (l *Log) onRead(c actor.Context, m *Read) {
	asker, root := c.Sender(), c.ActorSystem().Root
	self := c.Self()
	l.beside.Go(func() {
		entries, err := l.disk.Read(m.After+1, readBytes)
		trimmed := errors.Is(err, persistence.ErrTrimmed)
		if err != nil && !trimmed {
			root.Send(self, &written{err: err})
			return
		}
		root.Send(asker, &Entries{m.Peer, m.Join, entries, trimmed})
	})
}

func (l *Log) trim(c actor.Context) {
	if l.trimming || l.trimNext == 0 {
		return
	}
	l.trimming = true
	below := l.trimNext
	l.trimNext = 0
	self, root := c.Self(), c.ActorSystem().Root
	l.beside.Go(func() { root.Send(self, &trimmed{l.disk.Trim(below)}) })
}

// must ends the incarnation: after a failed write or sync nothing that the log
// says can be relied on until it has been opened anew.
func must(err error) {
	if err != nil {
		panic(fmt.Errorf("transaction log: %w", err))
	}
}
