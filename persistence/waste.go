package persistence

import "sync"

// Replaced and deleted values stay on disk until LevelDB merges the tables
// they are in, which may be never. So when they may add up to half of what is
// live, everything is compacted, beside the checkpoints.
const (
	// wasteSlack is waste that is not worth a compaction, in write buffers.
	wasteSlack = 2
	// deletedValue is what a deleted value is taken to have occupied.
	deletedValue = 1 << 10
)

// waste estimates what of a state's tables is no longer live, and runs the
// compaction that gets rid of it.
type waste struct {
	db    *database
	slack int64

	mu      sync.Mutex
	live    int64         // bytes in tables, less what may be waste, at the last compaction
	written int64         // bytes put since it began
	deleted int64         // what was deleted since it began occupied
	running chan struct{} // closed when the compaction under way ends; nil: there is none
}

func newWaste(db *database, writeBuffer int) *waste {
	return &waste{db: db, slack: wasteSlack * int64(writeBuffer), live: db.tableBytes()}
}

// loaded corrects the start, which takes all that is in tables to be live, by
// what a Load found. Values that compress well are live in less.
func (w *waste) loaded(bytes int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.live = min(w.live, bytes)
}

// note takes a checkpoint into account and starts a compaction if it is worth
// one. If one cannot keep pace it waits, so that the disk use stays bounded.
func (w *waste) note(c *Checkpoint) {
	w.mu.Lock()
	w.count(c)
	excess, running := w.excess(), w.running
	if excess > 0 && running == nil {
		w.running = make(chan struct{})
		go w.compact(w.running)
	}
	w.mu.Unlock()
	if running != nil && excess > w.slack {
		<-running
	}
}

func (w *waste) count(c *Checkpoint) {
	for _, n := range c.Nodes {
		w.written += int64(len(n.Path) + len(n.Value))
		if n.Value == nil {
			w.deleted += deletedValue
		}
	}
	for _, s := range c.Sessions {
		w.written += int64(len(s.Value))
	}
}

// excess is by how much the waste exceeds what is let be, by estimate. It is
// called with mu held.
func (w *waste) excess() int64 {
	tables := w.db.tableBytes()
	w.live = min(w.live, tables) // LevelDB compacts by itself, too
	return tables - w.live + w.deleted - w.live/2 - w.slack
}

// compact compacts until what was written meanwhile is no excess. It leaves an
// error to the disk, which the next checkpoint asks.
func (w *waste) compact(done chan struct{}) {
	defer close(done)
	for again := true; again; {
		w.mu.Lock()
		w.written, w.deleted = 0, 0
		w.mu.Unlock()
		err := w.db.reclaim(allKeys)
		w.mu.Lock()
		w.live = max(w.db.tableBytes()-w.written, 0)
		if again = err == nil && !w.db.isClosed() && w.excess() > 0; !again {
			w.running = nil
		}
		w.mu.Unlock()
	}
}
