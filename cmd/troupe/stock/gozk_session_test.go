package stock_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
)

// A client that loses its connection comes back to the same session, with its ephemeral nodes, its
// watches and its credentials, and is told what it missed.
func TestGoZk_Resume(t *testing.T) { everywhere(t, goZkResume) }

func goZkResume(t *testing.T, f form) {
	at := shared(t, f)
	p := interpose(t, at.here, at.there)
	z, other := connect(t, p.addr()), connect(t, at.there)
	if err := z.AddAuth("digest", []byte("joe:pass")); err != nil {
		t.Fatal(err)
	}
	z.mustCreate("/gozk-resume", "")
	z.mustCreate("/gozk-resume/gone", "")
	z.mustCreateWith("/gozk-resume/eph", "", zk.FlagEphemeral, worldACL)
	z.mustCreateWith("/gozk-resume/joe", "joe's", 0, zk.AuthACL(zk.PermAll))
	for _, err := range []error{
		third(z.GetW("/gozk-resume")), third(z.ChildrenW("/gozk-resume/eph")), third(z.GetW("/gozk-resume/gone")),
		third(z.ExistsW("/gozk-resume/late")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	id := z.SessionID()

	p.refuse(true)
	z.awaitState(zk.StateDisconnected, 1)
	other.mustSet("/gozk-resume", "changed")
	other.mustDelete("/gozk-resume/gone")
	p.refuse(false)
	z.awaitState(zk.StateHasSession, 2)
	if z.SessionID() != id {
		t.Errorf("session %x, was %x", z.SessionID(), id)
	}
	// The order among catch-up events follows the client's own list of watches.
	eventually(t, "catch-up events", func() bool {
		return z.has("NodeDataChanged /gozk-resume", "NodeDeleted /gozk-resume/gone") ||
			z.has("NodeDeleted /gozk-resume/gone", "NodeDataChanged /gozk-resume")
	})
	other.catchUp()
	if _, stat := other.mustGet("/gozk-resume/eph"); stat.EphemeralOwner != id {
		t.Errorf("owner %x, session %x", stat.EphemeralOwner, id)
	}
	if data, _ := z.mustGet("/gozk-resume/joe"); data != "joe's" {
		t.Errorf("got %q", data)
	}
	other.mustCreate("/gozk-resume/late", "")
	z.awaitFired("NodeCreated /gozk-resume/late")
	other.mustDelete("/gozk-resume/eph")
	z.awaitFired("NodeDeleted /gozk-resume/eph")
}

// A session that someone else has closed is expired for its client, which gets a new one.
func TestGoZk_Expired(t *testing.T) { everywhere(t, goZkExpired) }

func goZkExpired(t *testing.T, f form) {
	at := shared(t, f)
	p := interpose(t, at.here, at.there)
	z, other := connect(t, p.addr()), connect(t, at.there)
	z.mustCreateWith("/gozk-expired", "", zk.FlagEphemeral, worldACL)
	other.catchUp()
	if there, _, _, err := other.ExistsW("/gozk-expired"); err != nil || !there {
		t.Fatalf("ephemeral node: %t, %v", there, err)
	}
	id := z.SessionID()
	p.endSession()
	other.awaitFired("NodeDeleted /gozk-expired")
	z.awaitState(zk.StateExpired, 1)
	z.awaitState(zk.StateHasSession, 2)
	if z.SessionID() == id {
		t.Errorf("session %x again", id)
	}
}

// A client that falls silent loses its session after the timeout, not before.
func TestGoZk_Silent(t *testing.T) { everywhere(t, goZkSilent) }

func goZkSilent(t *testing.T, f form) {
	at := shared(t, f)
	p := interpose(t, at.here, at.there)
	const timeout = 2 * time.Second
	z, other := dial(t, p.addr(), timeout), connect(t, at.there)
	z.awaitState(zk.StateHasSession, 1)
	z.mustCreateWith("/gozk-silent", "", zk.FlagEphemeral, worldACL)
	other.catchUp()
	if there, _, _, err := other.ExistsW("/gozk-silent"); err != nil || !there {
		t.Fatalf("ephemeral node: %t, %v", there, err)
	}
	if _, err := z.Sync("/"); err != nil { // the server hears it for the last time
		t.Fatal(err)
	}
	last := time.Now()
	p.refuse(true)
	other.awaitFired("NodeDeleted /gozk-silent")
	if lived := time.Since(last); lived < timeout*9/10 {
		t.Errorf("expired after %s, timeout %s", lived, timeout)
	}
	p.refuse(false)
	z.awaitState(zk.StateExpired, 1)
}

// Requests of one client are answered in order though many are under way, and none is lost.
func TestGoZk_Pipelined(t *testing.T) { everywhere(t, goZkPipelined) }

func goZkPipelined(t *testing.T, f form) {
	z := connect(t, shared(t, f).here)
	z.mustCreate("/gozk-pipe", "")
	const writers, each = 20, 20
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				path := fmt.Sprintf("/gozk-pipe/%02d-%02d", w, i)
				if _, err := z.Create(path, []byte(path), 0, worldACL); err != nil {
					t.Error(err)
				}
				if data, _, err := z.Get(path); err != nil || string(data) != path {
					t.Errorf("%s: %q, %v", path, data, err)
				}
			}
		})
	}
	wg.Wait()
	_, stat := z.mustGet("/gozk-pipe")
	if stat.NumChildren != writers*each || stat.Cversion != writers*each || stat.Pzxid < stat.Czxid+writers*each {
		t.Errorf("after %d creates: %+v", writers*each, stat)
	}
}
