package persistence

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ours is the directory below dataDir and dataLogDir that is this program's.
const ours = "troupe"

// currentFile will name, in dataDir's part, the directory of the state in use,
// once a state can be replaced as a whole; while there is none, it is "state".
const currentFile = "current"

// Layout says where the state and the log lie. An empty dataLogDir is dataDir.
func Layout(dataDir, dataLogDir string) (stateDir, logDir string) {
	if dataLogDir == "" {
		dataLogDir = dataDir
	}
	return filepath.Join(dataDir, ours, "state"), filepath.Join(dataLogDir, ours, "log")
}

// ForeignData finds data that must not be taken for no data: an Apache
// ZooKeeper's, beside nothing of ours (ErrForeign), or that of a version of
// this program which keeps its state elsewhere (ErrNewerFormat).
func ForeignData(dataDir, dataLogDir string) error {
	stateDir, logDir := Layout(dataDir, dataLogDir)
	current := filepath.Join(filepath.Dir(stateDir), currentFile)
	if there, err := exists(current); err != nil {
		return err
	} else if there {
		return errNewer(dataDir, "it has a file "+filepath.Join(ours, currentFile))
	}
	for _, dir := range []string{stateDir, logDir} {
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
