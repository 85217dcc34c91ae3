package persistence

import (
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

// Trim removes the records with zxids below below, all of them committed, and
// gives their space back. It may run beside Append, which waits for a step at
// most; giving the space back costs the disk what the removed records cost to
// write, so trim a good part of the log at once rather than a little often.
func (l *Log) Trim(below wire.Zxid) error {
	if err := l.db.enter(); err != nil {
		return err
	}
	trimmed, err := l.removeBelow(below)
	l.db.leave()
	if err != nil || !trimmed {
		return err
	}
	// Outside of enter, so that Close need not wait: it breaks this off.
	return l.db.reclaim(util.Range{Start: recordKey(0), Limit: recordKey(below)})
}

// removeBelow removes step by step; trimmed says if there was anything.
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
	if e.first == 0 || e.first >= below {
		return 0, nil
	}
	batch := new(leveldb.Batch)
	low, next, n, err := l.deleteBelow(batch, e.low, below)
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
	l.low, l.first, l.committed = low, next, committed
	return n, nil
}

// deleteBelow puts the removal of the next records into batch. It returns the
// place of the last of them, and the zxid of the record after it, if any.
func (l *Log) deleteBelow(batch *leveldb.Batch, low place, below wire.Zxid) (place, wire.Zxid, int, error) {
	it := l.db.iterate(&util.Range{Start: recordKey(low.zxid + 1), Limit: []byte{prefixRecord + 1}})
	defer it.Release()
	next := wire.Zxid(0)
	n := 0
	for it.Next() {
		r, err := decodeRecord(it.Key(), it.Value())
		if err == nil {
			err = r.follows(low)
		}
		if err != nil {
			return place{}, 0, 0, errDamaged(l.db.dir, err)
		}
		if r.zxid >= below || n == trimStep {
			next = r.zxid
			break
		}
		batch.Delete(it.Key())
		low = r.place
		n++
	}
	if err := it.Error(); err != nil {
		return place{}, 0, 0, reading(l.db.dir, err)
	}
	return low, next, n, nil
}
