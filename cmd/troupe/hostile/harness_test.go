package hostile

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"troupe/bench/process"
)

// patience bounds every wait of these tests.
const patience = 30 * time.Second

const discarderEnv = "TROUPE_HOSTILE_DISCARD"

// long tells whether latencies are measured, under attacks of full size.
var long = os.Getenv("TROUPE_HOSTILE") == "long"

// rig is the program under test, built once.
var rig struct {
	dir    string // removed at the end
	build  sync.Once
	binary string
	err    error // of the build
}

func TestMain(m *testing.M) {
	if os.Getenv(discarderEnv) != "" {
		discard()
		return
	}
	os.Exit(run(m))
}

func run(m *testing.M) (status int) {
	dir, err := os.MkdirTemp("", "troupe-hostile-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	rig.dir = dir
	status = m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return status
}

// program is the troupe program.
func program(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("starts real servers")
	}
	if err := process.Available(process.Troupe); err != nil {
		t.Skip(err)
	}
	rig.build.Do(func() { rig.binary, rig.err = process.Build(t.Context(), rig.dir) })
	if rig.err != nil {
		t.Fatal(rig.err)
	}
	return rig.binary
}

// config lets one address have as many connections as it wants, and shortens what
// would be waited for.
var config = []string{"maxClientCnxns=0", "tickTime=1000", "nio.sessionlessCnxnTimeout=500"}

func startServer(t *testing.T) *process.Server {
	t.Helper()
	s, err := process.Start(t.Context(), process.Spec{Kind: process.Troupe, Dir: t.TempDir(), Binary: program(t), Config: config})
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

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// until polls a condition, which tells what is missing.
func until(t *testing.T, condition func() error) {
	t.Helper()
	ctx := within(t)
	for {
		err := condition()
		if err == nil {
			return
		}
		if process.Pause(ctx, 10*time.Millisecond) != nil {
			t.Errorf("not within %v: %v", patience, err)
			return
		}
	}
}

// peak is the most memory that a process has had resident since forgetPeak, in
// MiB.
func peak(t *testing.T, pid int) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmHWM:" {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kib >> 10
		}
	}
	t.Fatal("the process has no peak of memory")
	return 0
}

func forgetPeak(t *testing.T, pid int) {
	t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil {
		t.Fatal(err)
	}
}

// sockets counts a process's: its other files, of the log, come and go.
func sockets(t *testing.T, pid int) (n int64) {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	open, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range open {
		if to, err := os.Readlink(filepath.Join(dir, f.Name())); err == nil && strings.HasPrefix(to, "socket:") {
			n++
		}
	}
	return n
}

// startDiscarder runs this test's program as a server that reads and forgets, and
// returns its address.
func startDiscarder(t *testing.T) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Clean(self))
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), discarderEnv+"=1"), w, os.Stderr
	child, err := process.Spawn(cmd)
	_ = w.Close() // the child has its own
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := child.Kill(); err != nil {
			t.Error(err)
		}
	})
	addr, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(addr)
}

// discard is the server that does nothing, until it is killed.
func discard() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(ln.Addr())
	for {
		c, err := ln.Accept()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		go func() {
			_, _ = io.Copy(io.Discard, c) // however it ends
			_ = c.Close()
		}()
	}
}
