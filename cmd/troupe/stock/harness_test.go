package stock_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"troupe/bench/process"
)

// patience bounds every wait for something that comes at once on an idle machine.
const patience = 20 * time.Second

// sharedConfig suits all suites at once: sessions short enough to see them expire, and long enough
// for a client that has to wait for a core; ticks long enough that a server that has to wait for
// one does not take that for a pause of its own; containers and TTL nodes that go soon.
var sharedConfig = []string{
	"tickTime=1000",
	"minSessionTimeout=1000",
	"maxSessionTimeout=30000",
	"maxClientCnxns=500",
	"extendedTypesEnabled=true",
	"znode.container.checkIntervalMs=200",
}

// rig is what the tests of this package share.
var rig struct {
	dir    string // removed at the end
	build  sync.Once
	binary string // path of the built program
	err    error  // of the build

	start  sync.Once
	server *process.Server
	failed error // of the start
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (status int) {
	dir, err := os.MkdirTemp("", "troupe-stock-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	rig.dir = dir
	status = m.Run()
	if rig.server != nil {
		if status != 0 {
			fmt.Printf("the shared server's log:\n%s\n", rig.server.LogTail())
		}
		err = rig.server.Kill()
	}
	if err = errors.Join(err, os.RemoveAll(dir)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return status
}

// kind is the server under test.
func kind() process.Kind {
	if os.Getenv("TROUPE_STOCK_TARGET") == string(process.Apache) {
		return process.Apache
	}
	return process.Troupe
}

// need skips the test for a missing program or package, or fails it where nothing may be missing.
func need(t *testing.T, missing error) {
	t.Helper()
	switch {
	case missing == nil:
	case os.Getenv("TROUPE_REQUIRE_STOCK") == "1":
		t.Fatal(missing)
	default:
		t.Skip(missing)
	}
}

// client is the start of every client's test: it may run beside the others, and not in short mode.
func client(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts real servers and clients")
	}
	t.Parallel()
}

// program says what is missing if a program is: the Debian package that has it.
func program(path, debian string) error {
	if _, err := exec.LookPath(path); err != nil {
		return fmt.Errorf("Debian's package %s is needed: %w", debian, err)
	}
	return nil
}

// spec is a server of the kind under test.
func spec(ctx context.Context, dir string, config ...string) (process.Spec, error) {
	s := process.Spec{Kind: kind(), Dir: dir, Config: config}
	switch s.Kind {
	case process.Apache:
		s.Heap = "192m"
		// Apache takes this key from the JVM's properties only. One compiler tier and one collector
		// thread leave the cores to the clients.
		s.Args = []string{"-Dznode.container.checkIntervalMs=200", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"}
	case process.Troupe:
		rig.build.Do(func() { rig.binary, rig.err = process.Build(ctx, rig.dir) })
		s.Binary = rig.binary
	}
	return s, rig.err
}

// start starts a server of the test's own.
func start(t *testing.T, config ...string) *process.Server {
	t.Helper()
	need(t, process.Available(kind()))
	s, err := spec(t.Context(), t.TempDir(), config...)
	if err != nil {
		t.Fatal(err)
	}
	server, err := process.Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the server's log:\n%s", server.LogTail())
		}
		if err := server.Kill(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// shared is the address of the server that most suites share, each below a node of its own. It
// is started when first asked for.
func shared(t *testing.T) string {
	t.Helper()
	need(t, process.Available(kind()))
	rig.start.Do(func() {
		// Not the test's context: the server outlives the test that happens to ask first.
		s, err := spec(context.Background(), filepath.Join(rig.dir, "shared"), sharedConfig...)
		if err == nil {
			rig.server, err = process.Start(context.Background(), s)
		}
		rig.failed = err
	})
	if rig.failed != nil {
		t.Fatal(rig.failed)
	}
	return rig.server.Addr
}

// eventually polls a condition until it holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(patience); !holds(); <-ticker.C {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", patience, what)
		}
	}
}
