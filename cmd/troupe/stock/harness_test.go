package stock_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
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

	shared map[form]*sharedServers
}

// sharedServers are started when first asked for.
type sharedServers struct {
	start   sync.Once
	servers *servers
	failed  error // of the start
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (status int) {
	dir, err := os.MkdirTemp("", "troupe-stock-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	rig.dir = dir
	rig.shared = map[form]*sharedServers{standalone: {}, ensemble: {}}
	status = m.Run()
	for f, shared := range rig.shared {
		if shared.servers == nil {
			continue
		}
		if status != 0 {
			fmt.Printf("the logs of what was shared, %s:\n%s\n", f, shared.servers.logs())
		}
		err = errors.Join(err, shared.servers.Kill())
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
