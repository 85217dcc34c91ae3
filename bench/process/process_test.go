package process

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
	"syscall"
	"testing"
	"time"
)

// The test binary plays the server's part, and that of a parent that dies.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "server":
			fakeServer()
			return
		case "parent":
			startAndHang(os.Args[2])
			return
		}
	}
	os.Exit(m.Run())
}

// fakeServer answers srvr as its environment says: with a mode, or never, or it exits at once.
func fakeServer() {
	behaviour := os.Getenv("FAKE")
	if behaviour == "exit" {
		fmt.Println("no room at the inn")
		os.Exit(3)
	}
	config, err := os.ReadFile(os.Args[3])
	check(err)
	port, err := configuredPort(strings.Split(string(config), "\n"))
	check(err)
	l, err := net.Listen("tcp", address(port))
	check(err)
	mode := fakeMode(os.Args[3], string(config))
	fmt.Println("life of", os.Getpid())
	for {
		conn, err := l.Accept()
		check(err)
		word := make([]byte, 4)
		if _, err := io.ReadFull(conn, word); err == nil && behaviour != "mute" {
			fmt.Fprintf(conn, "%s\nMode: %s\n", word, mode)
		}
		conn.Close()
	}
}

// fakeMode is what a server of an ensemble says it is: server.2 leads.
func fakeMode(path, config string) string {
	id, err := os.ReadFile(filepath.Join(filepath.Dir(path), "data", "myid"))
	switch {
	case err != nil:
		return "fake"
	case string(id) == "2\n":
		return "leader"
	case strings.Contains(config, "peerType=observer"):
		return "observer"
	}
	return "follower"
}

// startAndHang starts a server, prints its pid and waits to be killed.
func startAndHang(dir string) {
	s, err := Start(context.Background(), Spec{Kind: Troupe, Binary: os.Args[0], Dir: dir})
	check(err)
	fmt.Println(s.Pid())
	select {}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func fakeSpec(t *testing.T) Spec {
	return Spec{Kind: Troupe, Binary: os.Args[0], Dir: t.TempDir()}
}

func mustStart(t *testing.T, spec Spec) *Server {
	t.Helper()
	s, err := Start(t.Context(), spec)
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

func TestServer_KillAndRestart(t *testing.T) {
	s := mustStart(t, fakeSpec(t))
	addr, first := s.Addr, s.Pid()
	if answer, err := s.Word(t.Context(), "ruok"); err != nil || answer != "ruok\nMode: fake\n" {
		t.Fatalf("ruok answered %q, %v", answer, err)
	}
	if rss, err := s.RSS(); err != nil || rss < 1<<20 {
		t.Fatalf("resident memory %d, %v", rss, err)
	}
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	if s.Running() || s.ExitCode() != -1 {
		t.Fatalf("after a kill: running %t, exit code %d", s.Running(), s.ExitCode())
	}
	if err := s.Kill(); err != nil {
		t.Fatalf("a second kill: %v", err)
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.Addr != addr || s.Pid() == first || !s.Running() {
		t.Fatalf("restarted at %s as %d, was %s as %d", s.Addr, s.Pid(), addr, first)
	}
	log, err := os.ReadFile(s.LogPath)
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("life of %d\nlife of %d\n", first, s.Pid()); string(log) != want {
		t.Fatalf("log %q, want %q", log, want)
	}
}

func TestServer_StopIsSIGTERM(t *testing.T) {
	s := mustStart(t, fakeSpec(t))
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	status := s.current().cmd.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signal() != syscall.SIGTERM {
		t.Fatalf("ended by %v", status.Signal())
	}
}

func TestStart_ServerEndsAtOnce(t *testing.T) {
	spec := fakeSpec(t)
	spec.Env = []string{"FAKE=exit"}
	_, err := Start(t.Context(), spec)
	if err == nil || !strings.Contains(err.Error(), "status 3") || !strings.Contains(err.Error(), "no room at the inn") {
		t.Fatalf("error %v does not tell the status and the log", err)
	}
}

func TestStart_NeverServes(t *testing.T) {
	spec := fakeSpec(t)
	spec.Env = []string{"FAKE=mute"}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := Start(ctx, spec); err == nil || !strings.Contains(err.Error(), "does not serve") {
		t.Fatalf("error %v", err)
	}
	log, err := os.ReadFile(filepath.Join(spec.Dir, logName))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(string(log), "life of ")))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); err != syscall.ESRCH {
		t.Fatalf("server %d was left behind: %v", pid, err)
	}

	spec.ListenOnly = true
	mustStart(t, spec)
}

func TestStart_DiesWithParent(t *testing.T) {
	parent := exec.Command(os.Args[0], "parent", t.TempDir())
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // killed: the error says just that
	for deadline := time.Now().Add(10 * time.Second); alive(pid); {
		if time.Now().After(deadline) {
			t.Fatalf("server %d outlived its parent", pid)
		}
		time.Sleep(pollInterval)
	}
}

// alive says whether a process runs; one that nobody has reaped yet does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func TestStart_Refusals(t *testing.T) {
	for name, spec := range map[string]Spec{
		"relative directory": {Kind: Troupe, Binary: os.Args[0], Dir: "data"},
		"bad port":           {Kind: Troupe, Binary: os.Args[0], Dir: t.TempDir(), Config: []string{"clientPort=x"}},
		"no binary":          {Kind: Troupe, Dir: t.TempDir()},
		"unknown kind":       {Kind: "etcd", Dir: t.TempDir()},
		"missing binary":     {Kind: Troupe, Binary: "/nowhere/troupe", Dir: t.TempDir()},
	} {
		if _, err := Start(t.Context(), spec); err == nil {
			t.Errorf("%s: started", name)
		}
	}
}

func TestZooCfg_OwnLinesReplaceGenerated(t *testing.T) {
	got := string(zooCfg(Spec{Kind: Apache, Dir: "/d", Config: []string{"tickTime = 100", "snapCount=10"}}, 2345))
	want := "dataDir=/d/data\nclientPort=2345\nclientPortAddress=127.0.0.1\n4lw.commands.whitelist=*\n" +
		"admin.enableServer=false\ntickTime = 100\nsnapCount=10\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestServer_Apache(t *testing.T) {
	if err := Available(Apache); err != nil {
		t.Skip(err)
	}
	if testing.Short() {
		t.Skip("starts a JVM")
	}
	s := mustStart(t, Spec{Kind: Apache, Dir: t.TempDir(), Heap: "128m", Config: []string{"tickTime=500"}})
	if answer, err := s.Word(t.Context(), "conf"); err != nil || !strings.Contains(answer, "tickTime=500\n") {
		t.Fatalf("conf answered %q, %v", answer, err)
	}
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
}
