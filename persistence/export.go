package persistence

import (
	"errors"
	"fmt"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/util"

	"troupe/wire"
)

// Export reads a state as it is at one zxid, in chunks for another member's
// Incoming, while checkpoints go on. It is for one goroutine at a time. Until
// it is closed, what is replaced stays on disk.
type Export struct {
	db     *database
	snap   *leveldb.Snapshot
	zxid   wire.Zxid
	digest uint64
	bytes  int64
	next   []byte // key of the next entry
	number uint32 // of the next chunk
	done   bool
}

// Export begins one. It may be called beside Commit.
func (s *State) Export() (*Export, error) {
	if err := s.db.enter(); err != nil {
		return nil, err
	}
	defer s.db.leave()
	snap, err := s.db.ldb.GetSnapshot()
	if err != nil {
		return nil, reading(s.db.dir, err)
	}
	e := &Export{db: s.db, snap: snap, next: []byte{prefixNode}, bytes: s.Size()}
	if err := e.readApplied(); err != nil {
		snap.Release()
		return nil, err
	}
	return e, nil
}

// readApplied asks the snapshot, and not the State, where it stands.
func (e *Export) readApplied() error {
	v, err := e.snap.Get(keyApplied, nil)
	if errors.Is(err, leveldb.ErrNotFound) {
		return nil
	}
	if err != nil {
		return reading(e.db.dir, err)
	}
	zxid, digest, err := decodePair(v)
	if err != nil {
		return errDamaged(e.db.dir, err)
	}
	e.zxid, e.digest = wire.Zxid(zxid), digest
	return nil
}

// Zxid is the zxid the state stood at.
func (e *Export) Zxid() wire.Zxid { return e.zxid }

// Digest is the tree's there.
func (e *Export) Digest() uint64 { return e.digest }

// Bytes is about how many bytes there are in all, for showing progress: the
// state's on disk, where values are compressed and some were replaced.
func (e *Export) Bytes() int64 { return e.bytes }

// Next returns the next chunk, of up to maxBytes bytes, or more to hold one
// entry, and whether it is the last. The caller owns it.
func (e *Export) Next(maxBytes int) (chunk []byte, done bool, err error) {
	if e.done {
		return nil, true, errors.New("read an exported state behind its last chunk")
	}
	if err := e.db.enter(); err != nil {
		return nil, false, err
	}
	defer e.db.leave()
	b, err := e.fill(appendChunkHead(nil, e.number), maxBytes)
	if err != nil {
		return nil, false, err
	}
	sealChunk(b, e.done)
	e.number++
	return b, e.done, nil
}

// fill appends entries to a chunk. An iterator lives for one chunk only, since
// the database cannot be closed while there is one.
func (e *Export) fill(b []byte, maxBytes int) ([]byte, error) {
	it := e.snap.NewIterator(&util.Range{Start: e.next, Limit: []byte{prefixSession + 1}}, &opt.ReadOptions{DontFillCache: true})
	defer it.Release()
	for it.Next() {
		key, value := it.Key(), it.Value()
		if !stateKey(key) {
			return nil, errDamaged(e.db.dir, badBytes("state key %x", key))
		}
		if len(b) > chunkHead && len(b)+chunkEntry+len(key)+len(value) > maxBytes {
			e.next = append(e.next[:0], key...)
			return b, nil
		}
		b = appendChunkEntry(b, key, value)
	}
	if err := it.Error(); err != nil {
		return nil, reading(e.db.dir, err)
	}
	e.done = true
	return b, nil
}

// Close lets the snapshot go.
func (e *Export) Close() { e.snap.Release() }

// stand stores where the entries stand, once they are all there.
func (s *State) stand(zxid wire.Zxid, digest uint64) error {
	s.batch.Reset()
	s.batch.Put(keyApplied, encodePair(uint64(zxid), digest))
	return s.db.commit(s.batch)
}

// put stores the entries of a chunk, whole or not at all.
func (s *State) put(p part, after []byte) (last []byte, err error) {
	s.batch.Reset()
	for rest := p.entries; len(rest) > 0; {
		key, value, behind, _ := cutEntry(rest)
		if string(key) <= string(after) {
			return nil, fmt.Errorf("chunk %d: %w", p.number, badBytes("key %x behind %x", key, after))
		}
		s.batch.Put(key, value)
		after, rest = key, behind
	}
	return after, s.db.commit(s.batch)
}
