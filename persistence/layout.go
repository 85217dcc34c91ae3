package persistence

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ours is the directory below dataDir and dataLogDir that is this program's.
const ours = "troupe"

// Directories are those of a state and of the log that goes with it.
type Directories struct{ State, Log string }

// home is where states and logs are kept.
type home struct {
	data, log string // ours, below dataDir and dataLogDir
	files     FileSystem
}

func homeOf(dataDir, dataLogDir string, files FileSystem) home {
	if dataLogDir == "" {
		dataLogDir = dataDir
	}
	if files == nil {
		files = system{}
	}
	return home{filepath.Join(dataDir, ours), filepath.Join(dataLogDir, ours), files}
}

func (h home) current() string { return filepath.Join(h.data, currentFile) }

func (h home) directories(p pair) Directories {
	return Directories{filepath.Join(h.data, p.name(stateName)), filepath.Join(h.log, p.name(logName))}
}

// Locate says which state and log are in use, or will be once they are
// created; it changes nothing. An empty dataLogDir is dataDir. If what is there
// cannot be told for sure, that is an ErrDamaged or an ErrNewerFormat.
func Locate(dataDir, dataLogDir string, o Options) (Directories, error) {
	h := homeOf(dataDir, dataLogDir, o.Files)
	p, _, err := h.inUse()
	return h.directories(p), err
}

// inUse finds the pair in use; named says if a file does.
func (h home) inUse() (p pair, named bool, err error) {
	b, err := h.files.ReadFile(h.current())
	if errors.Is(err, fs.ErrNotExist) {
		return firstPair, false, h.checkUnnamed()
	}
	if err != nil {
		return 0, true, reading(h.data, err)
	}
	p, err = decodeCurrent(b)
	switch {
	case errors.Is(err, ErrNewerFormat):
		return 0, true, errNewer(h.data, err.Error())
	case err != nil:
		return 0, true, errDamaged(h.data, err)
	}
	return p, true, h.checkNamed(p)
}

// checkNamed checks that what is named is there; it would be created empty.
func (h home) checkNamed(p pair) error {
	return h.eachKind(func(kind, dir string, found map[pair]bool) error {
		if !found[p] {
			return errDamaged(dir, badBytes("%s is in use, as file %s has it, and is missing", p.name(kind), h.current()))
		}
		return nil
	})
}

// checkUnnamed checks that a pair that needs to be named is not there without
// the first one, beside which it may be half received.
func (h home) checkUnnamed() error {
	first, other := true, ""
	err := h.eachKind(func(kind, dir string, found map[pair]bool) error {
		first = first && found[firstPair]
		for p := range found {
			if p != firstPair {
				other = filepath.Join(dir, p.name(kind))
			}
		}
		return nil
	})
	if err == nil && other != "" && !first {
		return errDamaged(other, badBytes("there is no file %s to say whether it is in use", h.current()))
	}
	return err
}

// eachKind hands over the pairs whose state, and those whose log is there.
func (h home) eachKind(f func(kind, dir string, found map[pair]bool) error) error {
	for _, k := range [][2]string{{stateName, h.data}, {logName, h.log}} {
		names, err := h.files.ReadDir(k[1])
		if err != nil {
			return reading(k[1], err)
		}
		found := make(map[pair]bool)
		for _, name := range names {
			if p, ok := parsePair(k[0], name); ok {
				found[p] = true
			}
		}
		if err := f(k[0], k[1], found); err != nil {
			return err
		}
	}
	return nil
}

// clear removes all pairs but p, and what a switch left half written.
func (h home) clear(p pair) error {
	remove := func(dir, name string) error {
		err := h.files.RemoveAll(filepath.Join(dir, name))
		if err == nil {
			err = h.files.SyncDir(dir)
		}
		if err != nil {
			return fmt.Errorf("remove %s, which is not in use: %w", filepath.Join(dir, name), err)
		}
		return nil
	}
	names, err := h.files.ReadDir(h.data)
	if err != nil {
		return reading(h.data, err)
	}
	if slices.Contains(names, currentTemp) {
		if err := remove(h.data, currentTemp); err != nil {
			return err
		}
	}
	return h.eachKind(func(kind, dir string, found map[pair]bool) error {
		for other := range found {
			if other == p {
				continue
			}
			if err := remove(dir, other.name(kind)); err != nil {
				return err
			}
		}
		return nil
	})
}

// ForeignData finds an Apache ZooKeeper's data beside nothing of ours, which
// must not be taken for no data: ErrForeign. What Locate finds wrong it tells,
// too.
func ForeignData(dataDir, dataLogDir string) error {
	h := homeOf(dataDir, dataLogDir, nil)
	p, named, err := h.inUse()
	if err != nil || named {
		return err
	}
	d := h.directories(p)
	for _, dir := range []string{d.State, d.Log} {
		if there, err := exists(filepath.Join(dir, "CURRENT")); err != nil || there {
			return err
		}
	}
	for _, dir := range []string{dataDir, dataLogDir} {
		if dir == "" {
			continue
		}
		name, err := zookeeperFile(filepath.Join(dir, "version-2"))
		if err != nil {
			return err
		}
		if name != "" {
			return errForeign(name)
		}
	}
	return nil
}

func errForeign(name string) error {
	return &trouble{fmt.Sprintf("%s is data of an Apache ZooKeeper, which cannot be read yet; "+
		"it is not served as an empty tree: point dataDir and dataLogDir to directories of their own, "+
		"and copy the znodes with a client if they are wanted here", name), []error{ErrForeign}, nil}
}

// zookeeperFile returns the path of one of ZooKeeper's logs or snapshots in
// dir, or "".
func zookeeperFile(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "log.") || strings.HasPrefix(e.Name(), "snapshot.") {
			return filepath.Join(dir, e.Name()), nil
		}
	}
	return "", nil
}

func exists(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
