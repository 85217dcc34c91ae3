package ceiling

import (
	"os"

	"golang.org/x/sys/unix"
)

// datasync makes a file's content durable.
func datasync(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }
