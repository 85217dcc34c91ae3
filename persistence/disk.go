package persistence

import (
	"errors"
	"io"
	"sync"

	"github.com/syndtr/goleveldb/leveldb/storage"
)

// dirSyncer is what a storage offers that can make its directory's entries
// durable. OpenFiles does; one that does not is taken to need none.
type dirSyncer interface {
	SyncDir() error
}

// disk stands between LevelDB and a storage for what LevelDB lacks:
//
//   - the entry of a new file is synced when the file is created, so that a
//     synced write cannot vanish together with its file's name;
//   - the first write, sync or creation that fails is the last: LevelDB would
//     go on, reuse the failed batch's sequence numbers and lose what it
//     acknowledged afterwards, or trust a sync repeated after a failed one;
//   - journals are written ahead (ahead.go);
//   - the bytes held are counted.
type disk struct {
	storage.Storage
	dir dirSyncer // nil: entries need no sync

	failed *failure
	ahead  int64                      // bytes that journals are filled ahead
	noSync bool                       // nobody waits for syncs
	fronts map[storage.FileDesc]int64 // what is in use of the journals that were there at the start

	mu    sync.Mutex
	sizes map[storage.FileDesc]int64
	total int64
}

// failure is what ended writing, for all databases of a log alike.
type failure struct {
	mu   sync.Mutex
	err  error
	told chan struct{} // closed by it; nil: nobody has asked
}

// happened is closed when writing has ended.
func (f *failure) happened() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.told == nil {
		f.told = make(chan struct{})
		if f.err != nil {
			close(f.told)
		}
	}
	return f.told
}

func (f *failure) happen(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
		if f.told != nil {
			close(f.told)
		}
	}
}

// newDisk takes a storage whose journals are to have so many bytes.
func newDisk(s storage.Storage, failed *failure, journal int) (*disk, error) {
	if failed == nil {
		failed = new(failure)
	}
	d := &disk{Storage: s, failed: failed, ahead: min(aheadBytes, int64(journal)/aheadPart),
		sizes: make(map[storage.FileDesc]int64), fronts: make(map[storage.FileDesc]int64)}
	d.dir, _ = s.(dirSyncer)
	fds, err := s.List(storage.TypeAll)
	if err != nil {
		return nil, err
	}
	for _, fd := range fds {
		n, err := fileSize(s, fd)
		if err != nil {
			return nil, err
		}
		d.grow(fd, n)
	}
	return d, nil
}

func fileSize(s storage.Storage, fd storage.FileDesc) (int64, error) {
	r, err := s.Open(fd)
	if err != nil {
		return 0, err
	}
	n, err := r.Seek(0, io.SeekEnd)
	return n, errors.Join(err, r.Close())
}

// Log drops LevelDB's chatter about its compactions.
func (d *disk) Log(string) {}

func (d *disk) Create(fd storage.FileDesc) (storage.Writer, error) {
	if err := d.failure(); err != nil {
		return nil, err
	}
	w, err := d.Storage.Create(fd)
	if err != nil {
		return nil, d.fail(err)
	}
	d.forget(fd)
	if err := d.syncDir(); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	if f, ok := w.(fillable); ok && fd.Type == storage.TypeJournal {
		return &diskWriter{Writer: &ahead{fillable: f, by: d.ahead}, disk: d, fd: fd}, nil
	}
	return &diskWriter{Writer: w, disk: d, fd: fd}, nil
}

// Open ends a journal where its zeros begin, of which LevelDB knows nothing.
func (d *disk) Open(fd storage.FileDesc) (storage.Reader, error) {
	r, err := d.Storage.Open(fd)
	if size, cut := d.fronts[fd]; cut && err == nil {
		r = &front{r, io.LimitReader(r, size)}
	}
	return r, err
}

// front is a journal without what it was filled with.
type front struct {
	storage.Reader
	first io.Reader
}

func (f *front) Read(p []byte) (int, error) { return f.first.Read(p) }

func (d *disk) SetMeta(fd storage.FileDesc) error {
	if err := d.failure(); err != nil {
		return err
	}
	return d.fail(d.Storage.SetMeta(fd))
}

// Remove is let through after a failure: it only takes away what LevelDB no
// longer refers to.
func (d *disk) Remove(fd storage.FileDesc) error {
	err := d.Storage.Remove(fd)
	if err == nil {
		d.forget(fd)
	}
	return err
}

func (d *disk) Rename(from, to storage.FileDesc) error {
	if err := d.failure(); err != nil {
		return err
	}
	if err := d.Storage.Rename(from, to); err != nil {
		return d.fail(err)
	}
	d.mu.Lock()
	n := d.sizes[from]
	d.mu.Unlock()
	d.forget(from)
	d.forget(to)
	d.grow(to, n)
	return d.syncDir()
}

func (d *disk) syncDir() error {
	if d.dir == nil {
		return nil
	}
	return d.fail(d.dir.SyncDir())
}

// failure is the error that ended writing, or nil.
func (d *disk) failure() error {
	d.failed.mu.Lock()
	defer d.failed.mu.Unlock()
	return d.failed.err
}

// fail ends writing if err is not nil, and returns err.
func (d *disk) fail(err error) error {
	if err == nil {
		return nil
	}
	d.failed.happen(err)
	return err
}

// size is the number of bytes in all files.
func (d *disk) size() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.total
}

func (d *disk) grow(fd storage.FileDesc, n int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sizes[fd] += n
	d.total += n
}

func (d *disk) forget(fd storage.FileDesc) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.total -= d.sizes[fd]
	delete(d.sizes, fd)
}

// syncEvery is how many bytes may be written to a file without a sync. A sync of
// much holds up those of others on the same disk: the log's, for which clients
// wait, while a checkpoint is written.
const syncEvery = 1 << 20

type diskWriter struct {
	storage.Writer
	disk   *disk
	fd     storage.FileDesc
	behind int // bytes written since the last sync
}

func (w *diskWriter) Write(p []byte) (int, error) {
	if err := w.disk.failure(); err != nil {
		return 0, err
	}
	n, err := w.put(p)
	if w.behind += n; err == nil && w.behind >= syncEvery && !w.disk.noSync {
		return n, w.Sync()
	}
	return n, w.disk.fail(err)
}

// put writes, and counts by how much the file has grown.
func (w *diskWriter) put(p []byte) (int, error) {
	a, ok := w.Writer.(*ahead)
	if !ok {
		n, err := w.Writer.Write(p)
		w.disk.grow(w.fd, int64(n))
		return n, err
	}
	before := a.filled
	n, err := a.Write(p)
	w.disk.grow(w.fd, a.filled-before)
	return n, err
}

func (w *diskWriter) Close() error {
	err := w.Writer.Close()
	if a, ok := w.Writer.(*ahead); ok && err == nil {
		w.disk.grow(w.fd, a.end-a.filled)
	}
	return err
}

func (w *diskWriter) Sync() error {
	if err := w.disk.failure(); err != nil {
		return err
	}
	w.behind = 0
	return w.disk.fail(w.Writer.Sync())
}
