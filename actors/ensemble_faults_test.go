package actors

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"troupe/actors/supervise"
	"troupe/actors/tree"
	"troupe/wire"
)

// find is the PID of a server's actor of a kind.
func (s *Server) find(kind string) *actor.PID {
	for _, shard := range s.system.ProcessRegistry.LocalPIDs.LocalPIDs {
		for _, id := range shard.Keys() {
			if supervise.KindOf(id) == kind {
				return actor.NewPID(s.system.Address(), id)
			}
		}
	}
	return nil
}

// describe asks a server's tree for its figures; nil while it is being rebuilt. What
// a stopping tree is asked is never answered, so the wait is much shorter than patience.
func (e *ensemble) describe(i int) *tree.Description {
	pid := e.servers[i].find("tree")
	if pid == nil {
		return nil
	}
	d, err := e.servers[i].system.Root.RequestFuture(pid, &tree.Describe{}, time.Second).Result()
	if err != nil {
		return nil
	}
	return d.(*tree.Description)
}

// equal waits until all servers have the same tree.
func (e *ensemble) equal() {
	e.Helper()
	until(e.T, "all trees are the same", func() bool {
		var first *tree.Description
		for i, s := range e.servers {
			if s == nil {
				continue
			}
			d := e.describe(i)
			switch {
			case d == nil:
				return false
			case first == nil:
				first = d
			case d.Applied != first.Applied || d.Digest != first.Digest:
				return false
			}
		}
		return true
	})
}

// corrupt changes a server's tree behind the others' backs.
func (e *ensemble) corrupt(i int, path string) {
	e.servers[i].system.Root.Send(e.servers[i].find("tree"), &tree.Corrupt{Path: path, Data: []byte("wrong")})
}

// TestEnsemble_ADivergedTreeIsReplaced, a follower's and the leader's: the others
// are a quorum of equals.
func TestEnsemble_ADivergedTreeIsReplaced(t *testing.T) {
	for _, who := range []string{"follower", "leader"} {
		t.Run(who, func(t *testing.T) {
			e := newEnsemble(t, 3)
			e.startAll()
			l := e.leader()
			ctx := within(t)
			c := e.dial((l + 1) % 3)
			for i := range 20 {
				if _, err := c.Create(ctx, fmt.Sprintf("/n%d", i), []byte("right"), wire.OpenACL, wire.ModePersistent); err != nil {
					t.Fatal(err)
				}
			}
			e.equal()
			bad := l
			if who == "follower" {
				bad = (l + 2) % 3
			}
			right := e.describe((l + 1) % 3).Digest
			e.corrupt(bad, "/n3")
			until(t, "the tree is another", func() bool { d := e.describe(bad); return d == nil || d.Digest != right })
			e.equal()
			e.leader()
			d := e.dial(bad)
			if data, _, err := d.Get(ctx, "/n3", false); err != nil || string(data) != "right" {
				t.Errorf("%q, %v", data, err)
			}
		})
	}
}

// TestEnsemble_AWipedServerComesBack, while the others have everything.
func TestEnsemble_AWipedServerComesBack(t *testing.T) {
	e := newEnsemble(t, 3)
	e.startAll()
	l := e.leader()
	ctx := within(t)
	c := e.dial(l)
	if _, err := c.Create(ctx, "/a", nil, wire.OpenACL, wire.ModePersistent); err != nil {
		t.Fatal(err)
	}
	wiped := (l + 1) % 3
	e.stop(wiped)
	if err := os.RemoveAll(filepath.Join(e.configs[wiped].DataDir, "troupe")); err != nil {
		t.Fatal(err)
	}
	e.start(wiped)
	e.equal()
}

// TestEnsemble_AnEmptyServerIsNoQuorum: what one server and one that was wiped have
// may lack what was acknowledged, so they do not serve; with the third they do.
func TestEnsemble_AnEmptyServerIsNoQuorum(t *testing.T) {
	e := newEnsemble(t, 3)
	e.startAll()
	l := e.leader()
	ctx := within(t)
	away, wiped, kept := l, (l+1)%3, (l+2)%3
	c := e.dial(wiped)
	if _, err := c.Create(ctx, "/on-all", nil, wire.OpenACL, wire.ModePersistent); err != nil {
		t.Fatal(err)
	}
	e.equal() // a server without anything would not know that this is not the first start
	e.stop(kept)
	e.leader()
	if _, err := c.Create(ctx, "/only-on-two", nil, wire.OpenACL, wire.ModePersistent); err != nil {
		t.Fatal(err)
	}
	e.stop(away)
	e.stop(wiped)
	if err := os.RemoveAll(filepath.Join(e.configs[wiped].DataDir, "troupe")); err != nil {
		t.Fatal(err)
	}
	e.start(wiped, kept)
	for over := time.After(time.Second); ; {
		select {
		case <-time.After(time.Millisecond):
			if m := e.mode(wiped) + e.mode(kept); m != "" {
				t.Fatalf("they serve: %s", m)
			}
			continue
		case <-over:
		}
		break
	}
	e.start(away)
	e.leader()
	d := e.dial(wiped)
	if err := d.Sync(ctx, "/"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Exists(ctx, "/only-on-two", false); err != nil {
		t.Fatalf("acknowledged and lost: %v", err)
	}
}

// TestEnsemble_PanicsEndWhatTheyMust injects a panic into each kind of actor, on
// the leader and on a follower: its server rebuilds itself and comes back, the
// others go on, and nothing acknowledged is lost.
func TestEnsemble_PanicsEndWhatTheyMust(t *testing.T) {
	e := newEnsemble(t, 3)
	e.startAll()
	ctx := within(t)
	made := 0
	for _, kind := range []string{"leader", "follower", "link", "elector", "peer", "txlog", "tree", "checkpoint", "session"} {
		victim := e.leader()
		if kind == "follower" {
			victim = (victim + 1) % 3
		}
		c := e.dial((victim + 1) % 3)
		if _, err := c.Create(ctx, fmt.Sprintf("/p%d", made), nil, wire.OpenACL, wire.ModePersistent); err != nil {
			t.Fatal(err)
		}
		made++
		incarnations := e.roles[victim].Incarnations.Load()
		stays := e.dial(victim)
		e.servers[victim].Crash(kind, "test")
		if kind == "session" {
			select {
			case <-stays.Done():
			case <-ctx.Done():
				t.Fatal("its connection is still open")
			}
			if n := e.roles[victim].Incarnations.Load(); n != incarnations {
				t.Errorf("a panic in a session made incarnation %d", n)
			}
			continue
		}
		until(t, "a new incarnation after a panic in "+kind, func() bool { return e.roles[victim].Incarnations.Load() == incarnations+1 })
		until(t, "it serves again after a panic in "+kind, func() bool { return e.mode(victim) != "" })
	}
	e.leader()
	e.equal()
	names, _, err := e.dial(0).Children(ctx, "/", false)
	if err != nil || len(names) != made+1 {
		t.Errorf("%d made, %v, %v", made, names, err)
	}
}
