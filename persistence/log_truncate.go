package persistence

import (
	"errors"
	"fmt"

	"github.com/syndtr/goleveldb/leveldb"

	"troupe/wire"
)

// TruncateAfter removes the records behind z, which were never committed. One
// that is known to be is refused, and the error names both. If it is cut short
// while it removes segments, records of the others are left, from the front.
func (l *Log) TruncateAfter(z wire.Zxid) error {
	if err := l.db.enter(); err != nil {
		return err
	}
	defer l.db.leave()
	dropped, err := l.truncateAfter(z)
	return errors.Join(err, l.retire(dropped)) // which may wait for readers, so without a lock
}

func (l *Log) truncateAfter(z wire.Zxid) (dropped []segment, err error) {
	l.write.Lock()
	defer l.write.Unlock()
	e := l.bounds()
	switch {
	case z >= e.last.zxid:
		return nil, nil
	case z < e.committed:
		return nil, fmt.Errorf("truncate the log after %s: %s is committed", z, e.committed)
	}
	l.cut.Lock()
	defer l.cut.Unlock()
	dropped, err = l.dropAfter(z, e.committed)
	if err != nil {
		return nil, err
	}
	l.reset()
	newest := l.segments.newest()
	if err := newest.reopen(); err != nil {
		return dropped, err
	}
	last, err := l.deleteAfter(newest, z)
	if err != nil {
		return dropped, err
	}
	if newest.db == l.db {
		l.batch.Put(keyCommitted, encodeZxid(e.committed))
	}
	if err := newest.db.commit(l.batch); err != nil {
		return dropped, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = last
	return dropped, nil
}

// dropAfter lets go of the segments that hold only records behind z. What the
// records say is committed goes to the meta data before any of them goes.
func (l *Log) dropAfter(z, committed wire.Zxid) (dropped []segment, err error) {
	if len(l.segments.list) == 1 {
		return nil, nil
	}
	kept := l.segments
	for len(kept.list) > 1 && kept.newest().low.zxid >= z {
		kept.list = kept.list[:len(kept.list)-1]
	}
	dropped = l.segments.list[len(kept.list):]
	b := new(leveldb.Batch)
	b.Put(keyCommitted, encodeZxid(committed))
	b.Put(keySegments, encodeSegments(kept))
	if err := l.db.commit(b); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.segments = kept; len(dropped) > 0 {
		l.last = dropped[0].low
	}
	return dropped, nil
}

// deleteAfter puts the removal of all records of s behind z into the batch and
// returns the place of the last one left.
func (l *Log) deleteAfter(s segment, z wire.Zxid) (place, error) {
	low := s.after(l.bounds().low)
	it := s.db.iterate(recordsAfter(low.zxid))
	defer it.Release()
	for ok := it.Seek(recordKey(z + 1)); ok; ok = it.Next() {
		l.batch.Delete(it.Key())
	}
	last := low
	it.Seek(recordKey(z + 1))
	if it.Prev() {
		r, err := decodeRecord(it.Key(), it.Value())
		if err != nil {
			return place{}, errDamaged(s.dir, err)
		}
		last = r.place
	}
	if err := it.Error(); err != nil {
		return place{}, reading(s.dir, err)
	}
	return last, nil
}
