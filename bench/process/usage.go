package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Usage is what a server takes of the machine.
type Usage struct {
	Memory int64 `json:"memory"` // bytes, resident
	Files  int64 `json:"files"`  // open file descriptors
	Tasks  int64 `json:"tasks"`  // goroutines, or threads of the JVM
	Disk   int64 `json:"disk"`   // bytes of its files
}

var goroutinesLine = regexp.MustCompile(`(?m)^zk_goroutines\t(\d+)$`)

// Usage looks at the process and its files. Linux only. It is an error if the
// server does not run, or does not serve.
func (s *Server) Usage(ctx context.Context) (u Usage, err error) {
	if u.Memory, err = s.RSS(); err != nil {
		return u, err
	}
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.Pid()))
	if err != nil {
		return u, fmt.Errorf("open files: %w", err)
	}
	u.Files = int64(len(open))
	if u.Tasks, err = s.tasks(ctx); err != nil {
		return u, err
	}
	u.Disk, err = size(filepath.Join(s.Dir, "data"))
	return u, err
}

func (s *Server) tasks(ctx context.Context) (int64, error) {
	if s.spec.Kind == Apache {
		return s.status("Threads:")
	}
	answer, err := s.Word(ctx, "mntr")
	if err != nil {
		return 0, err
	}
	m := goroutinesLine.FindStringSubmatch(answer)
	if m == nil {
		return 0, fmt.Errorf("mntr of %s tells no goroutines", s.Addr)
	}
	return strconv.ParseInt(m[1], 10, 64)
}

// size is the bytes of all files of a directory, which may come and go.
func size(dir string) (bytes int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		var info fs.FileInfo
		if err == nil && d.Type().IsRegular() {
			info, err = d.Info()
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if info != nil {
			bytes += info.Size()
		}
		return err
	})
	return bytes, err
}

// RSS is the resident memory of the process in bytes. Linux only.
func (s *Server) RSS() (int64, error) {
	kib, err := s.status("VmRSS:")
	return kib << 10, err
}

// status is a number of the process's status file.
func (s *Server) status(name string) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Pid()))
	if err != nil {
		return 0, fmt.Errorf("status of the process: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == name {
			return strconv.ParseInt(fields[1], 10, 64)
		}
	}
	return 0, errors.New("status of the process: it has ended")
}
