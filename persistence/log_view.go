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
	parts []*stretch // with something in them, in order
	read  int        // parts that were read
	at    place      // of the record before; its index shows once there is one
	dir   string
}

// stretch is what of a view lies in one segment.
type stretch struct {
	segment
	end    place // of the segment's last record
	within *util.Range
	it     iterator.Iterator // nil until it is read
}

// open begins to read it, unless that has begun.
func (p *stretch) open() error {
	if p.it != nil {
		return nil
	}
	db, err := p.opened()
	if err == nil {
		p.it = db.iterate(p.within)
	}
	return err
}

func (p *stretch) close() {
	if p.it != nil {
		p.it.Release()
	}
	p.leave()
}

// view begins one. It need not wait for an Append, only for what takes records
// away; that in turn waits, before it closes a database, until the view is
// released. Of the segments those that are full are opened one after the other.
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
		p := &stretch{segment: s, end: end, within: &util.Range{
			Start: recordKey(from),
			Limit: append(recordKey(end.zxid), 0), // the key right behind it
		}}
		p.enter()
		v.parts = append(v.parts, p)
		if s.current() == nil {
			continue
		}
		if err := p.open(); err != nil { // now, since a truncation may change it
			v.release()
			return nil, err
		}
	}
	return v, nil
}

func (v *view) release() {
	for _, p := range v.parts[v.read:] {
		p.close()
	}
	v.read = len(v.parts)
}

// next returns the next record, whose data is valid until the one after it, or
// not ok at the end.
func (v *view) next() (r record, ok bool, err error) {
	for ; v.read < len(v.parts); v.read++ {
		p := v.parts[v.read]
		if err := p.open(); err != nil {
			return record{}, false, err
		}
		if p.it.Next() {
			return v.check(p)
		}
		if err := p.it.Error(); err != nil {
			return record{}, false, reading(p.dir, err)
		}
		p.close()
	}
	if v.at.zxid < v.last.zxid {
		return record{}, false, errDamaged(v.dir, badBytes("records from %s to %s are missing", v.at.zxid+1, v.last.zxid))
	}
	return record{}, false, nil
}

func (v *view) check(p *stretch) (record, bool, error) {
	r, err := decodeRecord(p.it.Key(), p.it.Value())
	if err == nil {
		err = r.continues(v.at)
	}
	if err != nil {
		return record{}, false, errDamaged(p.dir, err)
	}
	v.at = r.place
	return r, true, nil
}
