package quorum

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"troupe/bench/client"
	"troupe/bench/process"
	"troupe/bench/process/mesh"
)

const (
	patience = 60 * time.Second // for anything
	interval = 10 * time.Millisecond
)

// rig is the program under test, built once.
var rig struct {
	dir    string // removed at the end
	build  sync.Once
	binary string
	err    error // of the build
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (status int) {
	dir, err := os.MkdirTemp("", "troupe-quorum-")
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

func binary(t *testing.T) string {
	t.Helper()
	rig.build.Do(func() {
		if rig.binary = os.Getenv("TROUPE_QUORUM_BINARY"); rig.binary == "" {
			rig.binary, rig.err = process.Build(t.Context(), rig.dir)
		}
	})
	if rig.err != nil {
		t.Fatal(rig.err)
	}
	return rig.binary
}

// minutes is for how long a test is to go on, 0 for as short as makes sense.
func minutes(t *testing.T) time.Duration {
	t.Helper()
	env := os.Getenv("TROUPE_QUORUM_MINUTES")
	if env == "" {
		return 0
	}
	n, err := strconv.ParseFloat(env, 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(n * float64(time.Minute))
}

// long skips a test that takes long by itself.
func long(t *testing.T) {
	t.Helper()
	if minutes(t) == 0 {
		t.Skip("takes long: set TROUPE_QUORUM_MINUTES")
	}
}

// ensemble is the servers of one test.
type ensemble struct {
	*testing.T
	*mesh.Ensemble
	ctx context.Context
}

// plan settles an ensemble of which nothing runs yet.
func plan(t *testing.T, spec mesh.Spec) *ensemble {
	t.Helper()
	if testing.Short() {
		t.Skip("starts real servers")
	}
	if spec.Servers == 0 {
		spec.Servers = 3
	}
	spec.Kind, spec.Binary, spec.Dir = process.Troupe, binary(t), t.TempDir()
	spec.Config = append([]string{"minSessionTimeout=500", "maxSessionTimeout=120000", "maxClientCnxns=0"}, spec.Config...)
	m, err := mesh.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	e := &ensemble{t, m, t.Context()}
	t.Cleanup(func() {
		if t.Failed() {
			e.quoteLogs()
		}
		if err := m.Kill(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// start runs an ensemble.
func start(t *testing.T, spec mesh.Spec) *ensemble {
	t.Helper()
	e := plan(t, spec)
	e.up()
	return e
}

// within is a context for something that must not take long.
func (e *ensemble) within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(e.ctx, d)
	e.Cleanup(cancel)
	return ctx
}

// up starts servers, all if none is named, and waits until each serves.
func (e *ensemble) up(which ...int) {
	e.Helper()
	e.must(e.Start(e.within(patience), which...))
	if len(which) == 0 {
		which = e.others()
	}
	for _, i := range which { // one that ran may not have served
		e.must(e.Servers[i].WaitServing(e.within(patience)))
	}
}

func (e *ensemble) kill(which ...int) {
	e.Helper()
	for _, i := range which {
		if err := e.Servers[i].Kill(); err != nil {
			e.Fatal(err)
		}
	}
}

func (e *ensemble) stop(which ...int) {
	e.Helper()
	for _, i := range which {
		if err := e.Servers[i].Stop(e.within(patience)); err != nil {
			e.Fatal(err)
		}
	}
}

func (e *ensemble) signal(sig os.Signal, which ...int) {
	e.Helper()
	for _, i := range which {
		if err := e.Servers[i].Signal(sig); err != nil {
			e.Fatal(err)
		}
	}
}

func (e *ensemble) wipe(which ...int) {
	e.Helper()
	for _, i := range which {
		if err := e.Wipe(i); err != nil {
			e.Fatal(err)
		}
	}
}

func (e *ensemble) leader() int {
	e.Helper()
	leader, err := e.Leader(e.within(patience))
	if err != nil {
		e.Fatal(err)
	}
	return leader
}

// others is all servers but some.
func (e *ensemble) others(than ...int) []int {
	var list []int
	for i := range e.Servers {
		if !slices.Contains(than, i) {
			list = append(list, i)
		}
	}
	return list
}

// until waits for a condition.
func (e *ensemble) until(what string, d time.Duration, holds func() bool) {
	e.Helper()
	for deadline := time.Now().Add(d); !holds(); time.Sleep(interval) {
		if time.Now().After(deadline) {
			e.Fatalf("after %v still not: %s", d, what)
		}
	}
}

// never watches for as long as d that something does not happen.
func (e *ensemble) never(what string, d time.Duration, happens func() bool) {
	e.Helper()
	for deadline := time.Now().Add(d); time.Now().Before(deadline); time.Sleep(interval) {
		if happens() {
			e.Fatalf("it happened: %s", what)
		}
	}
}

// mode is what a server says it is, "" if it does not serve.
func (e *ensemble) mode(i int) string {
	ctx, cancel := context.WithTimeout(e.ctx, time.Second)
	defer cancel()
	mode, err := process.Mode(ctx, e.Addr(i))
	if err != nil {
		return ""
	}
	return mode
}

func (e *ensemble) serves(i int) bool { return e.mode(i) != "" }

// log is all that a server has said.
func (e *ensemble) log(i int) string {
	b, err := os.ReadFile(filepath.Join(e.Dir(i), "server.log"))
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// says waits until a server has said something, a regular expression.
func (e *ensemble) says(i int, pattern string) {
	e.Helper()
	want := regexp.MustCompile(pattern)
	e.until(fmt.Sprintf("server.%d says %q", i+1, pattern), 15*time.Second, func() bool { return want.MatchString(e.log(i)) })
}

// elections counts the reigns that a server has seen.
func (e *ensemble) elections(i int) int {
	return strings.Count(e.log(i), "the ensemble has a leader, clients are served")
}

// session opens a session on one server, which may be without a leader at first.
func (e *ensemble) session(server int, timeout time.Duration) (conn *client.Conn) {
	e.Helper()
	e.until("a session begins", patience, func() (begun bool) {
		var err error
		conn, err = e.dial(server, client.Options{SessionTimeout: timeout})
		return err == nil
	})
	return conn
}

// dial connects to one server.
func (e *ensemble) dial(server int, o client.Options) (*client.Conn, error) {
	o.Servers = []string{e.Addr(server)}
	if o.ConnectTimeout == 0 {
		o.ConnectTimeout = 10 * time.Second
	}
	conn, err := client.Dial(e.within(patience), o)
	if err != nil {
		return nil, err
	}
	e.Cleanup(conn.Abandon)
	return conn, nil
}

// resume is the session of a connection, on another server.
func (e *ensemble) resume(conn *client.Conn, server int) (*client.Conn, error) {
	return e.dial(server, client.Options{Session: conn.SessionID(), Password: conn.Password(),
		LastZxidSeen: conn.LastZxid(), SessionTimeout: conn.SessionTimeout()})
}

// writable waits until a write over one server succeeds.
func (e *ensemble) writable(server int) {
	e.Helper()
	var last error
	e.until("a write succeeds", patience, func() bool {
		last = e.write(server, 2*time.Second)
		return last == nil
	})
}

// write makes one write over one server, in a session of its own.
func (e *ensemble) write(server int, d time.Duration) error {
	ctx, cancel := context.WithTimeout(e.ctx, d)
	defer cancel()
	conn, err := client.Dial(ctx, client.Options{Servers: []string{e.Addr(server)}, ConnectTimeout: d})
	if err != nil {
		return err
	}
	defer conn.Abandon()
	_, err = conn.Set(ctx, "/", nil, client.AnyVersion)
	return err
}

// quoteLogs shows what the servers said, in the order of time.
func (e *ensemble) quoteLogs() {
	var all []string
	for i := range e.Servers {
		for line := range strings.Lines(e.log(i)) {
			all = append(all, brief(i, line))
		}
	}
	slices.Sort(all)
	const most = 150
	for i := range e.Servers {
		all = append(all, fmt.Sprintf("~ server.%d listens on %s", i+1, e.Addr(i)))
	}
	e.Logf("the servers' last words:\n%s", strings.Join(all[max(0, len(all)-most):], "\n"))
}

// brief is a line of a server's log, less what is of no interest here; what is no JSON sorts last.
func brief(server int, line string) string {
	var fields map[string]any
	if err := json.Unmarshal([]byte(line), &fields); err != nil {
		return fmt.Sprintf("~ %d %s", server+1, strings.TrimSpace(line))
	}
	text := fmt.Sprintf("%v %d %v", fields["time"], server+1, fields["message"])
	for _, key := range []string{"peer", "from", "role", "mode", "leader", "epoch", "zxid", "why", "reason", "error"} {
		if v, ok := fields[key]; ok {
			text += fmt.Sprintf(" %s=%v", key, v)
		}
	}
	return text
}

// must fails the test for an error.
func (e *ensemble) must(err error) {
	e.Helper()
	if err != nil {
		e.Fatal(err)
	}
}

// joined is the errors of several things done at once.
func joined(n int, do func(i int) error) error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = do(i) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// begin starts servers that are not expected to serve.
func (e *ensemble) begin(which ...int) {
	e.Helper()
	e.must(e.Launch(e.within(patience), which...))
}

// exchange replaces a server's data by that in another server's directory.
func (e *ensemble) exchange(server int, dir string) {
	e.Helper()
	own := filepath.Join(e.Dir(server), "data")
	e.must(errors.Join(os.RemoveAll(own), os.Rename(filepath.Join(dir, "data"), own)))
}
