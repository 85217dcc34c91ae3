package persistence

import (
	"encoding/binary"
	"hash/crc32"
)

// A chunk is a part of a state on its way to another member: whole entries, in
// the order of their keys. Big endian:
//
//	crc(u32) version(u8) last(u8) number(u32), then for each entry
//	key length(u32) key value length(u32) value
//
// crc is CRC-32C over what is behind it; last is 1 in the last chunk of a state;
// numbers count from 0. Keys are those of the state's database.
const (
	chunkVersion = 1
	chunkHead    = 4 + 1 + 1 + 4
	// chunkEntry is what an entry takes beside its key and value.
	chunkEntry = 4 + 4
)

// part is a chunk that was checked.
type part struct {
	number  uint32
	last    bool
	entries []byte
}

// appendChunkHead begins a chunk in b, which is empty; sealChunk ends it.
func appendChunkHead(b []byte, number uint32) []byte {
	return binary.BigEndian.AppendUint32(append(b, 0, 0, 0, 0, chunkVersion, 0), number)
}

func appendChunkEntry(b, key, value []byte) []byte {
	b = append(binary.BigEndian.AppendUint32(b, uint32(len(key))), key...)
	return append(binary.BigEndian.AppendUint32(b, uint32(len(value))), value...)
}

func sealChunk(b []byte, last bool) {
	if last {
		b[5] = 1
	}
	binary.BigEndian.PutUint32(b, crc32.Checksum(b[4:], castagnoli))
}

// decodeChunk checks a chunk and all that is in it.
func decodeChunk(b []byte) (part, error) {
	if len(b) < chunkHead || crc32.Checksum(b[4:], castagnoli) != binary.BigEndian.Uint32(b) {
		return part{}, badBytes("a chunk of %d bytes does not match its checksum", len(b))
	}
	if b[4] != chunkVersion || b[5] > 1 {
		return part{}, badBytes("a chunk of version %d, kind %d", b[4], b[5])
	}
	p := part{binary.BigEndian.Uint32(b[6:]), b[5] == 1, b[chunkHead:]}
	for rest := p.entries; len(rest) > 0; {
		key, _, after, ok := cutEntry(rest)
		if !ok || !stateKey(key) {
			return part{}, badBytes("a chunk with a bad entry, %d bytes before its end", len(rest))
		}
		rest = after
	}
	return p, nil
}

// cutEntry takes the first entry of b, if it is there whole.
func cutEntry(b []byte) (key, value, rest []byte, ok bool) {
	if key, b, ok = cutBytes(b); !ok {
		return nil, nil, nil, false
	}
	value, b, ok = cutBytes(b)
	return key, value, b, ok
}

// cutBytes takes bytes and their length from the front of b.
func cutBytes(b []byte) (front, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := binary.BigEndian.Uint32(b)
	if b = b[4:]; uint64(n) > uint64(len(b)) {
		return nil, nil, false
	}
	return b[:n:n], b[n:], true
}

// stateKey tells whether a key may be a znode's or a session's.
func stateKey(key []byte) bool {
	if len(key) < 2 {
		return false
	}
	return key[0] == prefixNode || key[0] == prefixSession && len(key) == 1+8
}
