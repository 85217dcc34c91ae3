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
	SetCurrentEpoch(wire.Epoch) error
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

// keptQueue is how many entries' room is kept for the next write.
const keptQueue = 1 << 12

// Log is the actor.
type Log struct {
	disk      Disk
	beside    *sync.WaitGroup // counts the goroutines that use the disk
	tell      *actor.PID
	queue     []persistence.Entry
	committed wire.Zxid
	flushing  bool // a flush is under way to this actor
	trimming  bool
	trimNext  wire.Zxid
}

// New makes the actor. Whoever closes the disk waits for beside first.
func New(disk Disk, beside *sync.WaitGroup) *Log { return &Log{disk: disk, beside: beside} }

// Receive implements actor.Actor.
func (l *Log) Receive(c actor.Context) {
	switch m := c.Message().(type) {
	case *Append:
		l.onAppend(c, m)
	case flush:
		l.flushing = false
		l.write(c)
	case *Promise:
		l.write(c)
		must(l.disk.SetAcceptedEpoch(m.Epoch))
		c.Send(m.Tell, &Promised{m.Epoch})
	case *Enter:
		l.write(c)
		must(l.enter(m))
		c.Send(m.Tell, &Entered{m.Epoch})
	case *Truncate:
		l.write(c)
		must(l.disk.TruncateAfter(m.After))
	case *Flush:
		l.write(c)
		c.Respond(l.position())
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

// onAppend queues entries. They are written once all that has come with them is
// queued, too: what comes while a write is under way goes into the next.
func (l *Log) onAppend(c actor.Context, m *Append) {
	l.queue = append(l.queue, m.Entries...)
	l.committed, l.tell = m.Committed, m.Tell
	if !l.flushing {
		l.flushing = true
		c.Send(c.Self(), flush{})
	}
}

// write writes and syncs what is queued.
func (l *Log) write(c actor.Context) {
	if len(l.queue) == 0 {
		return
	}
	must(l.disk.Append(l.queue, l.committed))
	last := l.queue[len(l.queue)-1].Zxid
	clear(l.queue)
	if l.queue = l.queue[:0]; cap(l.queue) > keptQueue {
		l.queue = nil
	}
	c.Send(l.tell, &Durable{last})
}

func (l *Log) enter(m *Enter) error {
	if m.Vouch {
		return l.disk.Enter(m.Epoch, m.Ensemble)
	}
	return l.disk.SetCurrentEpoch(m.Epoch)
}

// position tells where the log stands.
func (l *Log) position() *Flushed {
	ends, err := l.disk.EpochEnds(0)
	must(err)
	f := &Flushed{Last: l.disk.End(), Ends: ends, Ensemble: l.disk.EnsembleID(), Vouches: l.disk.Vouches()}
	f.Accepted, f.Current = l.disk.Epochs()
	return f
}

func (l *Log) onRead(c actor.Context, m *Read) {
	asker, root := c.Sender(), c.ActorSystem().Root
	l.beside.Go(func() {
		entries, err := l.disk.Read(m.After+1, readBytes)
		e := &Entries{Peer: m.Peer, Join: m.Join, Entries: entries, Trimmed: err != nil}
		if err != nil && !errors.Is(err, persistence.ErrTrimmed) {
			e.Err = fmt.Errorf("transaction log: %w", err)
		}
		root.Send(asker, e)
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
