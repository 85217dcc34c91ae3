package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

const (
	pidFileName = "troupe_server.pid"
	logFileName = "troupe_server.log"
)

// ErrRunning says that another process serves the data directory.
var ErrRunning = errors.New("a server runs on this data directory")

// PidFilePath is the pid file of the server that serves dataDir.
func PidFilePath(dataDir string) string { return filepath.Join(dataDir, pidFileName) }

// LogFilePath is where a server in the background writes what it has to say.
func LogFilePath(dataDir string) string { return filepath.Join(dataDir, logFileName) }

// PidFile is held by the process that serves a data directory.
type PidFile struct{ file *os.File }

// Hold locks the pid file of dataDir, which must exist, and writes this process's
// id into it. The error is ErrRunning if another process holds it. A process must
// hold one only once: its lock goes when any descriptor of the file is closed.
func Hold(dataDir string) (*PidFile, error) {
	path := PidFilePath(dataDir)
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return nil, fmt.Errorf("pid file: %w", err)
		}
		if err := lock(f, dataDir); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		if current(f, path) {
			if err := write(f); err != nil {
				return nil, errors.Join(fmt.Errorf("pid file %s: %w", path, err), f.Close())
			}
			return &PidFile{f}, nil
		}
		// The last holder has removed the file between the opening and the lock.
		if err := f.Close(); err != nil {
			return nil, fmt.Errorf("pid file: %w", err)
		}
	}
}

func lock(f *os.File, dataDir string) error {
	err := unix.FcntlFlock(f.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		pid, _, _ := Holder(dataDir)
		return fmt.Errorf("%w: %s, process %d: stop that one, or give this server a dataDir of its own", ErrRunning, dataDir, pid)
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return nil
}

// current tells whether f is still the file at path.
func current(f *os.File, path string) bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(mine, there)
}

func write(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())), 0)
	return err
}

// Release removes the pid file and lets go of the lock.
func (p *PidFile) Release() error {
	if err := errors.Join(os.Remove(p.file.Name()), p.file.Close()); err != nil {
		return fmt.Errorf("pid file: %w", err)
	}
	return nil
}

// Holder tells whether a process serves dataDir, and which. The id is 0 if the
// process cannot be seen from here, as one in another container.
func Holder(dataDir string) (pid int, running bool, err error) {
	f, err := os.Open(PidFilePath(dataDir))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("pid file: %w", err)
	}
	defer f.Close()
	lk := unix.Flock_t{Type: unix.F_WRLCK}
	if err := unix.FcntlFlock(f.Fd(), unix.F_GETLK, &lk); err != nil {
		return 0, false, fmt.Errorf("lock of %s: %w", f.Name(), err)
	}
	return max(int(lk.Pid), 0), lk.Type != unix.F_UNLCK, nil
}
