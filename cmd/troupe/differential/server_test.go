package differential

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"troupe/bench/process"
)

const startTimeout = 60 * time.Second

// requireStock skips the test where Apache ZooKeeper is not installed, or
// fails it where it must be.
func requireStock(t *testing.T) {
	t.Helper()
	err := process.Available(process.Apache)
	switch {
	case err == nil:
	case os.Getenv("TROUPE_REQUIRE_STOCK") != "":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
}

// troupeBinary is built once for all tests.
var troupeBinary struct {
	sync.Once
	dir, path string
	err       error
}

func TestMain(m *testing.M) {
	status := m.Run()
	if dir := troupeBinary.dir; dir != "" {
		if err := os.RemoveAll(dir); err != nil {
			status = 1
		}
	}
	os.Exit(status)
}

func buildTroupe(t *testing.T) string {
	t.Helper()
	b := &troupeBinary
	b.Do(func() {
		if b.dir, b.err = os.MkdirTemp("", "troupe-differential"); b.err == nil {
			b.path, b.err = process.Build(context.Background(), b.dir)
		}
	})
	if b.err != nil {
		t.Fatal(b.err)
	}
	return b.path
}

// start runs a server for the length of the test and returns its address.
func start(t *testing.T, kind process.Kind, config, jvm []string) string {
	t.Helper()
	spec := process.Spec{Kind: kind, Dir: t.TempDir(), Config: config}
	if kind == process.Apache {
		requireStock(t)
		spec.Args = jvm
	} else {
		spec.Binary = buildTroupe(t)
	}
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	server, err := process.Start(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Kill(); err != nil {
			t.Error(err)
		}
	})
	return server.Addr
}
