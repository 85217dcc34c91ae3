package process

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Kind says which program serves.
type Kind string

const (
	// Troupe is this module's own server.
	Troupe Kind = "troupe"
	// Apache is Apache ZooKeeper as Debian packages it.
	Apache Kind = "apache"
)

const (
	configName   = "zoo.cfg"
	logName      = "server.log"
	readyTimeout = 30 * time.Second // for a context without a deadline; a cold JVM takes 2 s
	pollInterval = 5 * time.Millisecond
	logTail      = 4096 // bytes of the log that an error quotes
)

// Spec says what to run.
type Spec struct {
	Kind Kind
	// Dir holds the server's zoo.cfg, data and log: an absolute path, made if missing. Data that
	// is there already is served.
	Dir string
	// Config holds further lines of zoo.cfg, "key=value". They replace the generated lines of the
	// same key: tickTime, dataDir, clientPort, clientPortAddress, 4lw.commands.whitelist (all words).
	Config []string
	// Binary is the troupe program, see Build; for Apache the java program, "java" if empty.
	Binary string
	// Args are further arguments: of "troupe server", or of the JVM.
	Args []string
	// Env is added to this process's environment, "NAME=value".
	Env []string
	// Heap is the JVM's -Xmx, such as "512m", which is also the default. Apache only.
	Heap string
	// ListenOnly lets Start and Restart return once the port accepts connections, before the server
	// serves: for members of an ensemble, and where four-letter words are not allowed.
	ListenOnly bool
	// Host is the address that clients reach the server at; 127.0.0.1 if empty.
	Host string
	// Enter, if not nil, is called on the thread that is about to start the process, which inherits
	// what it finds there: a network namespace. The thread is used for nothing else.
	Enter func() error
}

// Server is a server that was started. Its methods may be called from any goroutine, but Kill,
// Stop and Restart by one at a time.
type Server struct {
	// Addr is the client address, host:port, the same over restarts.
	Addr string
	// Dir holds zoo.cfg, data and log.
	Dir string
	// LogPath is the file with all output, appended to over restarts.
	LogPath string

	spec Spec

	mu    sync.Mutex
	child *Child
}

// Start writes zoo.cfg, starts the server and waits until it serves. The context bounds the wait,
// not the server's life. On an error nothing is left running, and the error quotes the log.
func Start(ctx context.Context, spec Spec) (*Server, error) {
	port, err := prepare(spec)
	if err != nil {
		return nil, err
	}
	s := newServer(spec, port)
	if err := s.launch(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

func (spec Spec) host() string { return cmp.Or(spec.Host, "127.0.0.1") }

func newServer(spec Spec, port int) *Server {
	return &Server{Addr: net.JoinHostPort(spec.host(), strconv.Itoa(port)), Dir: spec.Dir, LogPath: filepath.Join(spec.Dir, logName), spec: spec}
}

// Restart starts the server again on the same port and data, and waits until it serves. A server
// that still runs is stopped first.
func (s *Server) Restart(ctx context.Context) error {
	if s.Running() {
		if err := s.Stop(ctx); err != nil {
			return err
		}
	}
	return s.launch(ctx)
}

// Kill ends the server with SIGKILL and reaps it. A server that has ended already is no error.
func (s *Server) Kill() error {
	if err := s.current().Kill(); err != nil {
		return fmt.Errorf("kill server: %w", err)
	}
	return nil
}

// Stop asks the server to end with SIGTERM and reaps it. If the context ends first, the server is
// killed and Stop says so. A server that has ended already is no error.
func (s *Server) Stop(ctx context.Context) error {
	c := s.current()
	if err := c.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop server: %w", err)
	}
	select {
	case <-c.Exited():
		return nil
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("server ignored SIGTERM: %w", ctx.Err()), s.Kill())
	}
}

// Signal sends a signal, such as SIGSTOP and SIGCONT for a pause. A server that has ended already
// is no error.
func (s *Server) Signal(sig os.Signal) error {
	if err := s.current().Signal(sig); err != nil {
		return fmt.Errorf("signal server: %w", err)
	}
	return nil
}

// Pid is the process id of the server, of the last one if it has ended.
func (s *Server) Pid() int { return s.current().Pid() }

// Running says whether the process is there.
func (s *Server) Running() bool { return s.current().Running() }

// Exited is closed when the present process has ended; Restart begins another.
func (s *Server) Exited() <-chan struct{} { return s.current().Exited() }

// WaitExited returns when the process that was told to end has ended.
func (s *Server) WaitExited(ctx context.Context) error {
	select {
	case <-s.Exited():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("server at %s does not end: %w", s.Addr, context.Cause(ctx))
	}
}

// ExitCode is the exit status of the last process once Exited is closed: -1 if a signal ended it.
func (s *Server) ExitCode() int { return s.current().ExitCode() }

func (s *Server) current() *Child {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.child
}

// launch starts the process and waits until it is ready; if that fails it is killed.
func (s *Server) launch(ctx context.Context) error {
	child, err := spawnServer(s.spec, s.LogPath)
	if err != nil {
		return fmt.Errorf("start %s server: %w", s.spec.Kind, err)
	}
	s.mu.Lock()
	s.child = child
	s.mu.Unlock()
	ready := s.WaitServing
	if s.spec.ListenOnly {
		ready = s.WaitListening
	}
	if err := ready(ctx); err != nil {
		return errors.Join(fmt.Errorf("%w\n%s", err, s.LogTail()), s.Kill())
	}
	return nil
}

// spawnServer starts the server's process with its output appended to the log.
func spawnServer(spec Spec, logPath string) (*Child, error) {
	cmd, err := command(spec)
	if err != nil {
		return nil, err
	}
	out, err := os.OpenFile(logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer out.Close() // the child has its own descriptor
	cmd.Stdout, cmd.Stderr = out, out
	return SpawnFrom(spec.Enter, cmd)
}

// LogTail is the last few KiB of the log, for the errors that a server's end explains.
func (s *Server) LogTail() []byte {
	log, err := os.ReadFile(s.LogPath)
	if err != nil {
		return []byte(err.Error())
	}
	return bytes.TrimSpace(log[max(0, len(log)-logTail):])
}
