package daemon

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"troupe/actors/config"
	"troupe/bench/process"
)

// The test binary plays the part of a server that holds a data directory until
// its standard input ends.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "hold" {
		p, err := Hold(os.Args[2])
		fmt.Println(err)
		_, readErr := io.ReadAll(os.Stdin)
		if err := errors.Join(readErr, p.Release()); err != nil {
			panic(err)
		}
		return
	}
	os.Exit(m.Run())
}

// another starts a process that holds dir. It ends when the returned end is
// called, or the test ends.
func another(t *testing.T, dir string) (child *process.Child, end func()) {
	t.Helper()
	in, feed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, said, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "hold", dir)
	cmd.Stdin, cmd.Stdout = in, said
	child, err = process.Spawn(cmd)
	if err != nil {
		t.Fatal(err)
	}
	end = func() {
		if err := feed.Close(); err != nil {
			t.Error(err)
		}
		<-child.Exited()
	}
	t.Cleanup(func() {
		if err := child.Kill(); err != nil {
			t.Error(err)
		}
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "<nil>\n" {
		t.Fatalf("the other process cannot hold %s: %q, %v", dir, line, err)
	}
	return child, end
}

func wantHolder(t *testing.T, dir string, want int) {
	t.Helper()
	pid, running, err := Holder(dir)
	if err != nil || pid != want || running != (want != 0) {
		t.Fatalf("held by %d, %t, %v; want %d", pid, running, err, want)
	}
}

func TestHold_OneProcessAtATime(t *testing.T) {
	dir := t.TempDir()
	wantHolder(t, dir, 0)
	other, end := another(t, dir)
	wantHolder(t, dir, other.Pid())
	if _, err := Hold(dir); !errors.Is(err, ErrRunning) || !strings.Contains(err.Error(), fmt.Sprint(other.Pid())) {
		t.Fatalf("a second hold: %v", err)
	}
	wantHolder(t, dir, other.Pid())
	end()
	wantHolder(t, dir, 0)
	if _, err := os.Stat(PidFilePath(dir)); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("the pid file is still there: %v", err)
	}
}

func TestHold_AFileLeftBehindHoldsNothing(t *testing.T) {
	dir := t.TempDir()
	other, _ := another(t, dir)
	if err := other.Kill(); err != nil {
		t.Fatal(err)
	}
	wantHolder(t, dir, 0)
	p, err := Hold(dir)
	if err != nil {
		t.Fatal(err)
	}
	if pid, err := os.ReadFile(PidFilePath(dir)); err != nil || string(pid) != fmt.Sprint(os.Getpid()) {
		t.Fatalf("%q, %v", pid, err)
	}
	if err := p.Release(); err != nil {
		t.Fatal(err)
	}
}

func TestTerminate_WaitsForTheEnd(t *testing.T) {
	dir := t.TempDir()
	if pid, err := Terminate(t.Context(), dir); pid != 0 || err != nil {
		t.Fatalf("nobody there: %d, %v", pid, err)
	}
	other, _ := another(t, dir)
	if pid, err := Terminate(t.Context(), dir); pid != other.Pid() || err != nil {
		t.Fatalf("%d, %v; want %d", pid, err, other.Pid())
	}
	wantHolder(t, dir, 0)
}

// fakePort answers every connection with the same bytes.
func fakePort(t *testing.T, answers func(request string) string) *config.Config {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			b := make([]byte, 512)
			n, _ := conn.Read(b)
			_, _ = io.WriteString(conn, answers(string(b[:n])))
			conn.Close()
		}
	}()
	return &config.Config{ClientAddress: "127.0.0.1", ClientPort: l.Addr().(*net.TCPAddr).Port}
}

func TestMode(t *testing.T) {
	const refused = "srvr is not executed because it is not in the whitelist.\n"
	const response = "\x00\x00\x00\x24\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	for name, c := range map[string]struct {
		srvr, connect string
		mode          string
		err           string
	}{
		"srvr tells":          {srvr: "Zookeeper version: x\nMode: leader\nNode count: 1\n", mode: "leader"},
		"not whitelisted":     {srvr: refused, connect: response, mode: "standalone"},
		"does not serve":      {srvr: "This ZooKeeper instance is not currently serving requests\n", err: "does not serve clients"},
		"neither":             {srvr: refused, err: "does not serve clients"},
		"another program":     {srvr: "HTTP/1.1 400 Bad Request\r\n", connect: "HTTP/1.1 400 Bad Request\r\n", err: "does not serve clients"},
		"a frame, no connect": {srvr: refused, connect: "\x00\x00\x00\x02ab", err: "does not speak"},
	} {
		cfg := fakePort(t, func(request string) string {
			if request == "srvr" {
				return c.srvr
			}
			return c.connect
		})
		mode, err := Mode(t.Context(), cfg)
		if mode != c.mode || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %q, %v", name, mode, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := Mode(ctx, &config.Config{ClientAddress: "127.0.0.1", ClientPort: 1}); err == nil {
		t.Error("a port where nobody listens has a mode")
	}
}

func TestAddress(t *testing.T) {
	for address, want := range map[string]string{"": "localhost", "0.0.0.0": "localhost", "::": "localhost",
		"127.0.0.1": "127.0.0.1", "::1": "::1", "zk.example": "zk.example"} {
		if host, port := Address(&config.Config{ClientAddress: address, ClientPort: 7}); host != want || port != 7 {
			t.Errorf("%q: %s, %d", address, host, port)
		}
	}
}

func TestReason_PrefersWhatIsForPeople(t *testing.T) {
	for log, want := range map[string]string{
		"{\"level\":\"info\"}\ntroupe: no room\ntroupe: at all\n": "troupe: no room\ntroupe: at all",
		"{\"level\":\"info\"}\n":                                  "{\"level\":\"info\"}",
		"":                                                        "",
	} {
		if got := reason(strings.NewReader("old\n"+log), 4); got != want {
			t.Errorf("%q: got %q, want %q", log, got, want)
		}
	}
	if !strings.HasPrefix(filepath.Base(LogFilePath("/d")), "troupe") {
		t.Error(LogFilePath("/d"))
	}
}
