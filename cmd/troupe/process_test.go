package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"troupe/bench/process"
	"troupe/cmd/troupe/daemon"
)

const patience = 20 * time.Second

var built struct {
	once   sync.Once
	dir    string
	binary string
	err    error
}

func TestMain(m *testing.M) {
	status := m.Run()
	if built.dir != "" {
		if err := os.RemoveAll(built.dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = 1
		}
	}
	os.Exit(status)
}

// binary is the program, built once for all tests.
func binary(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and starts the program")
	}
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "troupe-command-"); built.err == nil {
			built.binary, built.err = process.Build(context.Background(), built.dir)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.binary
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// foreground starts "troupe server" and waits until its port listens.
func foreground(t *testing.T, lines ...string) *process.Server {
	t.Helper()
	s, err := process.Start(within(t), process.Spec{Kind: process.Troupe, Binary: binary(t), Dir: t.TempDir(), Config: lines})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Kill(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// command runs the program until it ends.
func command(t *testing.T, args ...string) (status int, out, errs string) {
	t.Helper()
	cmd := exec.CommandContext(within(t), binary(t), args...)
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("troupe %q: %v", args, err)
	}
	return cmd.ProcessState.ExitCode(), o.String(), e.String()
}

// expect runs the program and wants an exit status and a part of what it says.
func expect(t *testing.T, status int, want string, args ...string) {
	t.Helper()
	got, out, errs := command(t, args...)
	if got != status || !strings.Contains(out+errs, want) {
		t.Fatalf("troupe %q: status %d, out %q, errors %q; want status %d and %q", args, got, out, errs, status, want)
	}
}

func exited(t *testing.T, s *process.Server) {
	t.Helper()
	select {
	case <-s.Exited():
	case <-time.After(patience):
		t.Fatal("the server does not end")
	}
}

func TestServer_SignalsEndItCleanly(t *testing.T) {
	s := foreground(t)
	pidFile := daemon.PidFilePath(filepath.Join(s.Dir, "data"))
	for _, sig := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		if pid, err := os.ReadFile(pidFile); err != nil || string(pid) != fmt.Sprint(s.Pid()) {
			t.Fatalf("pid file %q, %v; want %d", pid, err, s.Pid())
		}
		if err := s.Signal(sig); err != nil {
			t.Fatal(err)
		}
		exited(t, s)
		if s.ExitCode() != 0 {
			t.Fatalf("%v: exit status %d", sig, s.ExitCode())
		}
		if _, err := os.Stat(pidFile); !errors.Is(err, os.ErrNotExist) {
			t.Fatalf("%v leaves the pid file: %v", sig, err)
		}
		if err := s.Restart(within(t)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestServer_StartsAgainAfterKill(t *testing.T) {
	s := foreground(t)
	for range 3 {
		if err := s.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := s.Restart(within(t)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestServer_RunsCalm: the setting is there, beside what the operator has set, and
// the process is the one that was started.
func TestServer_RunsCalm(t *testing.T) {
	if _, err := os.Stat("/proc/self/environ"); err != nil {
		t.Skip("no environments of processes to look at: ", err)
	}
	t.Setenv("GODEBUG", "madvdontneed=1")
	s := foreground(t)
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", s.Pid()))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(env, []byte("\x00GODEBUG=madvdontneed=1,"+calm+"\x00")) {
		t.Errorf("%q", env)
	}
}

func TestServer_LogIsJSONOffATerminal(t *testing.T) {
	s := foreground(t, "nosuchkey=1")
	if err := s.Stop(within(t)); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(s.LogPath)
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]map[string]any{}
	for line := range bytes.Lines(log) {
		if bytes.HasPrefix(line, []byte("SCHED ")) {
			continue // Go's runtime, where the machine has been up for weeks: see calm.go
		}
		var fields map[string]any
		if err := json.Unmarshal(line, &fields); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		said[fmt.Sprint(fields["message"])] = fields
	}
	if f := said["troupe starts"]; f["mode"] != "standalone" || f["dataDir"] != filepath.Join(s.Dir, "data") {
		t.Errorf("start: %v", f)
	}
	// process puts five lines of its own before.
	if f := said["configuration"]; f["key"] != "nosuchkey" || f["level"] != "warn" || f["line"] != 6.0 {
		t.Errorf("warning: %v", f)
	}
	if f := said["serving clients"]; f["address"] != s.Addr {
		t.Errorf("serving: %v, want address %s", f, s.Addr)
	}
}

func TestServer_RefusesToShareADataDirectory(t *testing.T) {
	s := foreground(t)
	path := write(t, "dataDir="+filepath.Join(s.Dir, "data"), "clientPort=0", "clientPortAddress=127.0.0.1")
	expect(t, 1, fmt.Sprintf("process %d: stop that one", s.Pid()), "server", path)
	if err := s.WaitServing(within(t)); err != nil {
		t.Fatal(err)
	}
}

func TestStatusAndStop_OfAServerInTheForeground(t *testing.T) {
	s := foreground(t)
	cfg := filepath.Join(s.Dir, "zoo.cfg")
	expect(t, 0, "Mode: standalone\n", "status", cfg)
	expect(t, 0, "STOPPED\n", "stop", cfg)
	exited(t, s)
	if s.ExitCode() != 0 {
		t.Fatalf("exit status %d", s.ExitCode())
	}
	expect(t, 1, "no server runs on", "status", cfg)
}

// backgroundConfig is the zoo.cfg of a server that a test may start; it is killed
// at the end.
func backgroundConfig(t *testing.T, lines ...string) (cfg, dataDir string) {
	t.Helper()
	s := foreground(t, lines...) // picks a port, and shows that it can
	if err := s.Stop(within(t)); err != nil {
		t.Fatal(err)
	}
	dataDir = filepath.Join(s.Dir, "data")
	t.Cleanup(func() {
		if pid, running, err := daemon.Holder(dataDir); err != nil {
			t.Error(err)
		} else if running {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended meanwhile
		}
	})
	return filepath.Join(s.Dir, "zoo.cfg"), dataDir
}

// holder is the process that serves a data directory.
func holder(t *testing.T, dataDir string) int {
	t.Helper()
	pid, running, err := daemon.Holder(dataDir)
	if err != nil || !running {
		t.Fatalf("no server: %v", err)
	}
	return pid
}

func TestBackground_Life(t *testing.T) {
	cfg, data := backgroundConfig(t)
	expect(t, 1, "no server runs on "+data, "status", "--config", cfg)
	expect(t, 0, "STARTED\n", "start", "--config", cfg)
	first := holder(t, data)
	expect(t, 0, "Mode: standalone\n", "status", "--config", cfg)
	expect(t, 1, fmt.Sprintf("already running as process %d", first), "start", cfg)
	expect(t, 0, "STOPPED\nStarting troupe ... STARTED\n", "restart", cfg)
	second := holder(t, data)
	if second == first {
		t.Fatal("restart has not started anew")
	}
	if err := syscall.Kill(second, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if _, running, err := daemon.Holder(data); err == nil && !running {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("process %d outlives kill -9 (%v)", second, err)
		}
	}
	if _, err := os.Stat(daemon.PidFilePath(data)); err != nil {
		t.Fatalf("the test wants a pid file left behind: %v", err)
	}
	expect(t, 1, "no server runs on "+data, "status", cfg)
	expect(t, 0, "no server runs on "+data, "stop", cfg)
	expect(t, 0, "STARTED\n", "restart", cfg)
	expect(t, 0, "STOPPED\n", "stop", cfg)
	expect(t, 1, "no server runs on "+data, "status", cfg)
}

func TestStatus_DoesNotNeedTheWhitelist(t *testing.T) {
	cfg, _ := backgroundConfig(t)
	text, err := os.ReadFile(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cfg, bytes.Replace(text, []byte("whitelist=*"), []byte("whitelist=ruok"), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	expect(t, 0, "STARTED\n", "start", cfg)
	expect(t, 0, "Mode: standalone\n", "status", cfg)
	expect(t, 0, "STOPPED\n", "stop", cfg)
}

func TestStart_ReportsWhyNot(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	port := busy.Addr().(*net.TCPAddr).Port
	cfg := write(t, "dataDir="+t.TempDir(), fmt.Sprintf("clientPort=%d", port), "clientPortAddress=127.0.0.1")
	expect(t, 1, "address already in use", "start", cfg)
	expect(t, 1, "no server runs on", "status", cfg)
	expect(t, 1, "clientPort=0", "start", write(t, "dataDir="+t.TempDir(), "clientPort=0"))
}
