package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"troupe/bench/process"
	"troupe/cmd/troupe/daemon"
)

// freeBase finds room for an ensemble below the ports of outgoing connections.
func freeBase(t *testing.T) int {
	t.Helper()
	for base := 17000 + os.Getpid()%5000; base < 32000; base += 5 {
		free := true
		for _, port := range []int{base, base + 1, base + 2, base + 100, base + 101, base + 102} {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
			if err != nil {
				free = false
				continue
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if free {
			return base
		}
	}
	t.Fatal("no room for an ensemble")
	return 0
}

// localEnsemble is a running "troupe ensemble".
type localEnsemble struct {
	t     *testing.T
	child *process.Child
	lines chan string // of its standard output
	base  int
	dir   string
	pids  [3]int
}

func startLocal(t *testing.T) *localEnsemble {
	t.Helper()
	e := &localEnsemble{t: t, base: freeBase(t), dir: t.TempDir(), lines: make(chan string, 100)}
	cmd := exec.Command(binary(t), "ensemble", "--dir", e.dir, "--base-port", strconv.Itoa(e.base))
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, os.Stderr
	if e.child, err = process.Spawn(cmd); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(e.lines)
		defer r.Close()
		for s := bufio.NewScanner(r); s.Scan(); {
			e.lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		if err := e.child.Kill(); err != nil {
			t.Error(err)
		}
	})
	for i := range e.pids {
		m := e.wait(fmt.Sprintf(`^server\.%d  process (\d+): clients 127\.0\.0\.1:%d, servers port %d, `, i+1, e.base+i, e.base+100+i))
		if e.pids[i], err = strconv.Atoi(m[1]); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

// wait waits for a line.
func (e *localEnsemble) wait(pattern string) []string {
	e.t.Helper()
	want := regexp.MustCompile(pattern)
	var said []string
	for late := time.After(patience); ; {
		select {
		case line, more := <-e.lines:
			if m := want.FindStringSubmatch(line); m != nil {
				return m
			}
			said = append(said, line)
			if more {
				continue
			}
		case <-late:
		}
		e.t.Fatalf("%s is not said, but\n%s", pattern, strings.Join(said, "\n"))
	}
}

// gone waits until a process is.
func gone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(patience); syscall.Kill(pid, 0) == nil; time.Sleep(5 * time.Millisecond) {
		if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil && strings.Contains(string(stat), ") Z ") {
			return // nobody reaps orphans here
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %d is left", pid)
		}
	}
}

func TestEnsemble_SurvivesItsLeaderAndEndsInOrder(t *testing.T) {
	e := startLocal(t)
	leader, err := strconv.Atoi(e.wait(`^server\.(\d)  127\.0\.0\.1:\d+  leader$`)[1])
	if err != nil {
		t.Fatal(err)
	}
	e.wait(fmt.Sprintf(`^All serve: troupe cli --server 127.0.0.1:%d,127.0.0.1:%d,127.0.0.1:%d$`, e.base, e.base+1, e.base+2))
	expect(t, 0, "Mode: leader\n", "status", filepath.Join(e.dir, fmt.Sprintf("server.%d", leader), "zoo.cfg"))
	expect(t, 0, "Mode: follower\n", "status", filepath.Join(e.dir, fmt.Sprintf("server.%d", leader%3+1), "zoo.cfg"))
	if err := syscall.Kill(e.pids[leader-1], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	e.wait(`^server\.\d  127\.0\.0\.1:\d+  leader$`)
	if err := e.child.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	select {
	case <-e.child.Exited():
	case <-time.After(patience):
		t.Fatal("it does not end")
	}
	if e.child.ExitCode() != 0 {
		t.Errorf("exit status %d", e.child.ExitCode())
	}
	for _, pid := range e.pids {
		gone(t, pid)
	}
}

func TestEnsemble_DiesAsAWhole(t *testing.T) {
	e := startLocal(t)
	if err := syscall.Kill(e.child.Pid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for _, pid := range e.pids {
		gone(t, pid)
	}
}

func TestStart_OfAMemberDoesNotWaitForTheOthers(t *testing.T) {
	base, dir := freeBase(t), t.TempDir()
	cfg := write(t, "dataDir="+dir, fmt.Sprintf("clientPort=%d", base), "clientPortAddress=127.0.0.1", "initLimit=10", "syncLimit=5",
		fmt.Sprintf("server.1=127.0.0.1:%d:%d", base+100, base+102), fmt.Sprintf("server.2=127.0.0.1:%d:%d", base+101, base+2))
	if err := os.WriteFile(filepath.Join(dir, "myid"), []byte("1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if pid, running, err := daemon.Holder(dir); err != nil {
			t.Error(err)
		} else if running {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended meanwhile
		}
	})
	expect(t, 0, fmt.Sprintf("listens on 127.0.0.1:%d, ", base), "start", cfg)
	expect(t, 1, "runs, but does not serve clients", "status", cfg)
	expect(t, 0, "STOPPED\n", "stop", cfg)
}
