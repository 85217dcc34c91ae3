package process

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func fakeEnsemble(t *testing.T) EnsembleSpec {
	return EnsembleSpec{Kind: Troupe, Binary: os.Args[0], Dir: t.TempDir(), Servers: 3, Observers: 1}
}

func mustStartEnsemble(t *testing.T, spec EnsembleSpec) *Ensemble {
	t.Helper()
	e, err := StartEnsemble(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Kill(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func TestEnsemble_Life(t *testing.T) {
	e := mustStartEnsemble(t, fakeEnsemble(t))
	if leader, err := e.Leader(t.Context()); err != nil || leader != 1 {
		t.Fatalf("leader %d, %v", leader, err)
	}
	if f := e.Followers(t.Context()); !slices.Equal(f, []int{0, 2}) {
		t.Fatalf("followers %v", f)
	}
	if mode, err := e.Servers[3].Mode(t.Context()); err != nil || mode != "observer" {
		t.Fatalf("server.4 is %s, %v", mode, err)
	}
	addrs := strings.Split(e.Addrs(), ",")
	if len(addrs) != 4 || addrs[2] != e.Servers[2].Addr {
		t.Fatalf("addresses %v", addrs)
	}
	untouched := e.Servers[0].Pid()
	if err := errors.Join(e.Servers[1].Kill(), e.Servers[2].Kill()); err != nil {
		t.Fatal(err)
	}
	if err := e.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e.Servers[0].Pid() != untouched || !e.Servers[1].Running() || e.Servers[1].Addr != addrs[1] {
		t.Fatal("what ran was started again, or what did not run was not")
	}
	if err := e.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, s := range e.Servers {
		if s.Running() {
			t.Errorf("%s runs", s.Dir)
		}
	}
}

func TestEnsemble_Files(t *testing.T) {
	spec := fakeEnsemble(t)
	spec.Config = []string{"tickTime=500", "syncLimit=2"}
	mustStartEnsemble(t, spec)
	var members []string
	ports := map[string]bool{}
	for i, dir := range []string{"server.1", "server.2", "server.3", "server.4"} {
		text, err := os.ReadFile(filepath.Join(spec.Dir, dir, "zoo.cfg"))
		if err != nil {
			t.Fatal(err)
		}
		var listed []string
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "server.") {
				listed = append(listed, line)
				fields := strings.Split(line, ":")
				ports[fields[1]], ports[fields[2]] = true, true
			}
		}
		if members == nil {
			members = listed
		}
		cfg := string(text)
		if !slices.Equal(listed, members) || len(listed) != 4 || !strings.HasSuffix(listed[3], ":observer\n") ||
			!strings.Contains(cfg, "\ninitLimit=10\n") || strings.Contains(cfg, "syncLimit=5") ||
			!strings.Contains(cfg, "\ntickTime=500\nsyncLimit=2\n") || (i == 3) != strings.Contains(cfg, "\npeerType=observer\n") {
			t.Errorf("%s:\n%s", dir, cfg)
		}
	}
	if len(ports) != 8 {
		t.Errorf("ports %v", ports)
	}
}

func TestStartEnsemble_OneDoesNotServe(t *testing.T) {
	spec := fakeEnsemble(t)
	spec.Env = []string{"FAKE=exit"}
	if _, err := StartEnsemble(t.Context(), spec); err == nil || !strings.Contains(err.Error(), "no room at the inn") {
		t.Fatalf("error %v", err)
	}
	spec.Binary = "/nowhere/troupe"
	if _, err := StartEnsemble(t.Context(), spec); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("error %v", err)
	}
	spec.Servers = 0
	if _, err := StartEnsemble(t.Context(), spec); err == nil {
		t.Fatal("an ensemble of observers started")
	}
}

// need skips the test if what it needs is missing, or fails it where nothing may be.
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

func TestEnsemble_Apache(t *testing.T) {
	need(t, Available(Apache))
	failover(t, EnsembleSpec{Kind: Apache, Dir: t.TempDir(), Servers: 3, Observers: 1, Heap: "128m",
		Config: []string{"tickTime=500"}})
}

func TestEnsemble_Troupe(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and starts the program")
	}
	binary, err := Build(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	failover(t, EnsembleSpec{Kind: Troupe, Binary: binary, Dir: t.TempDir(), Servers: 3, Observers: 1})
}

// failover kills an ensemble's leader, wants another, and the killed one back as what follows it.
func failover(t *testing.T, spec EnsembleSpec) {
	if testing.Short() {
		t.Skip("starts four servers")
	}
	e := mustStartEnsemble(t, spec)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	first, err := e.Leader(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if mode, err := e.Servers[3].Mode(ctx); err != nil || mode != "observer" {
		t.Errorf("server.4 is %q, %v", mode, err)
	}
	if followers := e.Followers(ctx); len(followers) != 2 || slices.Contains(followers, first) {
		t.Errorf("server.%d leads, servers %v follow", first+1, followers)
	}
	if err := e.Servers[first].Kill(); err != nil {
		t.Fatal(err)
	}
	second, err := e.Leader(ctx)
	if err != nil || second == first || second == 3 {
		t.Fatalf("after server.%d, server.%d leads: %v", first+1, second+1, err)
	}
	if err := e.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	if mode, err := e.Servers[first].Mode(ctx); err != nil || mode != "follower" {
		t.Errorf("back as %q, %v", mode, err)
	}
	if err := e.Stop(ctx); err != nil {
		t.Error(err)
	}
}
