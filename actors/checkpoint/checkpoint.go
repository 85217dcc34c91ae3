// Package checkpoint is the actor before the state's disk. It writes what the
// tree hands it, one snapshot at a time, as one atomic step, and then lets the
// log go of what the checkpoint before made needless. It blocks on the disk, and
// nobody waits for it.
//
//	tree --Save--> checkpoint --Saved--> tree
//	checkpoint --Trim--> txlog
package checkpoint

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/asynkron/protoactor-go/actor"

	"troupe/actors/tree/znode"
	"troupe/actors/txlog"
	"troupe/persistence"
	"troupe/wire"
)

// Accepts.
type (
	// Save asks for a snapshot to be written. Sent by the tree; answered by Saved.
	Save struct {
		Snapshot *znode.Snapshot
		Tell     *actor.PID
	}
)

// Emits.
type (
	// Saved tells that a checkpoint at Zxid is on disk.
	Saved struct{ Zxid wire.Zxid }
)

// Disk is what the actor needs of persistence.State.
type Disk interface {
	Commit(*persistence.Checkpoint) error
}

// Writer is the actor.
type Writer struct {
	disk   Disk
	log    *actor.PID
	busy   *sync.WaitGroup
	packer *wire.Packer
	last   wire.Zxid // of the checkpoint before
}

// New makes the actor; last is the zxid of the checkpoint on disk. Whoever
// closes the disk waits for busy first.
func New(disk Disk, log *actor.PID, last wire.Zxid, busy *sync.WaitGroup) *Writer {
	return &Writer{disk: disk, log: log, busy: busy, packer: wire.NewPacker(), last: last}
}

// Receive implements actor.Actor.
func (w *Writer) Receive(c actor.Context) {
	if m, ok := c.Message().(*Save); ok {
		w.onSave(c, m)
	}
}

func (w *Writer) onSave(c actor.Context, m *Save) {
	w.busy.Add(1)
	defer w.busy.Done()
	if err := w.disk.Commit(w.encode(m.Snapshot)); err != nil {
		panic(fmt.Errorf("checkpoint at %v: %w", m.Snapshot.Zxid, err))
	}
	// The log keeps what is between the last two checkpoints, so that a member
	// that is a little behind can be caught up by records.
	c.Send(w.log, &txlog.Trim{Below: w.last + 1})
	w.last = m.Snapshot.Zxid
	c.Send(m.Tell, &Saved{m.Snapshot.Zxid})
}

func (w *Writer) encode(s *znode.Snapshot) *persistence.Checkpoint {
	out := &persistence.Checkpoint{Zxid: s.Zxid, Digest: s.Digest, Live: s.Live, Nodes: w.nodes(s.Nodes),
		Sessions: make([]persistence.SessionValue, 0, len(s.Sessions))}
	for id, ses := range s.Sessions {
		v := persistence.SessionValue{ID: int64(id)}
		if ses != nil {
			v.Value = w.packer.Session(nil, ses)
		}
		out.Sessions = append(out.Sessions, v)
	}
	return out
}

// nodes are encoded one by one, as they are asked for: what a checkpoint takes in
// memory beside the snapshot is one of them.
func (w *Writer) nodes(all map[string]*wire.Znode) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		var value []byte
		for _, path := range slices.Sorted(maps.Keys(all)) {
			z := all[path]
			if z == nil {
				if !yield(path, nil) {
					return
				}
				continue
			}
			if value = w.packer.Znode(value[:0], z); !yield(path, value) {
				return
			}
		}
	}
}
