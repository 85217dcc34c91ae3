package process

import (
	"bufio"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A troupe program that was built with the tag faults takes commands that hurt it, see
// cmd/troupe/faults.go. Others know neither the tag nor the variable.
const (
	faultsTag      = "faults"
	faultsVariable = "TROUPE_FAULTS"
	faultsName     = "faults.sock" // in the server's directory, where it runs
	longestSocket  = 100           // bytes of a path, on any system
	injectTimeout  = 10 * time.Second
)

// ErrNotInjectable says that a program was built without the tag.
var ErrNotInjectable = errors.New("faults cannot be injected")

// BuildFaults is Build of a program that faults can be injected into.
func BuildFaults(ctx context.Context, dir string) (string, error) { return build(ctx, dir, faultsTag) }

// Injectable says whether faults can be injected into servers that are this troupe program:
// ErrNotInjectable, with how to build one, if they can't.
func Injectable(binary string) error {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return fmt.Errorf("read how %s was built: %w", binary, err)
	}
	for _, s := range info.Settings {
		if s.Key == "-tags" && slices.Contains(strings.Split(s.Value, ","), faultsTag) {
			return nil
		}
	}
	return fmt.Errorf("%w into %s: build one with 'go build -tags %s -o troupe-faults ./cmd/troupe', and name it with --binary",
		ErrNotInjectable, binary, faultsTag)
}

// Inject gives a server a command, such as "disk error", and returns what it makes of it.
func (s *Server) Inject(command string) error {
	answer, err := s.inject(command)
	switch {
	case err != nil:
		return fmt.Errorf("inject %q: %w", command, err)
	case answer != "ok":
		return fmt.Errorf("inject %q: %s", command, strings.TrimPrefix(answer, "error: "))
	}
	return nil
}

func (s *Server) inject(command string) (answer string, err error) {
	conn, err := net.DialTimeout("unix", s.socket(), injectTimeout)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if err := conn.SetDeadline(time.Now().Add(injectTimeout)); err != nil {
		return "", err
	}
	if _, err := fmt.Fprintln(conn, command); err != nil {
		return "", err
	}
	answer, err = bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSpace(answer), err
}

// socket is where a server takes commands. One whose path is too long is found by its process.
func (s *Server) socket() string {
	path := filepath.Join(s.Dir, faultsName)
	if len(path) > longestSocket {
		return fmt.Sprintf("/proc/%d/cwd/%s", s.Pid(), faultsName)
	}
	return path
}
