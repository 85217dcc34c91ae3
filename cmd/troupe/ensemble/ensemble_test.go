package ensemble

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"troupe/actors/config"
)

const patience = 20 * time.Second

// The test binary plays the servers' part.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "server" {
		if err := serve(os.Args[2]); err != nil {
			fmt.Println(err)
			os.Exit(3)
		}
		return
	}
	os.Exit(m.Run())
}

// serve answers srvr until SIGTERM, and notes in ../ended when that was: server.2
// leads. With a file "fail" beside the zoo.cfg it does not start.
func serve(path string) error {
	dir := filepath.Dir(path)
	if _, err := os.Stat(filepath.Join(dir, "fail")); err == nil {
		return errors.New("no room at the inn")
	}
	cfg, _, err := config.Load(path)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", net.JoinHostPort(cfg.ClientAddress, strconv.Itoa(cfg.ClientPort)))
	if err != nil {
		return err
	}
	mode := "follower"
	switch {
	case cfg.Observer():
		mode = "observer"
	case cfg.MyID == 2:
		mode = "leader"
	}
	fmt.Println(`{"level":"info","message":"all is well"}`)
	fmt.Println(`{"level":"warn","disk":"full","message":"look here"}`)
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if _, err := io.ReadFull(conn, make([]byte, 4)); err == nil {
				fmt.Fprintf(conn, "Mode: %s\n", mode)
			}
			conn.Close()
		}
	}()
	<-term
	f, err := os.OpenFile(filepath.Join(dir, "..", "ended"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(f, cfg.MyID); err != nil {
		return err
	}
	return f.Close()
}

// basePort finds room for some servers below the ports of outgoing connections.
func basePort(t *testing.T, servers int) int {
	t.Helper()
	for base := 11000 + os.Getpid()%5000; base < 32000; base += 7 {
		all, err := (Plan{Servers: servers, BasePort: base}).members()
		if err != nil {
			t.Fatal(err)
		}
		if portsFree(all) == nil {
			return base
		}
	}
	t.Fatal("no room")
	return 0
}

// running is an ensemble that a test has started.
type running struct {
	out, errs *locked
	o, e      *bytes.Buffer
	cancel    context.CancelFunc
	done      chan error
}

func run(t *testing.T, plan Plan) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{o: &bytes.Buffer{}, e: &bytes.Buffer{}, cancel: cancel, done: make(chan error, 1)}
	r.out, r.errs = &locked{w: r.o}, &locked{w: r.e}
	command := func(zooCfg string) *exec.Cmd { return exec.Command(os.Args[0], "server", zooCfg) }
	go func() {
		r.done <- Run(ctx, Options{Plan: plan, Command: command, Out: r.out, Errs: r.errs, Plain: true})
		close(r.done)
	}()
	t.Cleanup(func() { cancel(); <-r.done })
	return r
}

func (r *running) said() (out, errs string) {
	r.out.mu.Lock()
	defer r.out.mu.Unlock()
	r.errs.mu.Lock()
	defer r.errs.mu.Unlock()
	return r.o.String(), r.e.String()
}

// wait waits until something is said.
func (r *running) wait(t *testing.T, pattern string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		out, errs := r.said()
		if regexp.MustCompile(pattern).MatchString(out + errs) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is not said:\n%s\n%s", pattern, out, errs)
		}
	}
}

func (r *running) stop(t *testing.T) {
	t.Helper()
	r.cancel()
	select {
	case err := <-r.done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(patience):
		t.Fatal("it does not stop")
	}
}

func TestRun_Life(t *testing.T) {
	plan := Plan{Dir: filepath.Join(t.TempDir(), "new"), Servers: 3, Observers: 1, BasePort: basePort(t, 4)}
	r := run(t, plan)
	r.wait(t, "All serve: troupe cli --server ")
	r.wait(t, `(?m)WRN server\.4: look here disk=full$`)
	out, errs := r.said()
	for i, role := range []string{"follower", "leader", "follower", "observer"} {
		addr := fmt.Sprintf("127.0.0.1:%d", plan.BasePort+i)
		if !regexp.MustCompile(fmt.Sprintf(`(?m)^server\.%d  process \d+: clients %s, servers port %d, log /.*server\.log$`, i+1, addr, plan.BasePort+100+i)).MatchString(out) ||
			!strings.Contains(out, fmt.Sprintf("server.%d  %s  %s\n", i+1, addr, role)) {
			t.Errorf("server.%d, %s:\n%s", i+1, role, out)
		}
	}
	if strings.Contains(errs, "all is well") {
		t.Errorf("what is no warning is shown:\n%s", errs)
	}
	r.stop(t)
	ended, err := os.ReadFile(filepath.Join(plan.Dir, "ended"))
	if err != nil {
		t.Fatal(err)
	}
	if order := strings.Fields(string(ended)); len(order) != 4 || order[3] != "2" {
		t.Errorf("ended in the order %v", order)
	}
	log, err := os.ReadFile(filepath.Join(plan.Dir, "server.1", "server.log"))
	if err != nil || !strings.Contains(string(log), "all is well") || !strings.Contains(string(log), "look here") {
		t.Errorf("log %q, %v", log, err)
	}
}

func TestRun_AServerEndsByItself(t *testing.T) {
	plan := Plan{Dir: t.TempDir(), Servers: 3, BasePort: basePort(t, 3)}
	r := run(t, plan)
	r.wait(t, "All serve")
	out, _ := r.said()
	pid, err := strconv.Atoi(regexp.MustCompile(`server\.2  process (\d+)`).FindStringSubmatch(out)[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	r.wait(t, `(?s)server\.2 has ended by itself, with status -1\. Its log .* ends with\n.*look here`)
	r.stop(t)
}

func TestRun_NoServerIsLeft(t *testing.T) {
	plan := Plan{Dir: t.TempDir(), Servers: 2, BasePort: basePort(t, 2)}
	for _, dir := range []string{"server.1", "server.2"} {
		if err := os.MkdirAll(filepath.Join(plan.Dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(plan.Dir, dir, "fail"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r := run(t, plan)
	select {
	case err := <-r.done:
		if err == nil || err.Error() != "no server is left" {
			t.Fatal(err)
		}
	case <-time.After(patience):
		t.Fatal("it goes on")
	}
	if _, errs := r.said(); strings.Count(errs, "with status 3") != 2 || !strings.Contains(errs, "\n  no room at the inn\n") {
		t.Error(errs)
	}
}

func TestRun_FilesAreKept(t *testing.T) {
	plan := Plan{Dir: t.TempDir(), Servers: 2, Observers: 1, BasePort: basePort(t, 3)}
	all, err := plan.members()
	if err != nil {
		t.Fatal(err)
	}
	read := func() string {
		var b strings.Builder
		for _, path := range []string{filepath.Join(plan.Dir, secretName), all[2].config(), all[2].myIDFile()} {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			b.Write(text)
		}
		return b.String()
	}
	if err := prepare(all); err != nil {
		t.Fatal(err)
	}
	cfg, warnings, err := config.Load(all[2].config())
	if err != nil || len(warnings) > 0 || !cfg.Observer() || cfg.OpenQuorum() || len(cfg.QuorumSecret) != 64 {
		t.Fatalf("%+v, %v, %v", cfg, warnings, err)
	}
	if info, err := os.Stat(filepath.Join(plan.Dir, secretName)); err != nil || info.Mode() != 0o600 {
		t.Fatalf("secret %v, %v", info.Mode(), err)
	}
	f, err := os.OpenFile(all[2].config(), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("snapCount=10\n"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	before := read()
	if err := prepare(all); err != nil || read() != before {
		t.Fatalf("%v; before\n%s\nafter\n%s", err, before, read())
	}
	for name, other := range map[string]Plan{
		"ports":     {Dir: plan.Dir, Servers: 2, Observers: 1, BasePort: plan.BasePort + 1},
		"servers":   {Dir: plan.Dir, Servers: 3, Observers: 1, BasePort: plan.BasePort},
		"observers": {Dir: plan.Dir, Servers: 3, BasePort: plan.BasePort},
	} {
		list, err := other.members()
		if err != nil {
			t.Fatal(err)
		}
		if err := prepare(list); err == nil || !strings.Contains(err.Error(), "is that of another ensemble") {
			t.Errorf("other %s: %v", name, err)
		}
	}
	if err := os.WriteFile(all[1].myIDFile(), []byte("1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := prepare(all); err == nil {
		t.Error("another myid is taken")
	}
}

func TestRun_Refusals(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	port := busy.Addr().(*net.TCPAddr).Port
	dir := filepath.Join(t.TempDir(), "new")
	for want, plan := range map[string]Plan{
		"want one server or more":                       {Dir: dir, Servers: 0, BasePort: 2181},
		"want one server or more and":                   {Dir: dir, Servers: 3, Observers: -1, BasePort: 2181},
		"101 servers are too many":                      {Dir: dir, Servers: 100, Observers: 1, BasePort: 2181},
		"want one from 1 to 65235":                      {Dir: dir, Servers: 1, BasePort: 65236},
		fmt.Sprintf("are taken: %d; with", port):        {Dir: dir, Servers: 1, BasePort: port},
		fmt.Sprintf("are taken: %d; with --base", port): {Dir: dir, Servers: 1, BasePort: port - portStep},
	} {
		if err := Run(t.Context(), Options{Plan: plan, Out: io.Discard, Errs: io.Discard}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", plan, err, want)
		}
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s was made: %v", dir, err)
	}
}
