package differential

import (
	"context"
	"os"
	"slices"
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

// form is how many servers play one side, as a subtest's name.
type form string

const (
	standalone form = "standalone"
	ensemble   form = "ensemble"
)

// start runs servers for the length of the test and returns their addresses.
func start(t *testing.T, f form, kind process.Kind, config, jvm []string) Servers {
	t.Helper()
	spec := process.EnsembleSpec{Kind: kind, Dir: t.TempDir(), Servers: 3, Config: config}
	if kind == process.Apache {
		requireStock(t)
		spec.Args, spec.Heap = slices.Concat(jvm, fewThreads), "128m"
	} else {
		spec.Binary = buildTroupe(t)
	}
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	if f == ensemble {
		return startEnsemble(t, ctx, spec)
	}
	server, err := process.Start(ctx, process.Spec{Kind: kind, Dir: spec.Dir, Config: config, Binary: spec.Binary,
		Args: spec.Args})
	if err != nil {
		t.Fatal(err)
	}
	killAfter(t, server.Kill)
	return Servers{home: server.Addr}
}

// fewThreads makes three JVMs start faster on few cores.
var fewThreads = []string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"}

func startEnsemble(t *testing.T, ctx context.Context, spec process.EnsembleSpec) Servers {
	t.Helper()
	e, err := process.StartEnsemble(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	killAfter(t, e.Kill)
	leading, err := e.Leader(ctx)
	if err != nil {
		t.Fatal(err)
	}
	following := e.Followers(ctx)
	if len(following) != 2 {
		t.Fatalf("%d followers of server %d", len(following), leading)
	}
	return Servers{home: e.Servers[following[0]].Addr, other: e.Servers[following[1]].Addr,
		leader: e.Servers[leading].Addr}
}

func killAfter(t *testing.T, kill func() error) {
	t.Cleanup(func() {
		if err := kill(); err != nil {
			t.Error(err)
		}
	})
}
