package faulty

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/syndtr/goleveldb/leveldb/storage"
)

// directory is one directory of a disk, whoever has it open. It is guarded by
// its disk's mutex.
type directory struct {
	disk    *Disk
	base    storage.Storage
	files   map[storage.FileDesc]*file
	removed map[storage.FileDesc][]byte // durable content of names whose removal is not durable
	held    bool                        // open
	closed  bool                        // base is closed, with the last handle: it is a real one
}

// file is what is known of a file.
type file struct {
	written int64
	synced  int64  // bytes from the start that syncs made durable
	lost    []span // of those, what a failed sync dropped
	dirty   []span // of those, zeros that have been written over since
	linked  bool   // the name is durable
}

type span struct{ from, to int64 }

// adopt takes a storage that was just opened. Files not known from before are
// durable.
func (a *directory) adopt(base storage.Storage) error {
	known := a.files
	a.base, a.closed, a.files = base, false, make(map[storage.FileDesc]*file)
	for _, f := range known {
		a.disk.used -= f.written
	}
	fds, err := base.List(storage.TypeAll)
	if err != nil {
		return err
	}
	for _, fd := range fds {
		n, err := size(base, fd)
		if err != nil {
			return err
		}
		f := known[fd]
		if f == nil || f.written != n { // or another, in a directory that was made anew
			f = &file{written: n, synced: n, linked: true}
		}
		a.files[fd] = f
		a.disk.used += f.written
	}
	return nil
}

func size(s storage.Storage, fd storage.FileDesc) (int64, error) {
	r, err := s.Open(fd)
	if err != nil {
		return 0, err
	}
	n, err := r.Seek(0, io.SeekEnd)
	return n, errors.Join(err, r.Close())
}

func content(s storage.Storage, fd storage.FileDesc) ([]byte, error) {
	r, err := s.Open(fd)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(r)
	return b, errors.Join(err, r.Close())
}

// link makes the directory durable as it is.
func (a *directory) link() {
	for _, f := range a.files {
		f.linked = true
	}
	a.removed = nil
}

// remove forgets fd, but for what of it may come back.
func (a *directory) remove(fd storage.FileDesc) error {
	f := a.files[fd]
	if f != nil && f.linked {
		b, err := content(a.base, fd)
		if err != nil {
			return err
		}
		if a.removed == nil {
			a.removed = make(map[storage.FileDesc][]byte)
		}
		a.removed[fd] = f.durable(b)
	}
	if err := a.base.Remove(fd); err != nil {
		return err
	}
	if f != nil {
		a.disk.used -= f.written
		delete(a.files, fd)
	}
	return nil
}

// durable cuts b, the content of f, down to what is certain to survive.
func (f *file) durable(b []byte) []byte {
	b = slices.Clone(b[:min(f.synced, int64(len(b)))])
	for _, s := range slices.Concat(f.lost, f.dirty) {
		clear(b[min(s.from, int64(len(b))):min(s.to, int64(len(b)))])
	}
	return b
}

// unsynced are the parts of which a sync would make something durable.
func (f *file) unsynced() []span { return append(slices.Clone(f.dirty), span{f.synced, f.written}) }

// PowerLoss crashes the disk and returns, in memory, what is on it when power
// is back. The same seed and history give the same disk.
func (d *Disk) PowerLoss() (*Disk, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	next, err := d.after(func(a, next *directory, left *memory) error {
		for _, fd := range sorted(a.files) {
			f := a.files[fd]
			if !f.linked && d.coin() {
				continue
			}
			b, err := content(a.base, fd)
			if err != nil {
				return err
			}
			left.files[fd] = d.tear(f, b)
		}
		for _, fd := range sorted(a.removed) {
			if _, ok := left.files[fd]; !ok && d.coin() {
				left.files[fd] = a.removed[fd]
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	next.names = d.survivors()
	d.revive(next)
	return next, nil
}

// Kill crashes the disk and returns, in memory, what is on it for the next
// process when this one is killed: all that was written, durable or not yet.
func (d *Disk) Kill() (*Disk, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	next, err := d.after(func(a, next *directory, left *memory) error {
		next.removed = maps.Clone(a.removed)
		next.files = make(map[storage.FileDesc]*file)
		for fd, f := range a.files {
			b, err := content(a.base, fd)
			if err != nil {
				return err
			}
			left.files[fd] = b
			same := *f
			same.lost, same.dirty = slices.Clone(f.lost), slices.Clone(f.dirty)
			next.files[fd] = &same
			next.disk.used += f.written
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	next.names = d.names.same()
	return next, nil
}

// after builds the disk that a crash leaves, directory by directory. It is
// called with d.mu held.
func (d *Disk) after(fill func(a, next *directory, left *memory) error) (*Disk, error) {
	d.crashed = true
	next := New(d.rnd.Int63(), nil)
	for _, name := range slices.Sorted(maps.Keys(d.dirs)) {
		a, b := d.dirs[name], &directory{disk: next}
		if a.closed {
			continue
		}
		left := newMemory()
		if err := fill(a, b, left); err != nil {
			return nil, err
		}
		if meta, err := a.base.GetMeta(); err == nil {
			left.meta = meta
		}
		if err := b.adopt(left); err != nil {
			return nil, err
		}
		next.dirs[name] = b
	}
	return next, nil
}

// sectorSize is what a device writes whole or not at all.
const sectorSize = 512

// How much of what was not synced a loss of power leaves.
const (
	nothing = iota
	everything
	beginning // of the file's own end any byte, of what is over zeros whole sectors
	here      // and there a sector
	ways
)

// tear decides what of b, a file's content, survives.
func (d *Disk) tear(f *file, b []byte) []byte {
	left := f.durable(b)
	length := int64(len(left))
	left = append(left, make([]byte, len(b)-len(left))...)
	sectors, how := f.sectors(), d.rnd.Intn(ways)
	last := d.rnd.Intn(len(sectors) + 1) // where a beginning ends
	for i, s := range sectors {
		switch {
		case how == nothing, how == beginning && i > last, how == here && d.coin():
			continue
		case how == beginning && i == last && s.from < f.synced:
			continue
		case how == beginning && i == last:
			s.to = s.from + d.rnd.Int63n(s.to-s.from+1)
		}
		copy(left[s.from:s.to], b[s.from:s.to])
		length = max(length, s.to)
	}
	if how == here {
		length = int64(len(b))
	}
	return left[:length]
}

// sectors are the parts that were not synced, cut where sectors end.
func (f *file) sectors() (all []span) {
	for _, s := range f.unsynced() {
		for s.from < s.to {
			to := min((s.from/sectorSize+1)*sectorSize, s.to)
			all = append(all, span{s.from, to})
			s.from = to
		}
	}
	return all
}

func sorted[V any](m map[storage.FileDesc]V) []storage.FileDesc {
	return slices.SortedFunc(maps.Keys(m), func(a, b storage.FileDesc) int {
		if a.Type != b.Type {
			return int(a.Type - b.Type)
		}
		return int(a.Num - b.Num)
	})
}

// Corrupt changes a bit of a byte in the newest journal of a directory that is
// not open, as a disk does that fails without saying so. A negative offset
// counts from the end. It works in memory only.
func (d *Disk) Corrupt(dir string, offset int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.dirs[dir]
	if a == nil || a.held {
		return fmt.Errorf("corrupt %s: it is open, or not there", dir)
	}
	m, ok := a.base.(*memory)
	if !ok {
		return fmt.Errorf("corrupt %s: it is not in memory", dir)
	}
	var newest storage.FileDesc
	for _, fd := range sorted(m.files) {
		if fd.Type == storage.TypeJournal {
			newest = fd
		}
	}
	b := slices.Clone(m.files[newest])
	if offset < 0 {
		offset += len(b)
	}
	if offset < 0 || offset >= len(b) {
		return fmt.Errorf("corrupt %s: %s has %d bytes", dir, newest, len(b))
	}
	b[offset] ^= 0x10
	m.files[newest] = b
	return nil
}
