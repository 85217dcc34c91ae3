package persistence

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/rand"
	"testing"

	"github.com/syndtr/goleveldb/leveldb/journal"

	"troupe/wire"
)

func FuzzRecord(f *testing.F) {
	value := appendRecord(nil, recordKey(7), record{place: place{7, 1}, data: []byte("data")})
	f.Add(recordKey(7), value)
	f.Add(recordKey(8), value)
	f.Add([]byte("l"), []byte{})
	f.Fuzz(func(t *testing.T, key, value []byte) {
		r, err := decodeRecord(key, value)
		if err != nil {
			if !errors.Is(err, errBadBytes) {
				t.Fatalf("not bad bytes: %v", err)
			}
			return
		}
		if !bytes.Equal(recordKey(r.zxid), key) || !bytes.Equal(appendRecord(nil, key, r), value) {
			t.Fatalf("%+v is not what was read", r)
		}
	})
}

func FuzzMeta(f *testing.F) {
	f.Add(encodeZxid(1<<40 | 3))
	f.Add(encodeEpoch(7))
	f.Add(encodePlace(place{wire.MakeZxid(1, 2), 3}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, v []byte) {
		z, zerr := decodeZxid(v)
		e, eerr := decodeEpoch(v)
		p, perr := decodePlace(v)
		for _, c := range []struct {
			size int
			err  error
			back []byte
		}{{8, zerr, encodeZxid(z)}, {4, eerr, encodeEpoch(e)}, {16, perr, encodePlace(p)}} {
			if v != nil && (c.err == nil) != (len(v) == c.size) {
				t.Fatalf("%d bytes as %d: %v", len(v), c.size, c.err)
			}
			if v != nil && c.err == nil && !bytes.Equal(c.back, v) {
				t.Fatalf("%x read as %x", v, c.back)
			}
		}
	})
}

// walkAll collects the whole records of a journal.
func walkAll(b []byte) (records [][]byte, e ending, err error) {
	var open []byte
	e, err = walkJournal(bytes.NewReader(b), func(c chunk) error {
		if open = append(open, c.payload...); c.ends() {
			records = append(records, open)
			open = nil
		}
		return nil
	}, func(payload []byte) bool { return true })
	return records, e, err
}

// FuzzJournal reads arbitrary bytes, as LevelDB's strict reader would.
func FuzzJournal(f *testing.F) {
	f.Add(makeJournal(f, 10, 100, 0, 40000, 3))
	f.Add(makeJournal(f, 10, 100)[:50])
	f.Add(append(makeJournal(f, 10, 100), make([]byte, 100)...))
	f.Add(append(makeJournal(f, 10, 100)[:100], make([]byte, 1000)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, e, err := walkAll(b)
		if err != nil && !errors.Is(err, errBadBytes) {
			t.Fatal(err)
		}
		whole := e.tail == TailWhole
		if err == nil && (e.dropped > e.size || (e.dropped > 0) == whole || e.size > int64(len(b)) ||
			!allZero(b[e.size:]) || e.size < int64(len(b)) && !whole) {
			t.Fatalf("%d bytes: %+v", len(b), e)
		}
		r := journal.NewReader(bytes.NewReader(b), nil, true, true)
		for i := 0; ; i++ {
			var want []byte
			next, rerr := r.Next()
			if rerr == nil {
				want, rerr = io.ReadAll(next)
			}
			if rerr != nil {
				// LevelDB passes over a header cut short, and records out of order.
				if err == nil && i != len(got) || i > len(got) {
					t.Fatalf("%d records, LevelDB reads %d (%v)", len(got), i, rerr)
				}
				return
			}
			if i == len(got) && err != nil {
				return
			}
			if i >= len(got) || !bytes.Equal(got[i], want) {
				t.Fatalf("record %d of %d differs from LevelDB's", i, len(got))
			}
		}
	})
}

func makeJournal(t testing.TB, sizes ...int) []byte {
	var b bytes.Buffer
	w := journal.NewWriter(&b)
	rnd := rand.New(rand.NewSource(1))
	for _, n := range sizes {
		r, err := w.Next()
		if err == nil {
			p := make([]byte, n)
			rnd.Read(p)
			_, err = r.Write(p)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// FuzzJournalTail spoils a good journal, see spoilJournal.
func FuzzJournalTail(f *testing.F) {
	f.Add(10, 300, 33000, 100, uint32(50), byte(0))
	f.Add(1, 0, 70000, 9, uint32(1000), byte(1))
	f.Add(32755, 20, 20, 20, uint32(20), byte(0x80))
	f.Fuzz(func(t *testing.T, n1, n2, n3, n4 int, at uint32, change byte) {
		spoilJournal(t, [4]int{n1, n2, n3, n4}, at, change)
	})
}

func TestJournal_Spoiled(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	n := 2000
	if raceDetector {
		n = 200
	}
	for range n {
		var sizes [4]int
		for i := range sizes {
			sizes[i] = rnd.Intn([]int{20, 1000, 70000}[rnd.Intn(3)])
		}
		spoilJournal(t, sizes, rnd.Uint32(), byte(rnd.Intn(2)*(1<<rnd.Intn(8))))
	}
}

// spoilJournal writes a journal and cuts it (change 0) or changes a byte. What
// is handed out must be the beginning of what was written; a cut is torn or
// between two records, a change is noticed.
func spoilJournal(t *testing.T, sizes [4]int, at uint32, change byte) {
	for i := range sizes {
		sizes[i] &= 1<<17 - 1
	}
	whole := makeJournal(t, sizes[:]...)
	all, e, err := walkAll(whole)
	if err != nil || e.tail != TailWhole || len(all) != len(sizes) {
		t.Fatalf("%d records: %+v, %v", len(all), e, err)
	}
	b := bytes.Clone(whole)
	i := int(at) % len(b)
	if change == 0 {
		b = b[:i]
	} else {
		b[i] ^= change
	}
	got, e, err := walkAll(b)
	for i := range got {
		if i >= len(all) || !bytes.Equal(got[i], all[i]) {
			t.Fatalf("record %d is not what was written", i)
		}
	}
	switch {
	case change == 0 && (err != nil || e.tail == TailSuspect):
		t.Fatalf("cut at %d of %d: %+v, %v", i, len(whole), e, err)
	case change != 0 && err == nil && e.tail == TailWhole && !padding(whole, i):
		t.Fatalf("byte %d of %d changed by %x: not noticed", i, len(whole), change)
	}
}

// padding tells whether a byte lies in the unused end of a block.
func padding(b []byte, i int) bool {
	block := i / blockSize * blockSize
	j := &journalReader{r: bytes.NewReader(b[block:])}
	for {
		if _, err := j.next(); err != nil || j.start > 0 {
			return j.start > 0 || err != nil
		}
		if block+j.pos > i {
			return false
		}
		if rest := min(blockSize, len(b)-block) - j.pos; rest < chunkHeader {
			return true
		}
	}
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte{2, 9, 3, 10, 4, 200, 1})
	f.Add([]byte{7, 0, 5, 200, 1, 2, 'a', 'b', 1, 'c', 6, 0, 5})
	f.Add([]byte{1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		m := &manifest{tables: make(map[uint64]int64)}
		if err := m.apply(b); err != nil && !errors.Is(err, errBadBytes) {
			t.Fatal(err)
		}
	})
}

// FuzzChunk reads arbitrary bytes; what passes is what was written, and leaves
// the checksum to be made right, so that what is behind it is reached.
func FuzzChunk(f *testing.F) {
	for _, c := range chunksOf(f, 5, 100) {
		f.Add(c)
	}
	huge := binary.BigEndian.AppendUint32(appendChunkHead(nil, 0), math.MaxUint32)
	f.Add(append(huge, "n/a"...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := decodeChunk(b); err != nil && !errors.Is(err, errBadBytes) {
			t.Fatal(err)
		}
		if len(b) < chunkHead {
			return
		}
		b = bytes.Clone(b)
		sealChunk(b, b[5] == 1)
		p, err := decodeChunk(b)
		if err != nil {
			if !errors.Is(err, errBadBytes) {
				t.Fatal(err)
			}
			return
		}
		again := appendChunkHead(nil, p.number)
		for rest := p.entries; len(rest) > 0; {
			key, value, behind, ok := cutEntry(rest)
			if !ok || len(behind) >= len(rest) {
				t.Fatal("an entry that was checked is not there")
			}
			again, rest = appendChunkEntry(again, key, value), behind
		}
		if sealChunk(again, p.last); !bytes.Equal(again, b) {
			t.Fatalf("%x read as %x", b, again)
		}
	})
}

func FuzzCurrent(f *testing.F) {
	f.Add(encodeCurrent(1))
	f.Add(encodeCurrent(12))
	f.Add([]byte("troupe current 2\nanything\n"))
	f.Add([]byte("troupe current 1\nstate state.02\nlog log.2\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := decodeCurrent(b)
		if err != nil {
			if !errors.Is(err, errBadBytes) && !errors.Is(err, ErrNewerFormat) {
				t.Fatal(err)
			}
			return
		}
		if !bytes.Equal(encodeCurrent(p), b) {
			t.Fatalf("%q read as %d", b, p)
		}
		if q, ok := parsePair(stateName, p.name(stateName)); !ok || q != p {
			t.Fatalf("%d is read back as %d", p, q)
		}
	})
}

func FuzzSegments(f *testing.F) {
	all := segments{next: 9, list: []segment{{}, {number: 2, low: place{5, 1}}, {number: 8, low: place{7, 3}}}}
	f.Add(encodeSegments(all))
	f.Add(encodeSegments(segments{next: 1, list: []segment{{}}}))
	f.Add([]byte{0, 0, 0, 1, 0})
	f.Fuzz(func(t *testing.T, v []byte) {
		s, err := decodeSegments(v, nil)
		if err != nil {
			if !errors.Is(err, errBadBytes) {
				t.Fatal(err)
			}
			return
		}
		if v != nil && !bytes.Equal(encodeSegments(s), v) {
			t.Fatalf("%x read as %+v", v, s)
		}
	})
}
