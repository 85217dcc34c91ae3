package persistence

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/syndtr/goleveldb/leveldb/storage"
)

// store is a segment's database. That of the newest segment is open, and written
// to. A full one is closed before LevelDB has made a table of what is in its journal,
// which would be to write it twice: it is rarely read. When it is, LevelDB opens it
// to read only, holds it in memory, and writes nothing.
type store struct {
	dir  string
	o    Options
	rest *resting

	mu    sync.Mutex
	free  sync.Cond // users has become 0
	users int       // who read; it is not closed, nor removed, under them
	db    *database // nil: closed
	end   *place    // of the last record, once it is full
	size  int64     // bytes on disk while it is closed
}

// newStore makes that of a segment, or, with its database, that of the log's own.
func (l *Log) newStore(dir string, db *database) *store {
	s := &store{dir: dir, o: l.o, rest: &l.rest, db: db}
	s.free.L = &s.mu
	return s
}

func (s *store) openWritable() (*database, error) {
	return openDatabase(s.dir, kindLog, s.o, s.o.log(segmentBuffer))
}

// openFull opens it to read, and checks that it ends where it was left.
func (s *store) openFull() (*database, error) {
	lo := s.o.log(segmentBuffer)
	lo.ReadOnly = true
	db, err := openDatabase(s.dir, kindLog, s.o, lo)
	if err != nil {
		return nil, err
	}
	it := db.iterate(recordsAfter(0))
	defer it.Release()
	var last record
	if it.Last() {
		if last, err = decodeRecord(it.Key(), it.Value()); err != nil {
			err = errDamaged(s.dir, err)
		}
	} else if err = it.Error(); err != nil {
		err = reading(s.dir, err)
	}
	if err == nil && last.place != *s.end {
		err = errDamaged(s.dir, badBytes("it ends at %s, and what follows goes on behind %s", last.zxid, s.end.zxid))
	}
	if err != nil {
		return nil, errors.Join(err, db.close())
	}
	return db, nil
}

// enter begins what needs the database; leave ends it.
func (s *store) enter() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users++
}

func (s *store) leave() {
	s.mu.Lock()
	s.users--
	if s.users == 0 {
		s.free.Broadcast()
	}
	idle := s.users == 0 && s.end != nil && s.db != nil
	s.mu.Unlock()
	if idle {
		s.rest.hold(s)
	}
}

// opened is the database, for those who have entered.
func (s *store) opened() (_ *database, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db == nil {
		s.db, err = s.openFull()
	}
	return s.db, err
}

// current is the database if it is open.
func (s *store) current() *database {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.db
}

// fill notes that it is full, with the record at end.
func (s *store) fill(end place) {
	s.mu.Lock()
	s.end = &end
	s.mu.Unlock()
	s.relax()
}

// relax closes it if it is full and nobody reads it. There is nobody to be told of
// an error: it ends writing, as those of LevelDB's own work do.
func (s *store) relax() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end == nil || s.users > 0 {
		return
	}
	if err := s.close(); err != nil {
		s.o.failed.happen(fmt.Errorf("close %s: %w", s.dir, err))
	}
}

// reopen makes a full one writable, once those who read it are done.
func (s *store) reopen() (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end == nil {
		return nil
	}
	s.wait()
	if s.db == nil { // what is wrong with it is to be found before LevelDB mends it
		if s.db, err = s.openFull(); err != nil {
			return err
		}
	}
	if err = s.close(); err != nil {
		return err
	}
	if s.db, err = s.openWritable(); err == nil {
		s.end = nil
	}
	return err
}

// retire closes it for good once those who read it are done.
func (s *store) retire() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wait()
	return s.close()
}

// wait is called with mu held, as close is.
func (s *store) wait() {
	for s.users > 0 {
		s.free.Wait()
	}
}

func (s *store) close() error {
	if s.db == nil {
		return nil
	}
	err := s.db.close()
	s.size, s.db = s.db.disk.size(), nil
	return err
}

func (s *store) bytes() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db != nil {
		return s.db.disk.size()
	}
	return s.size
}

// look checks, at a start, that the files of a full one are there, and how large.
// What is in them is checked when it is read.
func (s *store) look() error {
	files, err := openStorage(s.dir, s.o)
	if err != nil {
		return opening(s.dir, err)
	}
	d, err := newDisk(files, s.o.failed, 0)
	if err == nil {
		s.size = d.size()
		err = d.complete()
	}
	if err = errors.Join(err, files.Close()); err != nil {
		return opening(s.dir, err)
	}
	return nil
}

// complete checks that no file of a segment is missing.
func (d *disk) complete() error {
	fd, err := d.GetMeta()
	if errors.Is(err, fs.ErrNotExist) {
		return badBytes("the segment is missing")
	}
	if err != nil {
		return err
	}
	m, err := readManifest(d, fd)
	if err != nil {
		return err
	}
	journals, err := d.List(storage.TypeJournal)
	if err != nil {
		return err
	}
	due := storage.FileDesc{Type: storage.TypeJournal, Num: int64(m.journal)}
	older := func(a, b storage.FileDesc) int { return cmp.Compare(a.Num, b.Num) }
	if due.Num > 0 && (len(journals) == 0 || older(slices.MaxFunc(journals, older), due) < 0) {
		return badBytes("file %s is missing", due)
	}
	return m.checkTables(d)
}

// restFor is for how long a full segment that was read stays open: who is brought
// up to date is so piece by piece.
const restFor = 2 * time.Second

// resting is the full segment that was read last.
type resting struct {
	mu    sync.Mutex
	s     *store
	timer *time.Timer
}

// hold keeps a segment open for a while, in the place of another; nil keeps none.
func (r *resting) hold(s *store) {
	r.mu.Lock()
	before := r.s
	r.s = s
	if r.timer != nil {
		r.timer.Stop()
	}
	if s != nil {
		r.timer = time.AfterFunc(restFor, func() { r.hold(nil) })
	}
	r.mu.Unlock()
	if before != nil && before != s {
		before.relax()
	}
}
