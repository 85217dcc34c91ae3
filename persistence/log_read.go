package persistence

import (
	"bytes"
	"fmt"

	"troupe/wire"
)

// Scan hands the records from zxid from on (0: from the first) to fn, in
// order, as the log is when Scan begins. fn may keep what it gets; its error
// ends the scan and is returned. Every record is checked, and that none is
// missing between from and the last: ErrDamaged, or ErrTrimmed for those that
// Trim took.
func (l *Log) Scan(from wire.Zxid, fn func(Entry) error) error {
	if err := l.db.enter(); err != nil {
		return err
	}
	defer l.db.leave()
	v, err := l.view(from)
	if err != nil {
		return err
	}
	defer v.release()
	if 0 < from && from <= v.low.zxid {
		return fmt.Errorf("read the log from %s: %w up to %s", from, ErrTrimmed, v.low.zxid)
	}
	for {
		if l.db.isClosed() {
			return ErrClosed
		}
		r, ok, err := v.next()
		if err != nil || !ok {
			return err
		}
		if err := fn(Entry{Zxid: r.zxid, Data: bytes.Clone(r.data)}); err != nil {
			return err
		}
	}
}

// continues checks that nothing lies between r and the place the scan is at.
func (r record) continues(at place) error {
	if at.index > 0 {
		return r.follows(at)
	}
	if r.prev > at.zxid {
		return badBytes("records from %s to %s are missing", at.zxid+1, r.prev)
	}
	return nil
}

// Continues checks that the log goes on where a state at zxid applied ends:
// the state holds all that was trimmed, the log nothing less than the state.
// A log or state from another time is an ErrDamaged.
func (l *Log) Continues(applied wire.Zxid) error {
	e := l.bounds()
	switch {
	case applied < e.low.zxid:
		return errDamaged(l.db.dir, badBytes("the state stands at %s, and the log begins after %s", applied, e.low.zxid))
	case applied > e.last.zxid:
		return errDamaged(l.db.dir, badBytes("the state stands at %s, and the log ends at %s", applied, e.last.zxid))
	}
	return nil
}

func (l *Log) bounds() extent {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.extent
}

// Last is the zxid of the last record, 0 when the log is empty.
func (l *Log) Last() wire.Zxid {
	if e := l.bounds(); e.last != e.low {
		return e.last.zxid
	}
	return 0
}

// Low is the zxid of the last record trimmed away, or, in a log that was begun
// beside a state received from a leader, that of the state; 0 for none. The
// records above it are there.
func (l *Log) Low() wire.Zxid { return l.bounds().low.zxid }

// Committed is the last zxid known committed, as stored: it may lie behind
// what a leader announced since, and trails the last append.
func (l *Log) Committed() wire.Zxid { return l.bounds().committed }

// Records is the number of records in the log.
func (l *Log) Records() uint64 {
	e := l.bounds()
	return e.last.index - e.low.index
}

// Size is the number of bytes on disk.
func (l *Log) Size() (bytes int64) {
	l.mu.RLock()
	list := l.segments.list
	l.mu.RUnlock()
	for _, s := range list {
		bytes += s.bytes() // which may wait for one that is being opened
	}
	return bytes
}

// Err is the failure after which nothing more is written, or nil. Work in the
// background can fail too, so it may be set before an Append returns it.
func (l *Log) Err() error { return l.db.failure() }
