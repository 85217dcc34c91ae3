package persistence

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/util"

	"troupe/wire"
)

// segmentBytes is the size from which on the next records go to a new segment.
const segmentBytes = 4 << 20

// segment is a stretch of the log in a database of its own, so that it can be
// removed whole. The first is the log's own database, which stays.
type segment struct {
	number uint32 // in its directory's name; 0: the log's own
	low    place  // the record before its first; of the log's own the zero place
	*store
}

// segments are those of a log, in order. The list is not changed once it is in
// use, but replaced.
type segments struct {
	next uint32 // number of the next one; none is used twice
	list []segment
}

func (s segments) newest() segment { return s.list[len(s.list)-1] }

// end is the place of the last record of the segment i; last that of the log.
func (s segments) end(i int, last place) place {
	if i+1 < len(s.list) {
		return s.list[i+1].low
	}
	return last
}

// after is the place that its first record follows, where all up to low are
// trimmed.
func (s segment) after(low place) place {
	if s.low.zxid > low.zxid {
		return s.low
	}
	return low
}

const (
	segmentName  = "segment."
	segmentEntry = 4 + 8 + 8
)

// keySegments: next(u32), then number(u32) low zxid(u64) low index(u64) each.
var keySegments = metaKey("segments")

func encodeSegments(s segments) []byte {
	b := binary.BigEndian.AppendUint32(nil, s.next)
	for _, s := range s.list[1:] {
		b = binary.BigEndian.AppendUint32(b, s.number)
		b = append(b, encodePlace(s.low)...)
	}
	return b
}

// decodeSegments reads them, without their databases but own, the log's.
func decodeSegments(v []byte, own *store) (segments, error) {
	s := segments{next: 1, list: []segment{{store: own}}}
	if v == nil {
		return s, nil
	}
	if len(v) < 4 || (len(v)-4)%segmentEntry != 0 {
		return s, badBytes("segments in %d bytes", len(v))
	}
	s.next = binary.BigEndian.Uint32(v)
	for v = v[4:]; len(v) > 0; v = v[segmentEntry:] {
		low, err := decodePlace(v[4:segmentEntry])
		number := binary.BigEndian.Uint32(v)
		if err != nil || number <= s.newest().number || number >= s.next {
			return s, badBytes("segment %d behind %d, before %d", number, s.newest().number, s.next)
		}
		s.list = append(s.list, segment{number: number, low: low})
	}
	return s, nil
}

func (l *Log) segmentDir(number uint32) string {
	return filepath.Join(l.db.dir, segmentName+strconv.FormatUint(uint64(number), 10))
}

// loadSegments finds the ends of the log. Of the segments it opens the newest; that
// a full one ends where the next goes on is checked when it is read.
func (l *Log) loadSegments() error {
	v, err := l.db.get(keySegments)
	if err != nil {
		return err
	}
	all, err := decodeSegments(v, l.segments.list[0].store)
	if err != nil {
		return errDamaged(l.db.dir, err)
	}
	l.segments.next, l.last = all.next, l.low
	if err := l.loadEnd(l.db); err != nil {
		return err
	}
	for i := range all.list[1:] {
		if err := l.loadSegment(all, i+1); err != nil {
			return err
		}
	}
	if err := l.loadNewest(); err != nil {
		return err
	}
	return l.clearSegments()
}

// loadSegment adds a segment, of which it opens none but the newest.
func (l *Log) loadSegment(all segments, i int) (err error) {
	s := all.list[i]
	s.store = l.newStore(l.segmentDir(s.number), nil)
	if i == 1 && s.low != l.last {
		return errDamaged(s.dir, badBytes("it goes on behind %s, and the records before it end at %s", s.low.zxid, l.last.zxid))
	}
	if i+1 < len(all.list) {
		end := all.list[i+1].low
		s.end, l.last = &end, end
		err = s.look()
	} else if s.db, err = s.openWritable(); err == nil && s.db.created {
		err = errDamaged(l.db.dir, badBytes("segment %d is missing", s.number))
	}
	if err == nil || s.db != nil {
		l.segments.list = append(slices.Clip(l.segments.list), s)
	}
	return err
}

// loadNewest finds the last record, and the last that is known committed: in the
// segment before if nothing has been written to the newest.
func (l *Log) loadNewest() error {
	n := len(l.segments.list)
	if n == 1 {
		return nil
	}
	low := l.last
	if err := l.loadEnd(l.segments.newest().db); err != nil || l.last != low || n == 2 {
		return err
	}
	before := l.segments.list[n-2]
	before.enter()
	defer before.leave()
	db, err := before.opened()
	if err != nil {
		return err
	}
	l.last = before.low
	return l.loadEnd(db)
}

// loadEnd finds the last record of a database, whose first has to follow the last
// that was found before.
func (l *Log) loadEnd(db *database) error {
	it := db.iterate(recordsAfter(l.last.zxid))
	defer it.Release()
	if it.First() {
		first, err := decodeRecord(it.Key(), it.Value())
		if err == nil {
			err = first.follows(l.last)
		}
		if err != nil {
			return errDamaged(db.dir, err)
		}
	}
	if it.Last() {
		last, err := decodeRecord(it.Key(), it.Value())
		if err != nil {
			return errDamaged(db.dir, err)
		}
		l.last = last.place
		l.committed = max(l.committed, last.committed)
	}
	if err := it.Error(); err != nil {
		return reading(db.dir, err)
	}
	return nil
}

// recordsAfter is the range of the records behind z.
func recordsAfter(z wire.Zxid) *util.Range {
	return &util.Range{Start: append(recordKey(z), 0), Limit: []byte{prefixRecord + 1}}
}

// clearSegments removes what was left of segments that are no longer, or not
// yet, part of the log.
func (l *Log) clearSegments() error {
	files := l.files()
	names, err := files.ReadDir(l.db.dir)
	if err != nil {
		return reading(l.db.dir, err)
	}
	for _, name := range names {
		used := slices.ContainsFunc(l.segments.list[1:], func(s segment) bool {
			return s.dir == filepath.Join(l.db.dir, name)
		})
		if used || !strings.HasPrefix(name, segmentName) {
			continue
		}
		if err := l.removeSegment(filepath.Join(l.db.dir, name)); err != nil {
			return err
		}
	}
	return nil
}

func (l *Log) files() FileSystem {
	if l.o.Files == nil {
		return system{}
	}
	return l.o.Files
}

func (l *Log) removeSegment(dir string) error {
	err := l.files().RemoveAll(dir)
	if err == nil {
		err = l.files().SyncDir(l.db.dir)
	}
	if err != nil {
		return fmt.Errorf("remove the log's segment %s: %w", dir, err)
	}
	return nil
}

// retire closes segments that are no longer part of the log, once their readers
// are done, and removes them.
func (l *Log) retire(list []segment) (err error) {
	for _, s := range list {
		err = errors.Join(err, s.retire(), l.removeSegment(s.dir))
	}
	return err
}

// next is a segment that is made ready before it is needed, since that takes some
// syncs. It is no part of the log yet.
type next struct {
	*store
	err  error
	done chan struct{} // closed when it is ready, or has failed
}

// prepare begins to make the next segment. It is called with write held.
func (l *Log) prepare() {
	n := &next{store: l.newStore(l.segmentDir(l.segments.next), nil), done: make(chan struct{})}
	l.next = n
	go func() {
		defer close(n.done)
		n.db, n.err = n.openWritable()
	}()
}

// prepared waits for it. It is called with write held.
func (l *Log) prepared() (*store, error) {
	n := l.next
	<-n.done
	if n.err != nil {
		l.next = nil // it is tried again
	}
	return n.store, n.err
}

// newestFor is the database for the next records: that of the newest segment,
// or, if that is large enough, of a new one. It is called with write held.
func (l *Log) newestFor() (*database, error) {
	newest, e := l.segments.newest(), l.bounds()
	limit := l.o.segment
	if limit == 0 {
		limit = segmentBytes
	}
	size := newest.db.disk.size()
	if size >= limit/2 && l.next == nil {
		l.prepare()
	}
	if size < limit || e.last == newest.after(e.low) {
		return newest.db, nil
	}
	s, err := l.prepared()
	if err != nil {
		return nil, err
	}
	db := s.db
	grown := segments{l.segments.next + 1, append(slices.Clip(l.segments.list), segment{l.segments.next, e.last, s})}
	// Only now it is part of the log, and only then there are records in it.
	b := new(leveldb.Batch)
	b.Put(keyFormat, encodeFormat(kindLog, segmentFormat))
	b.Put(keySegments, encodeSegments(grown))
	if err := l.db.commit(b); err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.segments, l.next = grown, nil
	l.mu.Unlock()
	if newest.number != 0 {
		newest.fill(e.last)
	}
	return db, nil
}
