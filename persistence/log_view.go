package persistence

import (
	"github.com/syndtr/goleveldb/leveldb/iterator"
	"github.com/syndtr/goleveldb/leveldb/util"

	"troupe/wire"
)

// view is the log from some zxid on as it is at one moment, to the last record
// acknowledged, read once from front to back. The records are checked, and that
// they form a chain.
type view struct {
	extent
	parts []stretch // with something in them, in order
	read  int       // parts that were read
	at    place     // of the record before; its index shows once there is one
	dir   string
}

// stretch is what of a view lies in one database.
type stretch struct {
	db *database
	it iterator.Iterator
}

// view begins one. It need not wait for an Append, only for what takes records
// away; that in turn waits, before it closes a database, until the view is
// released.
func (l *Log) view(from wire.Zxid) (*view, error) {
	l.cut.RLock()
	defer l.cut.RUnlock()
	l.mu.RLock()
	v, all := &view{extent: l.extent, dir: l.db.dir}, l.segments
	l.mu.RUnlock()
	from = max(from, v.low.zxid+1)
	v.at = place{zxid: from - 1}
	for i, s := range all.list {
		end := all.end(i, v.last)
		if end.zxid < from || end == s.after(v.low) {
			continue
		}
		if err := s.db.enter(); err != nil {
			v.release()
			return nil, err
		}
		v.parts = append(v.parts, stretch{s.db, s.db.iterate(&util.Range{
			Start: recordKey(from),
			Limit: append(recordKey(end.zxid), 0), // the key right behind it
		})})
	}
	return v, nil
}

func (v *view) release() {
	for _, p := range v.parts {
		p.it.Release()
		p.db.leave()
	}
}

// next returns the next record, whose data is valid until the one after it, or
// not ok at the end.
func (v *view) next() (r record, ok bool, err error) {
	for ; v.read < len(v.parts); v.read++ {
		p := v.parts[v.read]
		if p.it.Next() {
			return v.check(p)
		}
		if err := p.it.Error(); err != nil {
			return record{}, false, reading(p.db.dir, err)
		}
	}
	if v.at.zxid < v.last.zxid {
		return record{}, false, errDamaged(v.dir, badBytes("records from %s to %s are missing", v.at.zxid+1, v.last.zxid))
	}
	return record{}, false, nil
}

func (v *view) check(p stretch) (record, bool, error) {
	r, err := decodeRecord(p.it.Key(), p.it.Value())
	if err == nil {
		err = r.continues(v.at)
	}
	if err != nil {
		return record{}, false, errDamaged(p.db.dir, err)
	}
	v.at = r.place
	return r, true, nil
}
