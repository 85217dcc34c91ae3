package persistence

import "sync"

// waste runs the compaction that gives back what is no longer live of a state's
// tables. Replaced and deleted values stay there until LevelDB merges the tables they
// are in, which may be never. So when they come to half of what is live, everything
// is compacted, beside the checkpoints.
//
// What is live is known as the tree's owner counts it (Checkpoint.Live); how much
// that is in tables is learnt from each compaction.
type waste struct {
	db    *database
	slack int64 // waste that is not worth a compaction

	mu      sync.Mutex
	live    int64         // as counted, at the last checkpoint
	share   float64       // bytes in tables for each
	last    weight        // after the last compaction
	running chan struct{} // closed when the compaction under way ends; nil: there is none
}

type weight struct{ live, tables int64 }

// maxShare bounds what is believed of a share: a count that misses most of what is
// there must not let waste grow without end.
const maxShare = 4

func newWaste(db *database, writeBuffer int) *waste {
	return &waste{db: db, slack: int64(writeBuffer), live: db.tableBytes(), share: 1, last: weight{0, -int64(writeBuffer)}}
}

// loaded takes what a Load found, until the first checkpoint.
func (w *waste) loaded(bytes int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.live = bytes
}

// note takes a checkpoint into account and starts a compaction if it is worth
// one. If one cannot keep pace it waits, so that the disk use stays bounded.
func (w *waste) note(live int64) {
	w.mu.Lock()
	w.live = live
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

// excess is by how much the waste exceeds what is let be, by estimate. It is
// called with mu held.
func (w *waste) excess() int64 {
	tables := w.db.tableBytes()
	if tables-w.last.tables < w.slack && w.last.live-w.live < w.slack {
		return 0 // another compaction would find nothing, however wrong the count is
	}
	return tables - int64(1.5*w.share*float64(w.live)) - w.slack
}

// compact compacts until what was written meanwhile is no excess. It leaves an
// error to the disk, which the next checkpoint asks.
func (w *waste) compact(done chan struct{}) {
	defer close(done)
	for again := true; again; {
		err := w.db.reclaim(allKeys)
		w.mu.Lock()
		w.last = weight{w.live, w.db.tableBytes()}
		w.share = min(float64(w.last.tables)/float64(max(w.live, w.slack)), maxShare)
		if again = err == nil && !w.db.isClosed() && w.excess() > 0; !again {
			w.running = nil
		}
		w.mu.Unlock()
	}
}
