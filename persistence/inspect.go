package persistence

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/syndtr/goleveldb/leveldb/storage"
)

// Neither of LevelDB's two ways to open fits a log: the strict one refuses
// what every crash leaves, the lenient one passes over damage in the middle
// and removes the evidence. So files are looked at before LevelDB may touch
// them, and it is opened leniently only where the very end is torn.

// inspect reads the manifest, checks that the tables it names are there, and
// reads the journals LevelDB would replay. It says how the last journal ends;
// damage anywhere else is an errBadBytes.
func inspect(d *disk) (ending, error) {
	fd, err := d.GetMeta()
	if errors.Is(err, fs.ErrNotExist) {
		return ending{}, clearManifests(d)
	}
	if err != nil {
		return ending{}, err
	}
	m, err := readManifest(d, fd)
	if err != nil {
		return ending{}, err
	}
	if err := m.checkTables(d); err != nil {
		return ending{}, err
	}
	return inspectJournals(d, m)
}

// clearManifests removes what is left of a database whose creation a crash
// cut short before anything referred to it; LevelDB would refuse it for ever.
// Beside journals or tables a missing entry point is left for LevelDB to refuse.
func clearManifests(s storage.Storage) error {
	data, err := s.List(storage.TypeJournal | storage.TypeTable)
	if err != nil || len(data) > 0 {
		return err
	}
	stillborn, err := s.List(storage.TypeManifest)
	if err != nil {
		return err
	}
	for _, fd := range stillborn {
		if err := s.Remove(fd); err != nil {
			return err
		}
	}
	return nil
}

// inspectJournals checks that the batches in the journals follow what is in
// tables, and each other. Only the last journal with anything in it may end
// badly: one is begun when all before it is written and synced.
func inspectJournals(d *disk, m *manifest) (last ending, err error) {
	journals, err := d.List(storage.TypeJournal)
	if err != nil {
		return ending{}, err
	}
	journals = slices.DeleteFunc(journals, func(fd storage.FileDesc) bool { return uint64(fd.Num) < m.journal })
	slices.SortFunc(journals, func(a, b storage.FileDesc) int { return cmp.Compare(a.Num, b.Num) })
	order := &batchOrder{next: m.last + 1}
	var at storage.FileDesc // the journal that last speaks of
	for _, fd := range journals {
		var e ending
		if err := walkFile(d, fd, &e, order.visit, order.begins); err != nil {
			return ending{}, err
		}
		d.fronts[fd] = e.size
		switch {
		case e.size == 0:
		case last.tail != TailWhole:
			return ending{}, badBytes("file %s ends in unreadable bytes, and %s follows it", at, fd)
		default:
			last, at = e, fd
		}
	}
	// Without a batch that goes on from the tables, that none is missing shows
	// by the journal the manifest names; LevelDB would not notice.
	if m.journal > 0 && !order.seen && (len(journals) == 0 || uint64(journals[0].Num) != m.journal) {
		return ending{}, badBytes("file %s is missing", storage.FileDesc{Type: storage.TypeJournal, Num: int64(m.journal)})
	}
	return last, nil
}

// walkFile walks a journal or manifest and names it in what is wrong with it.
func walkFile(s storage.Storage, fd storage.FileDesc, e *ending, visit func(chunk) error,
	begins func([]byte) bool) error {
	r, err := s.Open(fd)
	if errors.Is(err, fs.ErrNotExist) {
		return badBytes("file %s is missing", fd)
	}
	if err != nil {
		return err
	}
	*e, err = walkJournal(r, visit, begins)
	if err != nil {
		err = fmt.Errorf("file %s: %w", fd, err)
	}
	return errors.Join(err, r.Close())
}

// batchOrder follows the sequence numbers in the headers of the batches:
// sequence number of the first operation (8, little endian), operations (4).
type batchOrder struct {
	next   uint64
	seen   bool // there was one
	header []byte
}

const batchHeader = 12

func (o *batchOrder) visit(c chunk) error {
	if c.begins() {
		o.header = o.header[:0]
	}
	if missing := batchHeader - len(o.header); missing > 0 {
		o.header = append(o.header, c.payload[:min(missing, len(c.payload))]...)
		if len(o.header) == batchHeader {
			return o.follow()
		}
	}
	if c.ends() && len(o.header) < batchHeader {
		return badBytes("a batch of %d bytes", len(o.header))
	}
	return nil
}

func (o *batchOrder) follow() error {
	seq, count := batchHeaderOf(o.header)
	// What LevelDB's recovery stores of the journals it has replayed is the
	// next number, everywhere else it is the last one.
	if seq != o.next && (o.seen || seq != o.next-1) {
		return badBytes("batch %d where %d was due", seq, o.next)
	}
	o.next, o.seen = seq+count, true
	return nil
}

// maxBatchJump bounds how far ahead a batch's number may be for it to count as
// a successor of those read; it lies far above what a journal can hold.
const maxBatchJump = 1 << 32

// begins tells whether payload may start a batch that follows those read.
func (o *batchOrder) begins(payload []byte) bool {
	if len(payload) < batchHeader {
		return false
	}
	seq, count := batchHeaderOf(payload)
	return count > 0 && seq+1 >= o.next && seq < o.next+maxBatchJump
}

func batchHeaderOf(b []byte) (seq, count uint64) {
	return binary.LittleEndian.Uint64(b), uint64(binary.LittleEndian.Uint32(b[8:]))
}
