package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"troupe/actors/config"
)

const (
	pollEvery = 20 * time.Millisecond
	logTail   = 4 << 10 // bytes of the log that an error quotes
)

// Launch starts this program in a session of its own, with its output appended
// to the log file in the data directory, and returns its process id once it
// serves; a member of an ensemble, which may be the first of those it needs, once
// its client port listens. If it ends instead, the error says why. If the context ends first, the
// process is left to go on.
func Launch(ctx context.Context, cfg *config.Config, args []string) (pid int, err error) {
	program, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("this program's own file: %w", err)
	}
	log, err := os.OpenFile(LogFilePath(cfg.DataDir), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o640)
	if err != nil {
		return 0, fmt.Errorf("log file: %w", err)
	}
	defer log.Close()
	begin, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, fmt.Errorf("log file: %w", err)
	}
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	pid = cmd.Process.Pid
	return pid, waitServing(ctx, cfg, pid, ended, func() string { return reason(log, begin) })
}

// waitServing returns when the process serves, or with the reason why it does not.
func waitServing(ctx context.Context, cfg *config.Config, pid int, ended <-chan error, why func() string) error {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		select {
		case err := <-ended:
			return fmt.Errorf("the server ended (%s):\n%s", ending(err), why())
		case <-ctx.Done():
			return fmt.Errorf("the server does not serve yet; process %d goes on starting, see %s", pid, LogFilePath(cfg.DataDir))
		case <-ticker.C:
		}
		if holder, running, err := Holder(cfg.DataDir); err != nil || !running || holder != pid {
			continue // it has not come that far, or ends, which is told by the channel
		}
		if err := ready(ctx, cfg); err == nil {
			return nil
		}
	}
}

func ending(err error) string {
	var status *exec.ExitError
	switch {
	case err == nil:
		return "exit status 0"
	case errors.As(err, &status):
		return status.String()
	}
	return err.Error()
}

// reason is what the log tells from an offset on: the lines for people if there
// are any, else all, as far as it is not too long.
func reason(log io.ReaderAt, begin int64) string {
	all, err := io.ReadAll(io.NewSectionReader(log, begin, 1<<20))
	if err != nil {
		return "its log cannot be read: " + err.Error()
	}
	var said []string
	for line := range strings.Lines(string(all)) {
		if !strings.HasPrefix(line, "{") {
			said = append(said, strings.TrimRight(line, "\n"))
		}
	}
	if len(said) > 0 {
		all = []byte(strings.Join(said, "\n"))
	}
	return string(bytes.TrimSpace(all[max(0, len(all)-logTail):]))
}

// Terminate asks the process that serves dataDir to end, and returns its id when
// it has; the id is 0 if there is none.
func Terminate(ctx context.Context, dataDir string) (pid int, err error) {
	pid, running, err := Holder(dataDir)
	if err != nil || !running {
		return 0, err
	}
	if pid == 0 {
		return 0, fmt.Errorf("%w, but its process cannot be seen from here (another container?): stop it there", ErrRunning)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		return pid, fmt.Errorf("stop process %d: %w", pid, err)
	}
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		if holder, running, err := Holder(dataDir); err != nil || !running || holder != pid {
			return pid, err
		}
		select {
		case <-ctx.Done():
			return pid, fmt.Errorf("process %d has not ended yet; kill -9 loses nothing that was acknowledged", pid)
		case <-ticker.C:
		}
	}
}
