package persistence

import (
	"bytes"
	"fmt"

	"github.com/syndtr/goleveldb/leveldb/iterator"

	"troupe/wire"
)

// maxEpochEnds bounds what EpochEnds returns.
const maxEpochEnds = 64

// Read returns the records from zxid from on, in order: at least one, if there
// is any, and then as many as fit in about maxBytes. They are checked as Scan
// does, up to the last returned. It costs a seek and may run beside Append.
func (l *Log) Read(from wire.Zxid, maxBytes int) ([]Entry, error) {
	if err := l.db.enter(); err != nil {
		return nil, err
	}
	defer l.db.leave()
	from = max(from, 1)
	it, e := l.snapshot(from)
	defer it.Release()
	if from <= e.low.zxid {
		return nil, fmt.Errorf("read the log from %s: %w up to %s", from, ErrTrimmed, e.low.zxid)
	}
	w := walker{dir: l.db.dir, at: place{zxid: from - 1}}
	var es []Entry
	for size := 0; size < maxBytes || len(es) == 0; {
		r, ok, err := w.next(it)
		if err != nil {
			return nil, err
		}
		if !ok {
			return es, w.reached(e.last)
		}
		es = append(es, Entry{Zxid: r.zxid, Data: bytes.Clone(r.data)})
		size += recordKeyLen + recordHeader + len(r.data)
	}
	return es, nil
}

// walker reads records one by one and checks that they form a chain.
type walker struct {
	dir string
	at  place // of the record before; its index shows once there is one
}

// next returns the next record, whose data is valid until the one after it.
func (w *walker) next(it iterator.Iterator) (r record, ok bool, err error) {
	if !it.Next() {
		if err := it.Error(); err != nil {
			return record{}, false, reading(w.dir, err)
		}
		return record{}, false, nil
	}
	r, err = decodeRecord(it.Key(), it.Value())
	if err == nil {
		err = r.continues(w.at)
	}
	if err != nil {
		return record{}, false, errDamaged(w.dir, err)
	}
	w.at = r.place
	return r, true, nil
}

// reached checks, where there are no more records, that the last was read.
func (w *walker) reached(last place) error {
	if w.at.zxid < last.zxid {
		return errDamaged(w.dir, badBytes("records from %s to %s are missing", w.at.zxid+1, last.zxid))
	}
	return nil
}

// EpochEnds returns the last zxid of each epoch among the records above above,
// newest first, and no more than 64 of them. It seeks, once for each.
func (l *Log) EpochEnds(above wire.Zxid) ([]wire.Zxid, error) {
	if err := l.db.enter(); err != nil {
		return nil, err
	}
	defer l.db.leave()
	if above >= l.bounds().last.zxid {
		return nil, nil
	}
	it, e := l.snapshot(above + 1)
	defer it.Release()
	var ends []wire.Zxid
	for ok := it.Last(); ok && len(ends) < maxEpochEnds; {
		r, err := decodeRecord(it.Key(), it.Value())
		if err != nil {
			return nil, errDamaged(l.db.dir, err)
		}
		ends = append(ends, r.zxid)
		// Where no later epoch has a record, the iterator would be at its end,
		// which Prev goes back from as well.
		it.Seek(recordKey(wire.MakeZxid(r.zxid.Epoch(), 0)))
		ok = it.Prev()
	}
	if err := it.Error(); err != nil {
		return nil, reading(l.db.dir, err)
	}
	if len(ends) == 0 && above < e.last.zxid {
		return nil, errDamaged(l.db.dir, badBytes("records from %s to %s are missing", above+1, e.last.zxid))
	}
	return ends, nil
}
