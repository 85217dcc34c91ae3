package txlog

import (
	"fmt"
	"sync"

	"github.com/asynkron/protoactor-go/actor"

	"troupe/persistence"
	"troupe/wire"
)

// Disk is what the actor needs of persistence.Log.
type Disk interface {
	Append(entries []persistence.Entry, committed wire.Zxid) error
	Trim(below wire.Zxid) error
}

// Log is the actor.
type Log struct {
	disk      Disk
	beside    *sync.WaitGroup // counts the goroutines that use the disk
	tell      *actor.PID
	queue     []persistence.Entry
	spare     []persistence.Entry // the queue before, kept for its memory
	committed wire.Zxid
	writing   bool
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
	case *written:
		l.onWritten(c, m)
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

func (l *Log) onWritten(c actor.Context, m *written) {
	l.writing = false
	must(m.err)
	c.Send(l.tell, &Durable{m.last})
	l.flush(c)
}

// flush starts a write of all that waits, unless one is under way.
func (l *Log) flush(c actor.Context) {
	if l.writing || len(l.queue) == 0 {
		return
	}
	l.writing = true
	batch, committed := l.queue, l.committed
	l.queue, l.spare = l.spare[:0], batch
	self, root := c.Self(), c.ActorSystem().Root
	l.beside.Go(func() {
		err := l.disk.Append(batch, committed)
		last := batch[len(batch)-1].Zxid
		clear(batch)
		root.Send(self, &written{last, err})
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
