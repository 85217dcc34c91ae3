package persistence

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	ldberrors "github.com/syndtr/goleveldb/leveldb/errors"
	"github.com/syndtr/goleveldb/leveldb/storage"
)

// The kinds of trouble a caller tells apart with errors.Is. The errors that
// are returned name the directory and what an operator does about them.
var (
	// ErrInUse: another process, or another open handle, holds the directory.
	ErrInUse = errors.New("in use by another process")
	// ErrDamaged: acknowledged data is missing or unreadable. Nothing is served.
	ErrDamaged = errors.New("damaged")
	// ErrNewerFormat: written by a later version of this program.
	ErrNewerFormat = errors.New("newer format")
	// ErrFull: no space is left, or a quota of the file system is spent.
	ErrFull = errors.New("disk full")
	// ErrStopped: a write failed, so nothing is written until a reopening.
	ErrStopped = errors.New("stopped after a failed write")
	// ErrTrimmed: the records asked for were trimmed away.
	ErrTrimmed = errors.New("trimmed")
	// ErrForeign: data of Apache ZooKeeper lies where ours should be.
	ErrForeign = errors.New("data of Apache ZooKeeper")
	// ErrClosed: used after Close.
	ErrClosed = errors.New("closed")
)

// trouble is an error for an operator: text is a whole message, kinds are the
// sentinels above that it answers to, cause is what the layer below said.
type trouble struct {
	text  string
	kinds []error
	cause error
}

func (t *trouble) Error() string { return t.text }

func (t *trouble) Unwrap() []error {
	if t.cause == nil {
		return t.kinds
	}
	return append([]error{t.cause}, t.kinds...)
}

func errInUse(dir string, cause error) error {
	return &trouble{fmt.Sprintf("data directory %s is in use by another process: stop that one, "+
		"or give this server a directory of its own", dir), []error{ErrInUse}, cause}
}

func errDamaged(dir string, cause error) error {
	return &trouble{fmt.Sprintf("data directory %s is damaged, nothing is served from it: %v: restore it from a backup; "+
		"in an ensemble, move it away and let this server take the state from its leader", dir, cause),
		[]error{ErrDamaged}, cause}
}

func errNewer(dir, found string) error {
	return &trouble{fmt.Sprintf("data directory %s was written by a newer version (%s): "+
		"run that version, or a later one", dir, found), []error{ErrNewerFormat}, nil}
}

func errStopped(dir string, cause error) error {
	if isFull(cause) {
		return &trouble{fmt.Sprintf("no space is left for %s: free some and start again; "+
			"nothing acknowledged is lost: %v", dir, cause), []error{ErrStopped, ErrFull}, cause}
	}
	kinds := []error{ErrStopped}
	if isCorrupted(cause) { // LevelDB stops when it meets damage while it compacts
		kinds = append(kinds, ErrDamaged)
	}
	return &trouble{fmt.Sprintf("writing to %s failed, nothing more is written until it is opened again; "+
		"check the disk: %v", dir, cause), kinds, cause}
}

// opening gives an error met while opening dir its kind.
func opening(dir string, err error) error {
	switch {
	case errors.Is(err, ErrStopped):
		return err
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, storage.ErrLocked):
		return errInUse(dir, err)
	case isFull(err):
		return errStopped(dir, err)
	case isCorrupted(err):
		return errDamaged(dir, err)
	}
	return fmt.Errorf("open data directory %s: %w", dir, err)
}

// reading gives an error met while reading dir its kind. A file that is gone
// under an open database is damage too.
func reading(dir string, err error) error {
	if isCorrupted(err) || errors.Is(err, os.ErrNotExist) {
		return errDamaged(dir, err)
	}
	return fmt.Errorf("read data directory %s: %w", dir, err)
}

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// isCorrupted knows LevelDB's ways to say it, which errors.Is does not.
func isCorrupted(err error) bool {
	var database *ldberrors.ErrCorrupted
	var files *storage.ErrCorrupted
	return errors.As(err, &database) || errors.As(err, &files) || errors.Is(err, errBadBytes)
}

// errBadBytes marks what our own checks find wrong in bytes read back.
var errBadBytes = errors.New("bad bytes")

func badBytes(format string, args ...any) error {
	return &trouble{fmt.Sprintf(format, args...), []error{errBadBytes}, nil}
}
