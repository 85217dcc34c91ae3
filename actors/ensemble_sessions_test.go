package actors

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"troupe/bench/client"
	"troupe/wire"
)

// TestEnsemble_ASessionGoesOnOnAnotherServer, with its ephemerals, and its old
// connection is closed.
func TestEnsemble_ASessionGoesOnOnAnotherServer(t *testing.T) {
	e := newEnsemble(t, 3)
	e.startAll()
	l := e.leader()
	ctx := within(t)
	old := e.dial((l + 1) % 3)
	if _, err := old.Create(ctx, "/mine", nil, wire.OpenACL, wire.ModeEphemeral); err != nil {
		t.Fatal(err)
	}
	for _, next := range []int{(l + 2) % 3, l, (l + 1) % 3} {
		c := dial(t, e.servers[next], client.Options{Session: old.SessionID(), Password: old.Password()})
		if c.SessionID() != old.SessionID() {
			t.Fatalf("server %d made session %v of %v", next+1, c.SessionID(), old.SessionID())
		}
		select {
		case <-old.Done():
		case <-ctx.Done():
			t.Fatal("the old connection is still open")
		}
		if err := c.Sync(ctx, "/"); err != nil {
			t.Fatal(err)
		}
		if s, err := c.Exists(ctx, "/mine", false); err != nil || s.EphemeralOwner != c.SessionID() {
			t.Fatalf("%+v, %v", s, err)
		}
		old = c
	}
}

// TestEnsemble_ANewSessionIsKnownEverywhere, even where its creation has not been
// applied yet.
func TestEnsemble_ANewSessionIsKnownEverywhere(t *testing.T) {
	e := newEnsemble(t, 3)
	e.startAll()
	l := e.leader()
	for range 50 {
		c := e.dial(l)
		d := dial(t, e.servers[(l+1)%3], client.Options{Session: c.SessionID(), Password: c.Password()})
		if d.SessionID() != c.SessionID() {
			t.Fatalf("%v became %v", c.SessionID(), d.SessionID())
		}
		d.Abandon()
	}
}

// TestEnsemble_DeadSessionsExpireAndLiveOnesDoNot, wherever they are attached, and
// over a change of leader.
func TestEnsemble_DeadSessionsExpireAndLiveOnesDoNot(t *testing.T) {
	e := newEnsemble(t, 3)
	e.startAll()
	l := e.leader()
	ctx := within(t)
	for i := range 3 {
		if i == l {
			continue
		}
		dead := dial(t, e.servers[i], client.Options{SessionTimeout: 600 * time.Millisecond})
		live := dial(t, e.servers[i], client.Options{SessionTimeout: 600 * time.Millisecond})
		for name, c := range map[string]*client.Conn{"dead": dead, "live": live} {
			if _, err := c.Create(ctx, fmt.Sprintf("/%s%d", name, i), nil, wire.OpenACL, wire.ModeEphemeral); err != nil {
				t.Fatal(err)
			}
		}
		dead.Abandon()
	}
	e.stop(l)
	e.leader()
	c := e.dial((l + 1) % 3)
	until(t, "the dead sessions' ephemerals are gone", func() bool {
		for i := range 3 {
			if i != l {
				if _, err := c.Exists(ctx, fmt.Sprintf("/dead%d", i), false); !errors.Is(err, wire.NoNode) {
					return false
				}
			}
		}
		return true
	})
	for i := range 3 {
		if i != l {
			if _, err := c.Exists(ctx, fmt.Sprintf("/live%d", i), false); err != nil {
				t.Errorf("a live session of server %d: %v", i+1, err)
			}
		}
	}
}

// TestEnsemble_AfterASyncAReadIsCurrent: what one server has acknowledged is seen
// on another after a sync, each time.
func TestEnsemble_AfterASyncAReadIsCurrent(t *testing.T) {
	e := newEnsemble(t, 3)
	e.startAll()
	l := e.leader()
	ctx := within(t)
	w, r := e.dial((l+1)%3), e.dial((l+2)%3)
	if _, err := w.Create(ctx, "/v", nil, wire.OpenACL, wire.ModePersistent); err != nil {
		t.Fatal(err)
	}
	for i := range int32(300) {
		if _, err := w.Set(ctx, "/v", nil, i); err != nil {
			t.Fatal(err)
		}
		if err := r.Sync(ctx, "/v"); err != nil {
			t.Fatal(err)
		}
		if _, s, err := r.Get(ctx, "/v", false); err != nil || s.Version != i+1 {
			t.Fatalf("version %d after a sync, %d was acknowledged: %v", s.Version, i+1, err)
		}
	}
}
