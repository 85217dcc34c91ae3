package persistence

import (
	"encoding/binary"
	"fmt"
	"iter"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/util"

	"troupe/wire"
)

// State is the tree and the sessions as of one zxid, brought forward by
// checkpoints. It is for one goroutine at a time; Export may be called beside it.
type State struct {
	db     *database
	batch  *leveldb.Batch
	waste  *waste
	zxid   wire.Zxid
	digest uint64
}

// Checkpoint is what changed between the state's zxid and a later one.
type Checkpoint struct {
	Zxid   wire.Zxid
	Digest uint64 // of the whole tree at Zxid
	Live   int64  // about the bytes of all that is stored then: what is beyond it is waste
	// Nodes are the paths of znodes and their stored values; a nil value removes the
	// znode. A value is not used any more once the next one is asked for. In the order
	// of their paths they make smaller work.
	Nodes    iter.Seq2[string, []byte]
	Sessions []SessionValue
}

// SessionValue is a session's stored value; a nil Value removes it.
type SessionValue struct {
	ID    int64
	Value []byte
}

// OpenState opens the state in dir, or creates an empty one at zxid 0. A
// damaged one is an ErrDamaged and is left as it is.
func OpenState(dir string, o Options) (*State, error) {
	lo := o.common(stateBuffer)
	lo.Compression = opt.SnappyCompression
	// A checkpoint becomes some tables. More of these than LevelDB would let be, and a
	// larger level below them, spare most of what compactions copy: they are read at a
	// start only, and what is replaced or deleted in them is looked after by waste.
	lo.CompactionL0Trigger, lo.WriteL0SlowdownTrigger, lo.WriteL0PauseTrigger = 64, 128, 192
	lo.CompactionTotalSize = 256 << 20
	db, err := openDatabase(dir, kindState, o, lo)
	if err != nil {
		return nil, err
	}
	s := &State{db: db, batch: new(leveldb.Batch)}
	v, err := db.get(keyApplied)
	if err == nil {
		var zxid uint64
		if zxid, s.digest, err = decodePair(v); err != nil {
			err = errDamaged(dir, err)
		}
		s.zxid = wire.Zxid(zxid)
	}
	if err != nil {
		db.close() // its errors say less than err
		return nil, err
	}
	s.waste = newWaste(db, lo.WriteBuffer)
	return s, nil
}

// Applied is the zxid the state stands at, and the tree's digest there.
func (s *State) Applied() (zxid wire.Zxid, digest uint64) { return s.zxid, s.digest }

// Load hands over all znodes, by path in byte order, so that a parent comes
// before its children, and then all sessions. The functions must not keep the values
// they get; an error of theirs ends Load and is returned.
func (s *State) Load(node func(path string, value []byte) error, session func(id int64, value []byte) error) error {
	if err := s.db.enter(); err != nil {
		return err
	}
	defer s.db.leave()
	live := int64(0)
	err := s.each(prefixNode, func(key, value []byte) error {
		live += int64(len(key) + len(value))
		return node(string(key), value)
	})
	if err != nil {
		return err
	}
	err = s.each(prefixSession, func(key, value []byte) error {
		live += int64(len(key) + len(value))
		id, err := decodeUint(key, 8)
		if err != nil {
			return errDamaged(s.db.dir, fmt.Errorf("session key: %w", err))
		}
		return session(int64(id), value)
	})
	if err == nil {
		s.waste.loaded(live)
	}
	return err
}

// each hands over all keys, less the prefix they share, and their values, both for
// as long as the function runs.
func (s *State) each(prefix byte, fn func(key, value []byte) error) error {
	it := s.db.iterate(&util.Range{Start: []byte{prefix}, Limit: []byte{prefix + 1}})
	defer it.Release()
	for it.Next() {
		if s.db.isClosed() {
			return ErrClosed
		}
		if err := fn(it.Key()[1:], it.Value()); err != nil {
			return err
		}
	}
	if err := it.Error(); err != nil {
		return reading(s.db.dir, err)
	}
	return nil
}

// Commit brings the state forward to c.Zxid, all of c or nothing; it is synced
// when this returns. After an error it stands at the one or the other, and the
// state must be opened again.
func (s *State) Commit(c *Checkpoint) error {
	if c.Zxid < s.zxid {
		return fmt.Errorf("checkpoint at %s: the state stands at %s", c.Zxid, s.zxid)
	}
	if err := s.store(c); err != nil {
		return err
	}
	s.zxid, s.digest = c.Zxid, c.Digest
	s.waste.note(c.Live)
	return nil
}

// atATime is what goes to a transaction at a time, in bytes.
const atATime = 64 << 10

// store writes c as a transaction, which goes to tables at once: it is not written to
// a journal first, and needs no memory for the whole. Every write to a state in use is
// one, also a small one: see doc.go.
func (s *State) store(c *Checkpoint) error {
	tr, err := s.db.begin()
	if err != nil {
		return err
	}
	defer tr.discard() // nothing more after commit
	s.batch.Reset()
	for key, value := range s.entries(c) {
		if value == nil {
			s.batch.Delete(key)
		} else {
			s.batch.Put(key, value)
		}
		if len(s.batch.Dump()) < atATime {
			continue
		}
		if err := tr.write(s.batch); err != nil {
			return err
		}
		s.batch.Reset()
	}
	if err := tr.write(s.batch); err != nil {
		return err
	}
	return tr.commit()
}

// entries are c as it is stored. A key is not used any more once the next one is
// asked for.
func (s *State) entries(c *Checkpoint) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		var key []byte
		if c.Nodes != nil {
			for path, value := range c.Nodes {
				if key = append(append(key[:0], prefixNode), path...); !yield(key, value) {
					return
				}
			}
		}
		for _, v := range c.Sessions {
			if key = binary.BigEndian.AppendUint64(append(key[:0], prefixSession), uint64(v.ID)); !yield(key, v.Value) {
				return
			}
		}
		yield(keyApplied, encodePair(uint64(c.Zxid), c.Digest))
	}
}

// Size is the number of bytes on disk.
func (s *State) Size() int64 { return s.db.disk.size() }

// Err is the failure after which nothing more is written, or nil. Work in the
// background can fail too, so it may be set before a Commit returns it.
func (s *State) Err() error { return s.db.failure() }

// Close ends the state. It waits for a Load, which ends with ErrClosed.
func (s *State) Close() error { return s.db.close() }
