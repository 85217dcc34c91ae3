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
const segmentBytes = 64 << 20

// segment is a stretch of the log in a database of its own, so that it can be
// removed whole. The first is the log's own database, which stays.
type segment struct {
	number uint32 // in its directory's name; 0: the log's own
	low    place  // the record before its first; of the log's own the zero place
	db     *database
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
func decodeSegments(v []byte, own *database) (segments, error) {
	s := segments{next: 1, list: []segment{{db: own}}}
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

// loadSegments opens the segments and finds the ends of the log: each segment
// must go on where the one before it ends.
func (l *Log) loadSegments() error {
	v, err := l.db.get(keySegments)
	if err != nil {
		return err
	}
	all, err := decodeSegments(v, l.db)
	if err != nil {
		return errDamaged(l.db.dir, err)
	}
	l.segments.next, l.last = all.next, l.low
	for i, s := range all.list {
		if i > 0 {
			if s.db, err = openLogDatabase(l.segmentDir(s.number), l.o); err != nil {
				return err
			}
			l.segments.list = append(slices.Clip(l.segments.list), s)
			if s.db.created {
				return errDamaged(l.db.dir, badBytes("segment %d is missing", s.number))
			}
			if s.low != l.last {
				return errDamaged(s.db.dir, badBytes("it goes on behind %s, and the records before it end at %s", s.low.zxid, l.last.zxid))
			}
		}
		if err := l.loadExtent(s.db); err != nil {
			return err
		}
	}
	return l.clearSegments()
}

// loadExtent finds the first and the last record of a database.
func (l *Log) loadExtent(db *database) error {
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
		if l.first == 0 {
			l.first = first.zxid
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
			return s.db.dir == filepath.Join(l.db.dir, name)
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
		err = errors.Join(err, s.db.close(), l.removeSegment(s.db.dir))
	}
	return err
}

// newestFor is the database for the next records: that of the newest segment,
// or, if that is large enough, of a new one. It is called with write held.
func (l *Log) newestFor() (*database, error) {
	newest := l.segments.newest()
	limit := l.o.segment
	if limit == 0 {
		limit = segmentBytes
	}
	last := l.bounds().last
	if newest.db.disk.size() < limit || last == newest.after(l.bounds().low) {
		return newest.db, nil
	}
	db, err := openLogDatabase(l.segmentDir(l.segments.next), l.o)
	if err != nil {
		return nil, err
	}
	grown := segments{l.segments.next + 1, append(slices.Clip(l.segments.list), segment{l.segments.next, last, db})}
	// Only now it is part of the log, and only then there are records in it.
	b := new(leveldb.Batch)
	b.Put(keyFormat, encodeFormat(kindLog, segmentFormat))
	b.Put(keySegments, encodeSegments(grown))
	if err := l.db.commit(b); err != nil {
		return nil, errors.Join(err, db.close())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.segments = grown
	return db, nil
}
