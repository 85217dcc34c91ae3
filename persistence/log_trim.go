package persistence

import (
	"errors"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/util"

	"troupe/wire"
)

// trimStep bounds the records that one step of Trim removes, and so how long
// an Append may have to wait for it.
const trimStep = 2048

// Pin keeps Trim from removing records above z, as a state transfer at z needs
// them, until release is called. What was removed before stays so: Low tells.
func (l *Log) Pin(z wire.Zxid) (release func()) {
	l.cut.Lock()
	defer l.cut.Unlock()
	pin := &z
	l.pins[pin] = true
	return func() {
		l.cut.Lock()
		defer l.cut.Unlock()
		delete(l.pins, pin)
	}
}

// unpinned lowers below to what pins allow. It is called with cut held.
func (l *Log) unpinned(below wire.Zxid) wire.Zxid {
	for z := range l.pins {
		if *z < below {
			below = *z + 1
		}
	}
	return below
}

// Trim removes records with zxids below below, all of them committed, and gives
// their space back. It may run beside Append. Segments are removed whole, which
// costs next to nothing, so that some of the records may stay; those in the
// log's own database, where a log begins, are removed one by one, and Append
// waits for a step of that at most.
func (l *Log) Trim(below wire.Zxid) error {
	if err := l.db.enter(); err != nil {
		return err
	}
	trimmed, err := l.removeBelow(below)
	var dropped []segment
	if err == nil {
		dropped, err = l.dropBelow(below)
	}
	err = errors.Join(err, l.retire(dropped))
	l.db.leave()
	if err != nil || !trimmed {
		return err
	}
	// Outside of enter, so that Close need not wait: it breaks this off.
	return l.db.reclaim(util.Range{Start: recordKey(0), Limit: recordKey(below)})
}

// dropBelow lets go of the segments that hold only records below below, but for
// the newest, once nothing is before them.
func (l *Log) dropBelow(below wire.Zxid) (dropped []segment, err error) {
	l.write.Lock()
	defer l.write.Unlock()
	l.cut.Lock()
	defer l.cut.Unlock()
	below = l.unpinned(below)
	e, kept := l.bounds(), l.segments
	n := 0
	for n+2 < len(kept.list) && kept.list[1].after(e.low) == e.low && kept.end(n+1, e.last).zxid < below {
		n++
	}
	if n == 0 {
		return nil, nil
	}
	dropped = kept.list[1 : n+1]
	kept.list = append(kept.list[:1:1], kept.list[n+1:]...)
	low := kept.list[1].low
	committed := max(e.committed, low.zxid)
	b := new(leveldb.Batch)
	b.Put(keyLow, encodePlace(low))
	b.Put(keyCommitted, encodeZxid(committed))
	b.Put(keySegments, encodeSegments(kept))
	if err := l.db.commit(b); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.low, l.committed, l.segments = low, committed, kept
	return dropped, nil
}

// removeBelow removes records of the log's own database, step by step; trimmed
// says if there was anything.
func (l *Log) removeBelow(below wire.Zxid) (trimmed bool, err error) {
	for {
		if l.db.isClosed() {
			return false, ErrClosed
		}
		n, err := l.trimStep(below)
		if err != nil {
			return false, err
		}
		trimmed = trimmed || n > 0
		if n < trimStep {
			return trimmed, nil
		}
	}
}

// trimStep removes up to trimStep records and moves low behind them, at once.
func (l *Log) trimStep(below wire.Zxid) (n int, err error) {
	l.write.Lock()
	defer l.write.Unlock()
	l.cut.Lock()
	defer l.cut.Unlock()
	below = l.unpinned(below)
	e := l.bounds()
	own := l.segments.end(0, e.last)
	if e.low.zxid+1 >= below || own.zxid <= e.low.zxid {
		return 0, nil
	}
	batch := new(leveldb.Batch)
	low, n, err := l.deleteBelow(batch, e.low, below)
	if err != nil {
		return 0, err
	}
	committed := max(e.committed, low.zxid)
	batch.Put(keyLow, encodePlace(low))
	batch.Put(keyCommitted, encodeZxid(committed))
	if err := l.db.commit(batch); err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.low, l.committed = low, committed
	return n, nil
}

// deleteBelow puts the removal of the next records into batch. It returns the
// place of the last of them.
func (l *Log) deleteBelow(batch *leveldb.Batch, low place, below wire.Zxid) (place, int, error) {
	it := l.db.iterate(recordsAfter(low.zxid))
	defer it.Release()
	n := 0
	for n < trimStep && it.Next() {
		r, err := decodeRecord(it.Key(), it.Value())
		if err == nil {
			err = r.follows(low)
		}
		if err != nil {
			return place{}, 0, errDamaged(l.db.dir, err)
		}
		if r.zxid >= below {
			break
		}
		batch.Delete(it.Key())
		low = r.place
		n++
	}
	if err := it.Error(); err != nil {
		return place{}, 0, reading(l.db.dir, err)
	}
	return low, n, nil
}
