package faulty

import (
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/syndtr/goleveldb/leveldb/storage"
)

// names is what is beside and above the directories of LevelDB: plain files,
// and which directories there are. It is guarded by its disk's mutex.
type names struct {
	plain   map[string]*plain     // as it is
	durable map[string]*plain     // as it is certain to be after a loss of power
	gone    map[string]*directory // directories whose removal is not durable
}

// plain is the content of a file that is not LevelDB's, whatever its name is.
type plain struct {
	content []byte
	synced  bool
}

func newNames() names {
	return names{make(map[string]*plain), make(map[string]*plain), make(map[string]*directory)}
}

// do is one operation: counted, failed, left half done, or done by act. It is
// called with d.mu held.
func (d *Disk) do(op Op, act func() error) error {
	half, err := d.step(op)
	if half && d.coin() {
		if err := act(); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	return act()
}

// ReadFile returns the content of a plain file.
func (d *Disk) ReadFile(name string) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.crashed {
		return nil, ErrCrashed
	}
	f := d.names.plain[name]
	if f == nil {
		return nil, fmt.Errorf("open %s: %w", name, fs.ErrNotExist)
	}
	return slices.Clone(f.content), nil
}

// WriteFile creates a plain file, or empties it, writes and syncs it. Its name
// is not durable.
func (d *Disk) WriteFile(name string, content []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.names.plain[name]
	err := d.do(Create, func() error {
		if f == nil {
			f = new(plain)
			d.names.plain[name] = f
		}
		f.content, f.synced = nil, false
		return nil
	})
	if err != nil {
		return err
	}
	if half, err := d.step(Write); err != nil {
		if half || !d.crashed {
			f.content = slices.Clone(content[:d.rnd.Intn(len(content)+1)])
		}
		return err
	}
	f.content = slices.Clone(content)
	return d.do(Sync, func() error { f.synced = !d.lies; return nil })
}

// RenameFile gives a plain file another name, and replaces what has it.
func (d *Disk) RenameFile(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.do(Rename, func() error {
		f := d.names.plain[from]
		if f == nil {
			return fmt.Errorf("rename %s: %w", from, fs.ErrNotExist)
		}
		delete(d.names.plain, from)
		d.names.plain[to] = f
		return nil
	})
}

// ReadDir returns the names of what is in a directory, in order; none if there
// is no such directory.
func (d *Disk) ReadDir(dir string) (found []string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.crashed {
		return nil, ErrCrashed
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(d.names.plain)), slices.Collect(maps.Keys(d.dirs))) {
		if filepath.Dir(name) == filepath.Clean(dir) {
			found = append(found, filepath.Base(name))
		}
	}
	slices.Sort(found)
	return found, nil
}

// RemoveAll removes a plain file, or a directory with the files and directories
// in it, one by one. A directory that is open is refused; one on a real file
// system cannot be removed.
func (d *Disk) RemoveAll(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.names.plain[name] != nil {
		return d.do(Remove, func() error { delete(d.names.plain, name); return nil })
	}
	for _, below := range slices.Sorted(maps.Keys(d.dirs)) {
		if below == name || strings.HasPrefix(below, name+"/") {
			if err := d.removeDir(below); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeDir is called with d.mu held.
func (d *Disk) removeDir(name string) error {
	a := d.dirs[name]
	if _, ok := a.base.(*memory); !ok || a.held {
		return fmt.Errorf("remove %s: %w", name, syscall.EBUSY)
	}
	for _, fd := range sorted(a.files) {
		if err := d.do(Remove, func() error { return a.remove(fd) }); err != nil {
			return err
		}
	}
	return d.do(Remove, func() error {
		delete(d.dirs, name)
		d.names.gone[name] = a
		return nil
	})
}

// SyncDir makes the names in a directory durable. For those of LevelDB's
// files, its storage has a method of that name.
func (d *Disk) SyncDir(dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.do(SyncDir, func() error {
		if d.unnamed {
			return nil
		}
		in := func(name string) bool { return filepath.Dir(name) == filepath.Clean(dir) }
		maps.DeleteFunc(d.names.durable, func(name string, _ *plain) bool { return in(name) })
		for name, f := range d.names.plain {
			if in(name) {
				d.names.durable[name] = f
			}
		}
		maps.DeleteFunc(d.names.gone, func(name string, _ *directory) bool { return in(name) })
		return nil
	})
}

// same is what the next process finds.
func (n names) same() names {
	next, copies := newNames(), make(map[*plain]*plain)
	fill := func(to, from map[string]*plain) {
		for name, f := range from {
			if copies[f] == nil {
				copies[f] = &plain{slices.Clone(f.content), f.synced}
			}
			to[name] = copies[f]
		}
	}
	fill(next.plain, n.plain)
	fill(next.durable, n.durable)
	for name, a := range n.gone {
		next.gone[name] = &directory{base: a.base, removed: maps.Clone(a.removed)}
	}
	return next
}

// survivors is what is there after a loss of power: each name as it is or as it
// last was durable. It is called with d.mu held.
func (d *Disk) survivors() names {
	next := newNames()
	all := maps.Clone(d.names.plain)
	maps.Copy(all, d.names.durable)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		f := d.names.plain[name]
		if was := d.names.durable[name]; was != f && d.coin() {
			f = was
		}
		if f == nil {
			continue
		}
		content := slices.Clone(f.content)
		if !f.synced {
			content = content[:d.rnd.Intn(len(content)+1)]
		}
		next.plain[name] = &plain{content, true}
		next.durable[name] = next.plain[name]
	}
	return next
}

// revive brings directories back whose removal was not durable, with some of
// their files. It is called with d.mu held.
func (d *Disk) revive(next *Disk) {
	for _, name := range slices.Sorted(maps.Keys(d.names.gone)) {
		if next.dirs[name] != nil || !d.coin() {
			continue
		}
		left := newMemory()
		a := &directory{disk: next, base: left, files: make(map[storage.FileDesc]*file)}
		removed := d.names.gone[name].removed
		for _, fd := range sorted(removed) {
			if d.coin() {
				n := int64(len(removed[fd]))
				left.files[fd] = removed[fd]
				a.files[fd] = &file{written: n, synced: n, linked: true}
				next.used += n
			}
		}
		next.dirs[name] = a
	}
}
