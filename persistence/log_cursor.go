package persistence

import (
	"bytes"
	"fmt"

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
	v, err := l.view(from)
	if err != nil {
		return nil, err
	}
	defer v.release()
	if from <= v.low.zxid {
		return nil, fmt.Errorf("read the log from %s: %w up to %s", from, ErrTrimmed, v.low.zxid)
	}
	var es []Entry
	for size := 0; size < maxBytes || len(es) == 0; {
		r, ok, err := v.next()
		if err != nil {
			return nil, err
		}
		if !ok {
			return es, nil
		}
		es = append(es, Entry{Zxid: r.zxid, Data: bytes.Clone(r.data)})
		size += recordKeyLen + recordHeader + len(r.data)
	}
	return es, nil
}

// EpochEnds returns the last zxid of each epoch among the records above above,
// newest first, and no more than 64 of them. It seeks, once for each, and reads
// only the segments in which an epoch begins.
func (l *Log) EpochEnds(above wire.Zxid) ([]wire.Zxid, error) {
	if err := l.db.enter(); err != nil {
		return nil, err
	}
	defer l.db.leave()
	e := l.bounds()
	if above = max(above, e.low.zxid); above >= e.last.zxid {
		return nil, nil
	}
	v, err := l.view(above + 1)
	if err != nil {
		return nil, err
	}
	defer v.release()
	var ends []wire.Zxid
	for i := len(v.parts) - 1; i >= 0; i-- {
		if ends, err = v.parts[i].epochEnds(ends); err != nil {
			return nil, err
		}
	}
	if len(ends) == 0 && above < v.last.zxid {
		return nil, errDamaged(l.db.dir, badBytes("records from %s to %s are missing", above+1, v.last.zxid))
	}
	return ends, nil
}

// epochEnds appends those of a part to those of the parts behind it, whose
// oldest epoch may have begun here.
func (p *stretch) epochEnds(ends []wire.Zxid) ([]wire.Zxid, error) {
	if p.low.zxid.Epoch() == p.end.zxid.Epoch() {
		return addEnd(ends, p.end.zxid), nil
	}
	if err := p.open(); err != nil {
		return nil, err
	}
	for ok := p.it.Last(); ok && len(ends) < maxEpochEnds; ok = p.it.Prev() {
		r, err := decodeRecord(p.it.Key(), p.it.Value())
		if err != nil {
			return nil, errDamaged(p.dir, err)
		}
		ends = addEnd(ends, r.zxid)
		p.it.Seek(recordKey(wire.MakeZxid(r.zxid.Epoch(), 0)))
	}
	if err := p.it.Error(); err != nil {
		return nil, reading(p.dir, err)
	}
	return ends, nil
}

// addEnd appends z, unless the end of its epoch is there.
func addEnd(ends []wire.Zxid, z wire.Zxid) []wire.Zxid {
	if n := len(ends); n == 0 || n < maxEpochEnds && ends[n-1].Epoch() != z.Epoch() {
		return append(ends, z)
	}
	return ends
}
