package persistence

import (
	"bytes"
	"encoding/binary"
	"fmt"

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

// Checkpoint is what changed between the state's zxid and a later one. It goes
// to the disk as one batch, of which LevelDB holds a second copy, so whoever
// makes checkpoints bounds what one holds.
type Checkpoint struct {
	Zxid     wire.Zxid
	Digest   uint64 // of the whole tree at Zxid
	Nodes    []Node
	Sessions []SessionValue
}

// Node is a znode's stored value; a nil Value removes it.
type Node struct {
	Path  string
	Value []byte
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
	// A checkpoint of some size becomes one table. A few more of these than LevelDB
	// would let be, and a larger level below them, halve what compactions copy.
	lo.CompactionL0Trigger, lo.WriteL0SlowdownTrigger, lo.WriteL0PauseTrigger = 16, 32, 48
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
// before its children, and then all sessions. The functions may keep what they
// get; an error of theirs ends Load and is returned.
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

// each hands over all keys, less the prefix they share, and their values.
func (s *State) each(prefix byte, fn func(key, value []byte) error) error {
	it := s.db.iterate(&util.Range{Start: []byte{prefix}, Limit: []byte{prefix + 1}})
	defer it.Release()
	for it.Next() {
		if s.db.isClosed() {
			return ErrClosed
		}
		if err := fn(it.Key()[1:], bytes.Clone(it.Value())); err != nil {
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
	if size := c.size(); size > keptBatch || len(s.batch.Dump()) > keptBatch {
		s.batch = leveldb.MakeBatch(size) // grown bit by bit it would be copied over and over
	}
	s.batch.Reset()
	s.fill(c)
	if err := s.db.commit(s.batch); err != nil {
		return err
	}
	s.zxid, s.digest = c.Zxid, c.Digest
	s.waste.note(c)
	return nil
}

// size is about what c takes in a batch, and no less.
func (c *Checkpoint) size() int {
	const each = 32 // LevelDB's share, and ours
	n := each
	for i := range c.Nodes {
		n += each + len(c.Nodes[i].Path) + len(c.Nodes[i].Value)
	}
	for i := range c.Sessions {
		n += each + len(c.Sessions[i].Value)
	}
	return n
}

// fill puts c into the batch.
func (s *State) fill(c *Checkpoint) {
	var key []byte
	for _, n := range c.Nodes {
		key = append(append(key[:0], prefixNode), n.Path...)
		s.store(key, n.Value)
	}
	for _, v := range c.Sessions {
		key = binary.BigEndian.AppendUint64(append(key[:0], prefixSession), uint64(v.ID))
		s.store(key, v.Value)
	}
	s.batch.Put(keyApplied, encodePair(uint64(c.Zxid), c.Digest))
}

func (s *State) store(key, value []byte) {
	if value == nil {
		s.batch.Delete(key)
		return
	}
	s.batch.Put(key, value)
}

// Size is the number of bytes on disk.
func (s *State) Size() int64 { return s.db.disk.size() }

// Err is the failure after which nothing more is written, or nil. Work in the
// background can fail too, so it may be set before a Commit returns it.
func (s *State) Err() error { return s.db.failure() }

// Close ends the state. It waits for a Load, which ends with ErrClosed.
func (s *State) Close() error { return s.db.close() }
