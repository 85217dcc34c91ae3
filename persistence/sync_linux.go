package persistence

import (
	"errors"
	"os"
	"syscall"
)

// dataSync makes a file's content durable, and its length if that has changed.
func dataSync(f osFile) error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if !errors.Is(err, syscall.EINTR) {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
