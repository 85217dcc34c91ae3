package znode

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"

	"troupe/wire"
)

// nodeDigest hashes a node's path and whole value. Digests of nodes are added
// up, so that the sum is kept by subtracting the old and adding the new.
func nodeDigest(path string, z *wire.Znode) uint64 {
	var h xxhash.Digest
	h.Reset()
	_, _ = h.WriteString(path)
	var b [88]byte
	f := b[:0]
	for _, v := range [...]uint64{uint64(z.Czxid), uint64(z.Mzxid), uint64(z.Pzxid), uint64(z.Ctime),
		uint64(z.Mtime), uint64(z.Owner), uint64(uint32(z.Version))<<32 | uint64(uint32(z.Aversion)),
		uint64(uint32(z.Creates))<<32 | uint64(z.Kind), uint64(len(path)), dataLength(z.Data)} {
		f = binary.LittleEndian.AppendUint64(f, v)
	}
	_, _ = h.Write(f)
	_, _ = h.Write(z.Data)
	for _, a := range *z.ACL {
		_, _ = h.WriteString(a.ID.Scheme)
		_, _ = h.Write([]byte{0, byte(a.Perms), byte(a.Perms >> 8), byte(a.Perms >> 16), byte(a.Perms >> 24)})
		_, _ = h.WriteString(a.ID.ID)
	}
	return h.Sum64()
}

// dataLength tells null from empty data.
func dataLength(b []byte) uint64 {
	if b == nil {
		return ^uint64(0)
	}
	return uint64(len(b))
}

func sessionDigest(id wire.SessionID, s *wire.Session) uint64 {
	b := binary.LittleEndian.AppendUint64(nil, uint64(id))
	b = binary.LittleEndian.AppendUint32(b, uint32(s.Timeout))
	return xxhash.Sum64(append(b, s.Password...))
}
