package persistence

import "sync/atomic"

// Replaced and deleted values stay on disk until LevelDB merges the tables
// they are in, which may be never. So when they may add up to half of what is
// live, everything is compacted once, beside the checkpoints.
const (
	// wasteSlack is waste that is not worth a compaction, in write buffers:
	// journals, and tables that LevelDB merges by itself soon.
	wasteSlack = 4
	// deletedValue is what a deleted value is taken to have occupied.
	deletedValue = 1 << 10
)

// waste estimates what of a state's disk use is no longer live, and runs the
// compaction that gets rid of it.
type waste struct {
	db      *database
	slack   int64
	live    atomic.Int64 // bytes on disk after the last compaction
	deleted atomic.Int64 // deletedValue times the deletions since
	done    chan struct{}
}

func newWaste(db *database, writeBuffer int) *waste {
	w := &waste{db: db, slack: wasteSlack * int64(writeBuffer), done: make(chan struct{})}
	w.live.Store(db.disk.size())
	close(w.done)
	return w
}

// loaded corrects the start, which takes all that is on disk to be live, by
// what a Load found. Values that compress well are live in less.
func (w *waste) loaded(bytes int64) {
	w.live.Store(min(bytes, w.db.disk.size()))
}

// bytes is the estimate.
func (w *waste) bytes() int64 {
	return w.db.disk.size() - w.live.Load() + w.deleted.Load()
}

// note takes a checkpoint's deletions into account and starts a compaction if
// it is worth it. If one cannot keep pace it waits, so that the disk use of a
// state stays bounded.
func (w *waste) note(c *Checkpoint) {
	for _, n := range c.Nodes {
		if n.Value == nil {
			w.deleted.Add(deletedValue)
		}
	}
	limit := w.live.Load()/2 + w.slack
	if w.bytes() <= limit {
		return
	}
	select {
	case <-w.done:
	default:
		if w.bytes() <= 2*limit {
			return
		}
		<-w.done
	}
	w.done = make(chan struct{})
	go w.compact(w.done)
}

// compact leaves an error to the disk, which the next checkpoint asks.
func (w *waste) compact(done chan struct{}) {
	defer close(done)
	w.deleted.Store(0)
	if w.db.reclaim(allKeys) == nil {
		w.live.Store(w.db.disk.size())
	}
}
