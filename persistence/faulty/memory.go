package faulty

import (
	"bytes"
	"fmt"
	"os"
	"sync"

	"github.com/syndtr/goleveldb/leveldb/storage"
)

// memory is a storage in memory that, unlike LevelDB's own, lets a file be
// read while it is written, as a file system does.
type memory struct {
	mu    sync.Mutex
	files map[storage.FileDesc][]byte
	meta  storage.FileDesc
}

func newMemory() *memory { return &memory{files: make(map[storage.FileDesc][]byte)} }

type noLock struct{}

func (noLock) Unlock() {}

func (m *memory) Lock() (storage.Locker, error) { return noLock{}, nil }
func (m *memory) Log(string)                    {}
func (m *memory) Close() error                  { return nil }

func (m *memory) SetMeta(fd storage.FileDesc) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.meta = fd
	return nil
}

func (m *memory) GetMeta() (storage.FileDesc, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.files[m.meta]; !ok {
		return storage.FileDesc{}, os.ErrNotExist
	}
	return m.meta, nil
}

func (m *memory) List(t storage.FileType) (fds []storage.FileDesc, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for fd := range m.files {
		if fd.Type&t != 0 {
			fds = append(fds, fd)
		}
	}
	return fds, nil
}

type memoryReader struct{ *bytes.Reader }

func (memoryReader) Close() error { return nil }

func (m *memory) Open(fd storage.FileDesc) (storage.Reader, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.files[fd]
	if !ok {
		return nil, os.ErrNotExist
	}
	return memoryReader{bytes.NewReader(b)}, nil
}

func (m *memory) Create(fd storage.FileDesc) (storage.Writer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[fd] = nil
	return &memoryWriter{m, fd}, nil
}

func (m *memory) Remove(fd storage.FileDesc) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.files[fd]; !ok {
		return os.ErrNotExist
	}
	delete(m.files, fd)
	return nil
}

func (m *memory) Rename(from, to storage.FileDesc) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.files[from]
	if !ok {
		return os.ErrNotExist
	}
	delete(m.files, from)
	m.files[to] = b
	return nil
}

type memoryWriter struct {
	m  *memory
	fd storage.FileDesc
}

func (w *memoryWriter) Write(p []byte) (int, error) {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	w.m.files[w.fd] = append(w.m.files[w.fd], p...)
	return len(p), nil
}

// WriteAt implements io.WriterAt; it leaves no holes.
func (w *memoryWriter) WriteAt(p []byte, at int64) (int, error) {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	b := w.m.files[w.fd]
	if at > int64(len(b)) {
		return 0, fmt.Errorf("a hole before %d", at)
	}
	n := copy(b[at:], p)
	w.m.files[w.fd] = append(b, p[n:]...)
	return len(p), nil
}

// Truncate cuts the file.
func (w *memoryWriter) Truncate(size int64) error {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	w.m.files[w.fd] = w.m.files[w.fd][:size:size]
	return nil
}

func (*memoryWriter) Sync() error  { return nil }
func (*memoryWriter) Close() error { return nil }
