package persistence

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// LevelDB's journals and manifests are cut into blocks of 32 KiB, filled with
// chunks: checksum (4, little endian), length (2, little endian), type (1),
// payload. A record is one full chunk, or a first, middles and a last one.
const (
	blockSize   = 32 << 10
	chunkHeader = 7
	sectorSize  = 512

	chunkFull   = 1
	chunkFirst  = 2
	chunkMiddle = 3
	chunkLast   = 4
)

// Tail says how a log ended when it was opened.
type Tail int

const (
	// TailWhole: the last write was complete.
	TailWhole Tail = iota
	// TailTorn: the last write is cut short, or parts of it read as zeros, as
	// a crash leaves a write that was never acknowledged. It was dropped.
	TailTorn
	// TailSuspect: the last write is all there, but does not match its
	// checksum. It was dropped; crashes do not leave this, failing disks do,
	// so acknowledged records may be gone. The log does not vouch for itself
	// from then on (Log.Vouches); alone, it is worth a warning.
	TailSuspect
)

func (t Tail) String() string {
	return [...]string{"whole", "torn", "suspect"}[t]
}

// ending is how a journal file ends.
type ending struct {
	tail    Tail
	size    int64 // bytes in the file, less the zeros it was filled with ahead
	dropped int64 // of those, behind the last whole record
}

// chunk is one verified chunk of a record.
type chunk struct {
	kind    byte
	payload []byte // valid until the next one
}

func (c chunk) begins() bool { return c.kind == chunkFull || c.kind == chunkFirst }
func (c chunk) ends() bool   { return c.kind == chunkFull || c.kind == chunkLast }

// journalReader reads a journal's chunks up to the first bad one.
type journalReader struct {
	r     io.Reader
	block []byte // what was read of the current block
	pos   int    // where the next chunk starts in block
	start int64  // offset of block in the file
	buf   [blockSize]byte
}

// next returns the next good chunk; io.EOF where the file ends cleanly,
// errBadBytes where what follows is no chunk, left at block[pos:].
func (j *journalReader) next() (chunk, error) {
	for len(j.block)-j.pos < chunkHeader {
		if len(j.block) > 0 && len(j.block) < blockSize {
			if j.pos < len(j.block) {
				return chunk{}, errBadBytes
			}
			return chunk{}, io.EOF
		}
		if err := j.fill(); err != nil {
			return chunk{}, err
		}
	}
	c, ok := parseChunk(j.block[j.pos:])
	if !ok {
		return chunk{}, errBadBytes
	}
	j.pos += chunkHeader + len(c.payload)
	return c, nil
}

// fill reads the next block.
func (j *journalReader) fill() error {
	j.start += int64(len(j.block))
	j.pos = 0
	n, err := io.ReadFull(j.r, j.buf[:])
	j.block = j.buf[:n]
	if n > 0 && errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// parseChunk takes the chunk at the start of b, the rest of a block, if one
// that matches its checksum is there.
func parseChunk(b []byte) (chunk, bool) {
	if len(b) < chunkHeader || b[6] < chunkFull || b[6] > chunkLast {
		return chunk{}, false
	}
	end := chunkHeader + int(binary.LittleEndian.Uint16(b[4:]))
	if end > len(b) {
		return chunk{}, false
	}
	sum := crc32.Checksum(b[6:end], castagnoli)
	masked := (sum>>15 | sum<<17) + 0xa282ead8
	if binary.LittleEndian.Uint32(b) != masked {
		return chunk{}, false
	}
	return chunk{kind: b[6], payload: b[chunkHeader:end]}, true
}

// walkJournal hands each good chunk to visit and finds how the journal ends.
// Writes go out one at a time, each synced before the next. So what a crash
// cut is the end of the last record; a record that begins behind bad bytes
// shows that acknowledged ones are lost, which is an errBadBytes. To tell one
// from chance, begins is asked whether a payload may start a record there.
func walkJournal(r io.Reader, visit func(chunk) error, begins func([]byte) bool) (ending, error) {
	j := &journalReader{r: r}
	good, open := int64(0), false // offset behind the last whole record; one begun?
	for {
		c, err := j.next()
		switch {
		case err == nil && c.begins() == open:
			return ending{}, badBytes("pieces of records out of order at offset %d", j.start+int64(j.pos))
		case err == nil:
			if err := visit(c); err != nil {
				return ending{}, err
			}
			if open = !c.ends(); !open {
				good = j.start + int64(j.pos)
			}
		case errors.Is(err, io.EOF):
			return cleanEnd(j.start+int64(len(j.block)), good, open), nil
		case errors.Is(err, errBadBytes):
			return j.badEnd(good, open, begins)
		default:
			return ending{}, err
		}
	}
}

// cleanEnd is the end of a journal without bad bytes, which may still lack the
// last pieces of its last record.
func cleanEnd(size, good int64, open bool) ending {
	if open {
		return ending{tail: TailTorn, size: size, dropped: size - good}
	}
	return ending{size: size}
}

// badEnd judges bad bytes at block[pos:]: errBadBytes if a record begins
// behind them, else what they look like. Zeros to the end of the file are what
// it was filled with ahead (ahead.go).
func (j *journalReader) badEnd(good int64, open bool, begins func([]byte) bool) (ending, error) {
	bad := j.start + int64(j.pos)
	due := bad + announced(j.block[j.pos:])
	var z zeros
	for {
		z.look(j.block[j.pos:], j.start+int64(j.pos))
		for p := j.pos; p < len(j.block); {
			c, ok := parseChunk(j.block[p:])
			switch {
			case !ok:
				p++
			case c.begins() && begins(c.payload):
				return ending{}, badBytes("unreadable bytes at offset %d, records behind them", bad)
			default:
				p += chunkHeader + len(c.payload)
			}
		}
		if err := j.fill(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return ending{}, err
		}
	}
	size := j.start + int64(len(j.block))
	switch {
	case z.end == 0 && !open: // nothing but zeros
		return ending{size: good}, nil
	case z.end == 0, z.inside, due > min(z.end, size):
		return ending{tail: TailTorn, size: size, dropped: size - good}, nil
	}
	return ending{tail: TailSuspect, size: size, dropped: size - good}, nil
}

// announced is the size of the chunk that b, the rest of a block, begins with.
func announced(b []byte) int64 {
	if len(b) < chunkHeader {
		return chunkHeader
	}
	return chunkHeader + int64(binary.LittleEndian.Uint16(b[4:]))
}

// zeros looks for sectors that read as zeros, which is how a device leaves those
// that it has not written.
type zeros struct {
	end    int64 // behind the last sector that does not
	inside bool  // there are some before that
	some   bool  // there are some behind it
}

// look goes on at an offset in the file.
func (z *zeros) look(b []byte, at int64) {
	for len(b) > 0 {
		n := min(sectorSize-int(at%sectorSize), len(b))
		if allZero(b[:n]) {
			z.some = true
		} else {
			z.end, z.inside = (at/sectorSize+1)*sectorSize, z.inside || z.some
		}
		b, at = b[n:], at+int64(n)
	}
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
