package persistence

import (
	"encoding/binary"
	"hash/crc32"

	"troupe/wire"
)

// Entry is one record of the log: its zxid and its encoded bytes.
type Entry = wire.Entry

// place is a record's place in the log: its zxid, and its number counted from
// the log's first record ever, 1. The zero place lies before that.
type place struct {
	zxid  wire.Zxid
	index uint64
}

// record is an entry as the log stores it.
type record struct {
	place
	prev      wire.Zxid // of the record before it; 0 for the first ever
	committed wire.Zxid // the last zxid known committed when it was written
	data      []byte
}

// recordHeader: checksum (4), prev (8), committed (8), index (8).
const recordHeader = 4 + 8 + 8 + 8

// Prefixes of keys. The meta data sorts behind the records: before them, each
// table holding a bit of both would overlap the whole log.
const (
	prefixRecord  = 'l'
	prefixMeta    = 'm'
	prefixNode    = 'n'
	prefixSession = 's'
)

const recordKeyLen = 1 + 8

func recordKey(z wire.Zxid) []byte {
	return appendRecordKey(make([]byte, 0, recordKeyLen), z)
}

func appendRecordKey(b []byte, z wire.Zxid) []byte {
	return binary.BigEndian.AppendUint64(append(b, prefixRecord), uint64(z))
}

func metaKey(name string) []byte { return append([]byte{prefixMeta}, name...) }

// appendRecord appends the value that stores r under key.
func appendRecord(b, key []byte, r record) []byte {
	start := len(b)
	b = append(b, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint64(b, uint64(r.prev))
	b = binary.BigEndian.AppendUint64(b, uint64(r.committed))
	b = binary.BigEndian.AppendUint64(b, r.index)
	b = append(b, r.data...)
	binary.BigEndian.PutUint32(b[start:], recordSum(key, b[start+4:]))
	return b
}

// recordSum covers the zxid, which only the key holds, and the value behind
// the checksum.
func recordSum(key, rest []byte) uint32 {
	return crc32.Update(crc32.Checksum(key[1:], castagnoli), castagnoli, rest)
}

// decodeRecord checks and reads one record. Its data aliases value.
func decodeRecord(key, value []byte) (record, error) {
	if len(key) != recordKeyLen || key[0] != prefixRecord {
		return record{}, badBytes("log key %x", key)
	}
	z := wire.Zxid(binary.BigEndian.Uint64(key[1:]))
	if len(value) < recordHeader {
		return record{}, badBytes("record %s of %d bytes", z, len(value))
	}
	if recordSum(key, value[4:]) != binary.BigEndian.Uint32(value) {
		return record{}, badBytes("record %s does not match its checksum", z)
	}
	return record{
		prev:      wire.Zxid(binary.BigEndian.Uint64(value[4:])),
		committed: wire.Zxid(binary.BigEndian.Uint64(value[12:])),
		place:     place{z, binary.BigEndian.Uint64(value[20:])},
		data:      value[recordHeader:],
	}, nil
}

// follows checks that r is the record right after p.
func (r record) follows(p place) error {
	if r.prev != p.zxid || r.index != p.index+1 {
		return badBytes("record %s (number %d) follows %s (number %d), but was written after %s",
			r.zxid, r.index, p.zxid, p.index, r.prev)
	}
	return nil
}
