package stock_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"troupe/bench/process"
)

// form is how many servers a test's clients have before them.
type form string

const (
	standalone form = "standalone"
	ensemble   form = "ensemble"
)

// everywhere runs a client's test against a server of its own and against the followers of an
// ensemble. Not in short mode.
func everywhere(t *testing.T, test func(t *testing.T, f form)) {
	t.Helper()
	client(t)
	for _, f := range []form{standalone, ensemble} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			test(t, f)
		})
	}
}

// servers are one server, or an ensemble.
type servers struct {
	*process.Ensemble
	// here and there are where clients connect to: two followers, or twice the only server.
	here, there string
}

// launch starts servers of the kind under test.
func launch(ctx context.Context, f form, dir string, config ...string) (*servers, error) {
	spec := process.EnsembleSpec{Kind: kind(), Dir: dir, Servers: 3, Config: config}
	switch spec.Kind {
	case process.Apache:
		spec.Heap = "192m"
		// Apache takes this key from the JVM's properties only. One compiler tier and one collector
		// thread leave the cores to the clients.
		spec.Args = []string{"-Dznode.container.checkIntervalMs=200", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"}
	case process.Troupe:
		rig.build.Do(func() { rig.binary, rig.err = process.Build(ctx, rig.dir) })
		if rig.err != nil {
			return nil, rig.err
		}
		spec.Binary = rig.binary
	}
	if f == ensemble {
		return launchEnsemble(ctx, spec)
	}
	one, err := process.Start(ctx, process.Spec{Kind: spec.Kind, Dir: filepath.Join(dir, "server"), Config: config,
		Binary: spec.Binary, Args: spec.Args, Heap: spec.Heap})
	if err != nil {
		return nil, err
	}
	return &servers{&process.Ensemble{Servers: []*process.Server{one}}, one.Addr, one.Addr}, nil
}

func launchEnsemble(ctx context.Context, spec process.EnsembleSpec) (*servers, error) {
	e, err := process.StartEnsemble(ctx, spec)
	if err != nil {
		return nil, err
	}
	if _, err := e.Leader(ctx); err != nil {
		return nil, err
	}
	following := e.Followers(ctx)
	if len(following) != 2 {
		return nil, fmt.Errorf("%d servers follow", len(following))
	}
	return &servers{e, e.Servers[following[0]].Addr, e.Servers[following[1]].Addr}, nil
}

// logs is the end of each server's log.
func (s *servers) logs() (text string) {
	for _, one := range s.Servers {
		text += fmt.Sprintf("%s:\n%s\n", filepath.Base(one.Dir), one.LogTail())
	}
	return text
}

// start starts servers of the test's own.
func start(t *testing.T, f form, config ...string) *servers {
	t.Helper()
	need(t, process.Available(kind()))
	s, err := launch(t.Context(), f, t.TempDir(), config...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the servers' logs:\n%s", s.logs())
		}
		if err := s.Kill(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// shared are the servers that most suites share, each below a node of its own.
func shared(t *testing.T, f form) *servers {
	t.Helper()
	need(t, process.Available(kind()))
	it := rig.shared[f]
	it.start.Do(func() {
		// Not the test's context: the servers outlive the test that happens to ask first.
		it.servers, it.failed = launch(context.Background(), f, filepath.Join(rig.dir, string(f)), sharedConfig...)
	})
	if it.failed != nil {
		t.Fatal(it.failed)
	}
	return it.servers
}
