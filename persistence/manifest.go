package persistence

import (
	"encoding/binary"

	"github.com/syndtr/goleveldb/leveldb/storage"
)

// manifest is what LevelDB's manifest says of the files of a database.
type manifest struct {
	journal uint64           // the oldest to be replayed; 0: none yet
	last    uint64           // sequence number of the last operation in a table
	tables  map[uint64]int64 // size by number
}

// readManifest reads the records of a manifest. One that a crash cut short at
// its end was not in force yet.
func readManifest(s storage.Storage, fd storage.FileDesc) (*manifest, error) {
	m := &manifest{tables: make(map[uint64]int64)}
	var record []byte
	visit := func(c chunk) error {
		if record = append(record, c.payload...); !c.ends() {
			return nil
		}
		err := m.apply(record)
		record = record[:0]
		return err
	}
	begins := func(payload []byte) bool {
		return len(payload) > 0 && (&manifest{tables: make(map[uint64]int64)}).apply(payload) == nil
	}
	return m, walkFile(s, fd, new(ending), visit, begins)
}

// checkTables checks that the tables are there, in their sizes. LevelDB would
// look later, when it has begun to change files.
func (m *manifest) checkTables(d *disk) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for num, size := range m.tables {
		fd := storage.FileDesc{Type: storage.TypeTable, Num: int64(num)}
		found, ok := d.sizes[fd]
		if !ok {
			return badBytes("file %s is missing", fd)
		}
		if found != size {
			return badBytes("file %s has %d bytes, not %d", fd, found, size)
		}
	}
	return nil
}

// Tags of a manifest record's fields. After a tag come numbers (uvarint) and
// strings (uvarint length, bytes), as manifestFields spells.
const (
	manifestJournal = 2
	manifestLast    = 4
	manifestDrop    = 6
	manifestAdd     = 7
)

var manifestFields = map[uint64]string{
	1:               "s",     // comparer
	manifestJournal: "n",     // oldest journal to replay
	3:               "n",     // next file
	manifestLast:    "n",     // sequence number of the last operation in a table
	5:               "ns",    // compaction pointer: level, key
	manifestDrop:    "nn",    // level, table
	manifestAdd:     "nnnss", // level, table, size, smallest and largest key
	9:               "n",     // previous journal, no longer used
}

// apply reads one record.
func (m *manifest) apply(record []byte) error {
	for len(record) > 0 {
		tag, n := binary.Uvarint(record)
		fields, known := manifestFields[tag]
		if n <= 0 || !known {
			return badBytes("manifest record with field %d", tag)
		}
		record = record[n:]
		var x [5]uint64
		for i, f := range fields {
			if x[i], n = binary.Uvarint(record); n <= 0 {
				return badBytes("manifest record cut short")
			}
			record = record[n:]
			if f == 's' {
				if x[i] > uint64(len(record)) {
					return badBytes("manifest record cut short")
				}
				record = record[x[i]:]
			}
		}
		switch tag {
		case manifestJournal:
			m.journal = x[0]
		case manifestLast:
			m.last = x[0]
		case manifestDrop:
			delete(m.tables, x[1])
		case manifestAdd:
			m.tables[x[1]] = int64(x[2])
		}
	}
	return nil
}
