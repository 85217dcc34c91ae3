package persistence

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/iterator"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/storage"
	"github.com/syndtr/goleveldb/leveldb/util"
)

// Options say how a log or a state is opened. The zero value is right for a
// real directory.
type Options struct {
	// Open opens the storage of a directory; nil is OpenFiles. If what it
	// returns has a method SyncDir() error, that is called for each new file.
	Open func(dir string) (storage.Storage, error)
	// Files reaches what is around these directories; nil is the operating
	// system's. For a state transfer both must reach the same.
	Files FileSystem
	// NoSync leaves every write of this database to the operating system
	// (forceSync=no). It survives kill -9; a loss of power may take
	// acknowledged writes with it, or leave a log that is refused as damaged.
	NoSync bool

	// writeBuffer overrides the size at which LevelDB begins a new journal, and
	// segment that at which a log begins a new segment, in tests.
	writeBuffer int
	segment     int64
	// failed is shared by the databases of a log.
	failed *failure
}

// Format is the latest version of what is on disk that this package reads. It
// writes firstFormat, unless it writes what an earlier version would misread.
const Format = 2

const (
	firstFormat   = 1
	segmentFormat = 2 // of a log that has segments
)

const (
	// Write buffers are small for memory's sake. The state's is what it may hold in
	// journals beside tables; that of a segment has room for all that goes into one.
	logBuffer     = 1 << 20
	segmentBuffer = segmentBytes + 1<<20
	stateBuffer   = 4 << 20

	blockCache = 1 << 20
	openFiles  = 64
	// A batch's buffer is kept for the next one up to this size.
	keptBatch = 1 << 20
)

// common are the settings that the log and the state share. A large batch goes
// through the journal like any other, unless its writer begins a transaction.
func (o Options) common(buffer int) *opt.Options {
	if o.writeBuffer > 0 {
		buffer = o.writeBuffer
	}
	return &opt.Options{
		WriteBuffer:                  buffer,
		CompactionTableSize:          buffer,
		BlockCacheCapacity:           blockCache,
		OpenFilesCacheCapacity:       openFiles,
		DisableLargeBatchTransaction: true,
		DisableSeeksCompaction:       true,
		NoWriteMerge:                 true,
	}
}

// Kinds of database, the first byte of the format's value.
const (
	kindLog   = 'l'
	kindState = 's'
)

var keyFormat = metaKey("format")

// database is an open LevelDB with what the log and the state have in common:
// how it is checked and opened, the one failure that ends writing, and a close
// that waits for what is under way.
type database struct {
	dir     string
	ldb     *leveldb.DB
	disk    *disk
	write   *opt.WriteOptions
	end     ending // how the last journal ended
	created bool   // there was no database before
	suspect bool   // what it held is not known to be all: see markSuspect

	mu     sync.Mutex
	idle   sync.Cond // users has become 0
	users  int       // operations that an iterator of theirs may outlive
	closed bool
	stuck  bool // it cannot be closed any more: see fall
}

// openDatabase opens or creates the database of the given kind in dir.
func openDatabase(dir string, kind byte, o Options, lo *opt.Options) (*database, error) {
	s, err := openStorage(dir, o)
	if err != nil {
		return nil, opening(dir, err)
	}
	d := &database{dir: dir, write: &opt.WriteOptions{Sync: !o.NoSync}}
	d.idle.L = &d.mu
	readOnly := lo.ReadOnly
	if err := d.start(s, kind, o.failed, lo); err != nil {
		return nil, errors.Join(opening(dir, err), s.Close())
	}
	if err := d.checkFormat(kind, !readOnly); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

func openStorage(dir string, o Options) (storage.Storage, error) {
	if o.Open != nil {
		return o.Open(dir)
	}
	return OpenFiles(dir)
}

func (d *database) start(s storage.Storage, kind byte, failed *failure, lo *opt.Options) (err error) {
	if d.disk, err = newDisk(s, failed, lo.WriteBuffer); err != nil {
		return err
	}
	d.disk.noSync = !d.write.Sync
	if lo.ReadOnly {
		if err := d.disk.complete(); err != nil {
			return err
		}
	}
	if d.end, err = inspect(d.disk); err != nil {
		return err
	}
	if lo.ReadOnly && d.end.tail != TailWhole {
		return badBytes("it ends in unreadable bytes")
	}
	if kind == kindLog && !lo.ReadOnly {
		if err := d.raiseSuspicion(); err != nil {
			return err
		}
	}
	lo.Strict = opt.DefaultStrict
	if d.end.tail == TailWhole {
		lo.Strict |= opt.StrictJournal
	}
	if len(d.disk.fronts) > 1 {
		lo.ReadOnly = false // LevelDB replays two journals only if it may make a table of them
	}
	if d.ldb, err = leveldb.Open(d.disk, lo); err != nil && d.disk.failure() != nil {
		return d.failure() // of which LevelDB's error may have lost the kind
	}
	return err
}

// checkFormat reads the kind and version, or writes them to an empty database.
func (d *database) checkFormat(kind byte, writable bool) error {
	v, err := d.get(keyFormat)
	if err != nil {
		return err
	}
	if v == nil && writable {
		return d.stampFormat(kind)
	}
	if len(v) != 5 || v[0] != kind {
		return errDamaged(d.dir, badBytes("format %x is not one of kind %q", v, kind))
	}
	if version := binary.BigEndian.Uint32(v[1:]); version > Format {
		return errNewer(d.dir, fmt.Sprintf("format %d, this version reads %d", version, Format))
	}
	return nil
}

func (d *database) stampFormat(kind byte) error {
	it := d.iterate(nil)
	full := it.First()
	it.Release()
	if err := it.Error(); err != nil {
		return reading(d.dir, err)
	}
	if full {
		return errDamaged(d.dir, badBytes("the format's version is missing"))
	}
	d.created = true
	b := new(leveldb.Batch)
	b.Put(keyFormat, encodeFormat(kind, firstFormat))
	return d.commit(b)
}

func encodeFormat(kind byte, version uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{kind}, version)
}

// commit writes a batch, whole or not at all. After one failure everything is
// refused, here and for LevelDB's own files.
func (d *database) commit(b *leveldb.Batch) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer d.leave()
	if err := d.failure(); err != nil {
		return err
	}
	if err := d.ldb.Write(b, d.write); err != nil {
		d.disk.fail(err)
		return d.failure()
	}
	return nil
}

// failure is the error that ended writing, for the operator, or nil.
func (d *database) failure() error {
	if err := d.disk.failure(); err != nil {
		return errStopped(d.dir, err)
	}
	return nil
}

// get returns the value of key, nil if there is none.
func (d *database) get(key []byte) ([]byte, error) {
	v, err := d.ldb.Get(key, nil)
	if errors.Is(err, leveldb.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, reading(d.dir, err)
	}
	return v, nil
}

// iterate walks a range, nil for all, as it is now.
func (d *database) iterate(r *util.Range) iterator.Iterator {
	return d.ldb.NewIterator(r, &opt.ReadOptions{DontFillCache: true})
}

// allKeys is every key there can be. A range without ends would mean the same
// to LevelDB, but for an empty memory table, whose journal it would remove
// while the manifest names it.
var allKeys = util.Range{Start: []byte{0}, Limit: []byte{0xff}}

// reclaim gives the space of what was deleted or replaced in a range back to
// the file system. A failure of it ends writing like any other.
func (d *database) reclaim(r util.Range) error {
	err := d.ldb.CompactRange(r)
	if err == nil || errors.Is(err, leveldb.ErrClosed) && d.isClosed() {
		return nil // broken off: what is left is reclaimed another time
	}
	d.disk.fail(err)
	return d.failure()
}

// tableBytes is the size of the tables in force, without journals and tables
// about to be removed; 0 once closed.
func (d *database) tableBytes() int64 {
	sizes, err := d.ldb.SizeOf([]util.Range{allKeys})
	if err != nil {
		return 0 // it fails for being closed only: no table lies across a bound
	}
	return sizes.Sum()
}

// enter begins an operation that Close must wait for; leave ends it.
func (d *database) enter() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return ErrClosed
	}
	d.users++
	return nil
}

func (d *database) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.users--; d.users == 0 {
		d.idle.Broadcast()
	}
}

func (d *database) isClosed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.closed
}

// close ends the database. Long readers find out by isClosed.
func (d *database) close() error {
	if err := d.shut(); err != nil {
		return err
	}
	return d.release()
}

// shut lets nobody in any more, and waits for those who are.
func (d *database) shut() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return ErrClosed
	}
	d.closed = true
	for d.users > 0 {
		d.idle.Wait()
	}
	return nil
}

// release lets go of the directory, after shut.
func (d *database) release() error {
	var err error
	d.mu.Lock()
	stuck := d.stuck
	d.mu.Unlock()
	if !stuck {
		err = d.ldb.Close()
	}
	if d.disk.failure() != nil {
		err = nil // that failure again, which whoever wrote was told
	}
	return errors.Join(err, d.disk.Close())
}
