package persistence

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/syndtr/goleveldb/leveldb/storage"
)

// files is the storage of a real directory.
type files struct {
	storage.Storage
	dir string
}

// OpenFiles opens dir as a storage and locks it; it is what Options.Open nil
// stands for. A missing dir is created, and its entry synced.
func OpenFiles(dir string) (storage.Storage, error) {
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	s, err := storage.OpenFile(dir, false)
	if err != nil {
		return nil, err
	}
	f := &files{Storage: s, dir: dir}
	if err := f.clearStillborn(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return f, nil
}

// Create implements storage.Storage.
func (f *files) Create(fd storage.FileDesc) (storage.Writer, error) {
	w, err := f.Storage.Create(fd)
	if file, ok := w.(osFile); ok && err == nil && fd.Type == storage.TypeJournal {
		return dataFile{file}, nil
	}
	return w, err
}

// osFile is what LevelDB's storage makes an *os.File of.
type osFile interface {
	fillable
	Fd() uintptr
}

// dataFile is a file of which a sync leaves out when it was changed last.
type dataFile struct{ osFile }

// Sync implements storage.Writer.
func (f dataFile) Sync() error { return dataSync(f.osFile) }

// SyncDir makes the entries of the directory durable.
func (f *files) SyncDir() error { return syncDir(f.dir) }

// clearStillborn removes the half-written CURRENT.<n> of a database whose
// creation a crash cut short: LevelDB would refuse the directory for ever.
// Where there is a CURRENT, a journal or a table, there may be data.
func (f *files) clearStillborn() error {
	if _, err := f.GetMeta(); !isCorrupted(err) {
		return nil
	}
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return err
	}
	var torn []string
	for _, e := range entries {
		switch name := e.Name(); {
		case name == "CURRENT", name == "CURRENT.bak", isData(name):
			return nil
		case strings.HasPrefix(name, "CURRENT."):
			torn = append(torn, name)
		}
	}
	for _, name := range torn {
		if err := os.Remove(filepath.Join(f.dir, name)); err != nil {
			return err
		}
	}
	return f.SyncDir()
}

// isData tells the names of LevelDB's journals and tables.
func isData(name string) bool {
	switch filepath.Ext(name) {
	case ".log", ".ldb", ".sst":
		return true
	}
	return false
}

// FileSystem is what of a file system a switch from one state to another takes.
// *faulty.Disk is one, too.
type FileSystem interface {
	// ReadFile returns the content of a file, fs.ErrNotExist if there is none.
	ReadFile(name string) ([]byte, error)
	// WriteFile creates or empties a file, writes it and syncs it, but not its
	// name.
	WriteFile(name string, content []byte) error
	// RenameFile replaces what has the name to.
	RenameFile(from, to string) error
	// ReadDir returns the names in a directory; none if there is no such one.
	ReadDir(dir string) ([]string, error)
	// RemoveAll removes a file or a directory; what is not there is no error.
	RemoveAll(name string) error
	// SyncDir makes the names in a directory durable.
	SyncDir(dir string) error
}

// system is the operating system's.
type system struct{}

func (system) ReadFile(name string) ([]byte, error) { return os.ReadFile(name) }
func (system) RenameFile(from, to string) error     { return os.Rename(from, to) }
func (system) RemoveAll(name string) error          { return os.RemoveAll(name) }
func (system) SyncDir(dir string) error             { return syncDir(dir) }

func (system) WriteFile(name string, content []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func (system) ReadDir(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

// makeDir creates dir and its missing parents and syncs the entry of each.
func makeDir(dir string) error {
	parent := filepath.Dir(dir)
	info, err := os.Stat(dir)
	switch {
	case err == nil && !info.IsDir():
		return fmt.Errorf("%s is not a directory", dir)
	case err == nil:
		// It may be from a run that was killed before it synced the entry; a
		// parent we may not read is not one we made it in.
		if err := syncDir(parent); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if parent != dir {
		if err := makeDir(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(parent)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) {
		err = nil // a file system whose directories need no sync, or know none
	}
	return errors.Join(err, d.Close())
}
