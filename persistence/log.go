package persistence

import (
	"errors"
	"fmt"
	"sync"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/opt"

	"troupe/wire"
)

// Log is the transaction log: records by zxid, the last zxid known committed,
// and what a member must never forget, its epochs and its ensemble.
//
// Append, TruncateAfter, Enter and the Set methods are for one goroutine at a time;
// everything else may run beside them.
type Log struct {
	db *database // the meta data, and the oldest records
	o  Options

	next  *next      // the segment behind the newest; nil: none is being made
	write sync.Mutex // guards next; held by whoever writes records; Trim takes it step by step
	batch *leveldb.Batch
	key   []byte
	value []byte

	cut  sync.RWMutex // held to take records away, shared to see the log whole; after write
	pins map[*wire.Zxid]bool

	mu sync.RWMutex // guards what follows; never held during disk work
	extent
	segments          segments
	rest              resting
	accepted, current wire.Epoch
	ensemble          string
	vouch             vouch
}

// extent is what of the log is there.
type extent struct {
	low       place // the last record trimmed away, and all before it
	last      place // low when empty
	committed wire.Zxid
}

// Recovery is what opening a log found, enough for one line about it.
type Recovery struct {
	Created   bool      // there was no log
	Records   uint64    // records in the log
	Last      wire.Zxid // 0 when empty
	Committed wire.Zxid // last zxid known committed
	Bytes     int64     // size on disk
	Tail      Tail      // how the last write ended
	Dropped   int64     // bytes of a torn or suspect tail that were dropped
}

// neverCompact is more tables than there will be.
const neverCompact = 1 << 20

// OpenLog opens the log in dir, or creates it. A log that is damaged, but for
// the tail that a crash leaves, is an ErrDamaged and is left as it is.
func OpenLog(dir string, o Options) (*Log, Recovery, error) {
	o.failed = new(failure)
	db, err := openDatabase(dir, kindLog, o, o.log(logBuffer))
	if err != nil {
		return nil, Recovery{}, err
	}
	l := &Log{db: db, o: o, batch: new(leveldb.Batch), pins: make(map[*wire.Zxid]bool)}
	l.segments.list = []segment{{store: l.newStore(dir, db)}}
	if err := l.load(); err != nil {
		l.Close() // its errors say less than err
		return nil, Recovery{}, err
	}
	return l, l.recovery(), nil
}

// log are the settings of the log's own database, or that of a segment.
func (o Options) log(buffer int) *opt.Options {
	lo := o.common(buffer)
	lo.Compression = opt.NoCompression
	// Records are written in order and never again, so there is nothing to merge
	// but what Trim removes, and Trim compacts that itself. Compactions in
	// between would only copy records once more, and make writers wait.
	lo.CompactionL0Trigger = neverCompact
	lo.WriteL0SlowdownTrigger = neverCompact
	lo.WriteL0PauseTrigger = neverCompact
	return lo
}

func (l *Log) recovery() Recovery {
	tail, dropped := l.endings()
	return Recovery{
		Created:   l.db.created,
		Records:   l.Records(),
		Last:      l.Last(),
		Committed: l.Committed(),
		Bytes:     l.Size(),
		Tail:      tail,
		Dropped:   dropped,
	}
}

// written are the databases that are written to: the log's own, and that of the
// newest segment.
func (l *Log) written() []*database {
	if newest := l.segments.newest().current(); newest != nil && newest != l.db {
		return []*database{l.db, newest}
	}
	return []*database{l.db}
}

// endings is the worst that was found in those that a crash may have torn.
func (l *Log) endings() (tail Tail, dropped int64) {
	for _, db := range l.written() {
		tail = max(tail, db.end.tail)
		dropped += db.end.dropped
	}
	return tail, dropped
}

// load reads the meta data and the ends of the log. What lies between is
// checked as it is read; after a torn tail at once, all of it.
func (l *Log) load() error {
	if err := l.loadMeta(); err != nil {
		return err
	}
	if err := l.loadSegments(); err != nil {
		return err
	}
	if tail, _ := l.endings(); tail != TailWhole {
		if err := l.Scan(0, func(Entry) error { return nil }); err != nil {
			return err
		}
	}
	return l.settleSuspicion()
}

func (l *Log) loadMeta() (err error) {
	read := func(key []byte, decode func([]byte) error) {
		if err != nil {
			return
		}
		var v []byte
		if v, err = l.db.get(key); err == nil {
			if err = decode(v); err != nil {
				err = errDamaged(l.db.dir, fmt.Errorf("%s: %w", key[1:], err))
			}
		}
	}
	read(keyLow, func(v []byte) (err error) { l.low, err = decodePlace(v); return })
	read(keyCommitted, func(v []byte) (err error) { l.committed, err = decodeZxid(v); return })
	read(keyAccepted, func(v []byte) (err error) { l.accepted, err = decodeEpoch(v); return })
	read(keyCurrent, func(v []byte) (err error) { l.current, err = decodeEpoch(v); return })
	read(keyEnsemble, func(v []byte) error { l.ensemble = string(v); return nil })
	read(keyVouches, func(v []byte) (err error) { l.vouch, err = decodeVouch(v); return })
	return err
}

// Append writes entries, in the order of their zxids and behind the last, in
// one synced and atomic step, together with the last zxid known committed.
// After an error nothing is known of these entries and nothing more can be
// written: what was acknowledged before is safe, the log must be opened again.
func (l *Log) Append(entries []Entry, committed wire.Zxid) error {
	if len(entries) == 0 {
		return nil
	}
	if err := l.db.enter(); err != nil {
		return err
	}
	defer l.db.leave()
	l.write.Lock()
	defer l.write.Unlock()
	newest, err := l.newestFor()
	if err != nil {
		return err
	}
	e := l.bounds()
	e.committed = max(e.committed, committed)
	l.reset()
	for _, entry := range entries {
		if entry.Zxid <= e.last.zxid {
			return fmt.Errorf("append %s to the log: the last record is %s", entry.Zxid, e.last.zxid)
		}
		next := place{entry.Zxid, e.last.index + 1}
		l.put(record{place: next, prev: e.last.zxid, committed: e.committed, data: entry.Data})
		e.last = next
	}
	if err := newest.commit(l.batch); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last, l.committed = e.last, e.committed
	return nil
}

func (l *Log) put(r record) {
	l.key = appendRecordKey(l.key[:0], r.zxid)
	l.value = appendRecord(l.value[:0], l.key, r)
	l.batch.Put(l.key, l.value)
}

// reset empties the batch, and lets go of buffers that one large write grew.
func (l *Log) reset() {
	if len(l.batch.Dump()) > keptBatch {
		l.batch = new(leveldb.Batch)
	}
	if cap(l.value) > keptBatch {
		l.value = nil
	}
	l.batch.Reset()
}

// Close ends the log. It waits for scans, which end with ErrClosed.
func (l *Log) Close() error {
	if err := l.db.shut(); err != nil {
		return err
	}
	l.rest.hold(nil)
	l.mu.RLock()
	list := l.segments.list
	l.mu.RUnlock()
	var err error
	if n := l.next; n != nil {
		<-n.done
		err = errors.Join(n.retire(), l.removeSegment(n.dir))
	}
	for _, s := range list[1:] {
		err = errors.Join(err, s.retire())
	}
	return errors.Join(err, l.db.release()) // whose lock is for all
}
