package persistence

import (
	"encoding/binary"

	"troupe/wire"
)

// Keys of the log's meta data, beside its format.
var (
	keyLow       = metaKey("low")
	keyCommitted = metaKey("committed")
	keyAccepted  = metaKey("acceptedEpoch")
	keyCurrent   = metaKey("currentEpoch")
	keyEnsemble  = metaKey("ensembleId")
	keyVouches   = metaKey("vouches")
)

// keyApplied is the state's: the zxid it stands at, and its digest.
var keyApplied = metaKey("applied")

func encodeZxid(z wire.Zxid) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(z))
}

// The decoders below take nil, a key that was never written, as zero.

func decodeZxid(v []byte) (wire.Zxid, error) {
	n, err := decodeUint(v, 8)
	return wire.Zxid(n), err
}

func encodeEpoch(e wire.Epoch) []byte {
	return binary.BigEndian.AppendUint32(nil, uint32(e))
}

func decodeEpoch(v []byte) (wire.Epoch, error) {
	n, err := decodeUint(v, 4)
	return wire.Epoch(n), err
}

func encodePlace(p place) []byte {
	return encodePair(uint64(p.zxid), p.index)
}

func decodePlace(v []byte) (place, error) {
	zxid, index, err := decodePair(v)
	return place{wire.Zxid(zxid), index}, err
}

func encodePair(a, b uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, a), b)
}

func decodePair(v []byte) (a, b uint64, err error) {
	if v == nil {
		return 0, 0, nil
	}
	if len(v) != 16 {
		return 0, 0, badBytes("meta value of %d bytes, not 16", len(v))
	}
	return binary.BigEndian.Uint64(v), binary.BigEndian.Uint64(v[8:]), nil
}

func decodeUint(v []byte, size int) (uint64, error) {
	if v == nil {
		return 0, nil
	}
	if len(v) != size {
		return 0, badBytes("meta value of %d bytes, not %d", len(v), size)
	}
	n := uint64(0)
	for _, b := range v {
		n = n<<8 | uint64(b)
	}
	return n, nil
}
