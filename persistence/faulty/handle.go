package faulty

import (
	"io"
	"syscall"
	"time"

	"github.com/syndtr/goleveldb/leveldb/storage"
)

// handle is an open directory: the storage.Storage that LevelDB gets.
type handle struct {
	dir    *directory
	locked bool
	closed bool
}

// unlocker undoes Lock.
type unlocker struct{ h *handle }

func (u unlocker) Unlock() {
	u.h.dir.disk.mu.Lock()
	defer u.h.dir.disk.mu.Unlock()
	u.h.locked = false
}

// usable locks the disk and tells whether anything can still be done.
func (h *handle) usable() error {
	h.dir.disk.mu.Lock()
	switch {
	case h.closed:
		return storage.ErrClosed
	case h.dir.disk.crashed:
		return ErrCrashed
	}
	return nil
}

func (h *handle) done() { h.dir.disk.mu.Unlock() }

// change is one operation: counted, failed, left half done, or done by act.
func (h *handle) change(op Op, act func() error) error {
	defer h.done()
	if err := h.usable(); err != nil {
		return err
	}
	half, err := h.dir.disk.step(op)
	if half && h.dir.disk.coin() {
		if err := act(); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	return act()
}

func (h *handle) Lock() (storage.Locker, error) {
	defer h.done()
	if err := h.usable(); err != nil {
		return nil, err
	}
	if h.locked {
		return nil, storage.ErrLocked
	}
	h.locked = true
	return unlocker{h}, nil
}

func (h *handle) Log(string) {}

func (h *handle) SetMeta(fd storage.FileDesc) error {
	return h.change(SetMeta, func() error {
		h.dir.link()
		return h.dir.base.SetMeta(fd)
	})
}

func (h *handle) GetMeta() (storage.FileDesc, error) {
	defer h.done()
	if err := h.usable(); err != nil {
		return storage.FileDesc{}, err
	}
	return h.dir.base.GetMeta()
}

func (h *handle) List(t storage.FileType) ([]storage.FileDesc, error) {
	defer h.done()
	if err := h.usable(); err != nil {
		return nil, err
	}
	return h.dir.base.List(t)
}

func (h *handle) Open(fd storage.FileDesc) (storage.Reader, error) {
	defer h.done()
	if err := h.usable(); err != nil {
		return nil, err
	}
	return h.dir.base.Open(fd)
}

func (h *handle) Create(fd storage.FileDesc) (w storage.Writer, err error) {
	err = h.change(Create, func() error {
		base, err := h.dir.base.Create(fd)
		if err != nil {
			return err
		}
		if old := h.dir.files[fd]; old != nil {
			h.dir.disk.used -= old.written
		}
		h.dir.files[fd] = &file{}
		w = &writer{Writer: base, h: h, file: h.dir.files[fd], fd: fd}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return w, nil
}

func (h *handle) Remove(fd storage.FileDesc) error {
	return h.change(Remove, func() error { return h.dir.remove(fd) })
}

// Rename is done and durable at once: LevelDB uses it in repairs only.
func (h *handle) Rename(from, to storage.FileDesc) error {
	return h.change(Rename, func() error {
		if err := h.dir.base.Rename(from, to); err != nil {
			return err
		}
		if old := h.dir.files[to]; old != nil {
			h.dir.disk.used -= old.written
		}
		h.dir.files[to] = h.dir.files[from]
		delete(h.dir.files, from)
		return nil
	})
}

// SyncDir makes the directory's entries durable.
func (h *handle) SyncDir() error {
	return h.change(SyncDir, func() error {
		if h.dir.disk.unnamed {
			return nil
		}
		if base, ok := h.dir.base.(interface{ SyncDir() error }); ok {
			if err := base.SyncDir(); err != nil {
				return err
			}
		}
		h.dir.link()
		return nil
	})
}

// Close ends the handle, also that of a crashed disk.
func (h *handle) Close() error {
	h.dir.disk.mu.Lock()
	defer h.dir.disk.mu.Unlock()
	if h.closed {
		return storage.ErrClosed
	}
	h.closed = true
	h.dir.held = false
	if _, ok := h.dir.base.(*memory); ok {
		return nil // its content lives as long as the disk
	}
	h.dir.closed = true
	return h.dir.base.Close()
}

// writer writes one file.
type writer struct {
	storage.Writer
	h    *handle
	file *file
	fd   storage.FileDesc
}

// Write writes p, or what of it fits. A write that a crash interrupts is in
// the file, unsynced.
func (w *writer) Write(p []byte) (n int, err error) {
	return w.write(p, func() int64 { return w.file.written }, w.Writer.Write)
}

// WriteAt does so at an offset: behind the end, or over zeros.
func (w *writer) WriteAt(p []byte, at int64) (n int, err error) {
	return w.write(p, func() int64 { return at }, func(p []byte) (int, error) {
		return w.Writer.(io.WriterAt).WriteAt(p, at)
	})
}

// Truncate cuts zeros off the end, which a crash may undo or not.
func (w *writer) Truncate(size int64) error {
	d := w.h.dir.disk
	defer w.h.done()
	if err := w.h.usable(); err != nil {
		return err
	}
	if _, err := d.step(Write); err != nil {
		return err
	}
	if err := w.Writer.(interface{ Truncate(int64) error }).Truncate(size); err != nil {
		return err
	}
	d.used -= w.file.written - size
	w.file.written, w.file.synced = size, min(w.file.synced, size)
	return nil
}

func (w *writer) write(p []byte, at func() int64, put func([]byte) (int, error)) (n int, err error) {
	d := w.h.dir.disk
	defer w.h.done()
	if err := w.h.usable(); err != nil {
		return 0, err
	}
	half, failed := d.step(Write)
	from := at()
	if grows := from + int64(len(p)) - w.file.written; failed != nil && !half {
		p = p[:d.rnd.Intn(len(p)+1)] // what an I/O error leaves is anyone's guess
	} else if d.quota >= 0 && d.used+grows > d.quota {
		p = p[:max(int64(len(p))-(d.used+grows-d.quota), 0)]
		failed = syscall.ENOSPC
	}
	n, err = put(p)
	to := from + int64(n)
	if from < w.file.synced {
		w.file.dirty = append(w.file.dirty, span{from, min(to, w.file.synced)})
	}
	d.used += max(to-w.file.written, 0)
	w.file.written = max(w.file.written, to)
	if failed != nil {
		err = failed
	}
	return n, err
}

// Sync makes what is written durable; one that fails loses it for good.
func (w *writer) Sync() error {
	d := w.h.dir.disk
	if delay := d.delay(); delay > 0 {
		time.Sleep(delay)
	}
	defer w.h.done()
	if err := w.h.usable(); err != nil {
		return err
	}
	half, err := d.step(Sync)
	if err != nil {
		if !half {
			w.file.lost = append(w.file.lost, w.file.unsynced()...)
			w.file.dirty = nil
		}
		return err
	}
	if d.lies {
		return nil
	}
	if err := w.Writer.Sync(); err != nil {
		return err
	}
	w.file.synced, w.file.dirty = w.file.written, nil
	if w.fd.Type == storage.TypeManifest {
		w.h.dir.link()
	}
	return nil
}

func (d *Disk) delay() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.slow
}
