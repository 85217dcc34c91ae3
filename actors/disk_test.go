package actors

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"troupe/bench/client"
	"troupe/persistence"
	"troupe/persistence/faulty"
	"troupe/wire"
)

// acknowledged are the writes that a server has acknowledged: path to data.
type acknowledged struct {
	mu    sync.Mutex
	nodes map[string]string
}

// writeUntil creates nodes through c, and notes those that are acknowledged,
// until the connection ends or ctx does. The last one's outcome is unknown.
func (a *acknowledged) writeUntil(ctx context.Context, c *client.Conn, prefix string) {
	for i := 0; ; i++ {
		path, data := fmt.Sprintf("/%s-%d", prefix, i), fmt.Sprint(rand.Int())
		if _, err := c.Create(ctx, path, []byte(data), wire.OpenACL, wire.ModePersistent); err != nil {
			return
		}
		a.mu.Lock()
		a.nodes[path] = data
		a.mu.Unlock()
	}
}

// crowd lets n clients write until each has lost its connection.
func (a *acknowledged) crowd(t *testing.T, s *Server, n int, name string) (ended *sync.WaitGroup, conns []*client.Conn) {
	ctx := within(t)
	ended = new(sync.WaitGroup)
	for i := range n {
		c := dial(t, s, client.Options{})
		conns = append(conns, c)
		ended.Go(func() { a.writeUntil(ctx, c, fmt.Sprintf("%s-%d", name, i)) })
	}
	return ended, conns
}

// check reads everything that was acknowledged.
func (a *acknowledged) check(t *testing.T, s *Server) {
	t.Helper()
	if len(a.nodes) == 0 {
		t.Fatal("nothing was acknowledged: this test shows nothing")
	}
	c := dial(t, s, client.Options{})
	ctx := within(t)
	for path, want := range a.nodes {
		if got, _, err := c.Get(ctx, path, false); err != nil || string(got) != want {
			t.Fatalf("%s was acknowledged with %s and holds %q: %v", path, want, got, err)
		}
	}
}

func faultyDisk(seed int64) (*faulty.Disk, persistence.Options) {
	d := faulty.New(seed, nil)
	return d, persistence.Options{Open: d.Open}
}

// TestDisk_AFailedSyncEndsTheIncarnation: nothing acknowledged is lost, the
// clients' connections end, and they come back to the same sessions.
func TestDisk_AFailedSyncEndsTheIncarnation(t *testing.T) {
	for _, op := range []faulty.Op{faulty.Sync, faulty.Write} {
		t.Run(op.String(), func(t *testing.T) {
			disk, options := faultyDisk(1)
			s, registry := startWith(t, testConfig(t), options)
			a := &acknowledged{nodes: map[string]string{}}
			for round := range 3 {
				ended, conns := a.crowd(t, s, 4, fmt.Sprint(round))
				disk.Fail(op, 20, syscall.EIO)
				ended.Wait()
				for _, c := range conns {
					again := dial(t, s, client.Options{Session: c.SessionID(), Password: c.Password(), LastZxidSeen: c.LastZxid()})
					if again.SessionID() != c.SessionID() {
						t.Errorf("session %v came back as %v", c.SessionID(), again.SessionID())
					}
				}
				if n := registry.Incarnations.Load(); n != int64(round+2) {
					t.Errorf("%d incarnations after %d failures", n, round+1)
				}
			}
			a.check(t, s)
		})
	}
}

// TestDisk_ThatGoesOnFailing ends the server, with the reason.
func TestDisk_ThatGoesOnFailing(t *testing.T) {
	disk, options := faultyDisk(2)
	cfg := testConfig(t)
	s, _ := startWith(t, cfg, options)
	a := &acknowledged{nodes: map[string]string{}}
	ended, _ := a.crowd(t, s, 2, "w")
	until(t, "something is acknowledged", func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return len(a.nodes) > 10
	})
	for n := 1; n < 200; n++ {
		disk.Fail(faulty.Sync, n, syscall.EIO)
	}
	wantEnd(t, s, syscall.EIO)
	ended.Wait()
	mended, err := disk.Kill()
	if err != nil {
		t.Fatal(err)
	}
	again, _ := startWith(t, cfg, persistence.Options{Open: mended.Open})
	a.check(t, again)
}

// wantEnd waits for a server to end by itself, for a reason.
func wantEnd(t *testing.T, s *Server, why error) {
	t.Helper()
	select {
	case <-s.Done():
	case <-time.After(patience):
		t.Fatal("the server goes on")
	}
	if !errors.Is(s.Err(), why) {
		t.Errorf("ended with %v", s.Err())
	}
}

// TestDisk_Full: the server stops acknowledging and ends with what to do; with
// space it starts again, and nothing acknowledged is lost.
func TestDisk_Full(t *testing.T) {
	for seed := range int64(3) {
		disk, options := faultyDisk(10 + seed)
		cfg := testConfig(t)
		cfg.SnapCount = 200 // checkpoints are hit, too
		s, _ := startWith(t, cfg, options)
		a := &acknowledged{nodes: map[string]string{}}
		ended, _ := a.crowd(t, s, 4, "w")
		disk.Quota(disk.Used() + 60_000 + 10_000*seed)
		wantEnd(t, s, persistence.ErrFull)
		ended.Wait()
		if s.Err() != nil && !strings.Contains(s.Err().Error(), "space") {
			t.Errorf("the operator is told: %v", s.Err())
		}
		disk.Quota(-1)
		again, _ := startWith(t, cfg, options)
		a.check(t, again)
		again.Stop()
	}
}

// TestDisk_PowerLoss cuts the power under load.
func TestDisk_PowerLoss(t *testing.T) {
	for seed := range int64(4) {
		disk, options := faultyDisk(20 + seed)
		cfg := testConfig(t)
		cfg.SnapCount = 50
		s, _ := startWith(t, cfg, options)
		a := &acknowledged{nodes: map[string]string{}}
		ended, _ := a.crowd(t, s, 4, "w")
		disk.CrashAt(100 + 70*int(seed))
		ended.Wait()
		wantEnd(t, s, faulty.ErrCrashed)
		after, err := disk.PowerLoss()
		if err != nil {
			t.Fatal(err)
		}
		again, _ := startWith(t, cfg, persistence.Options{Open: after.Open})
		a.check(t, again)
		again.Stop()
	}
}

// TestDisk_ASlowSyncIsShared: while one write is synced, the next ones gather, so
// that many clients are far faster than one sync each.
func TestDisk_ASlowSyncIsShared(t *testing.T) {
	disk, options := faultyDisk(30)
	s, _ := startWith(t, testConfig(t), options)
	const clients, each = 20, 5
	conns := make([]*client.Conn, clients)
	for i := range conns {
		conns[i] = dial(t, s, client.Options{})
	}
	const delay = 20 * time.Millisecond
	disk.SlowSync(delay)
	ctx := within(t)
	begin := time.Now()
	var wg sync.WaitGroup
	for i, c := range conns {
		wg.Go(func() {
			for j := range each {
				if _, err := c.Create(ctx, fmt.Sprintf("/%d-%d", i, j), nil, wire.OpenACL, wire.ModePersistent); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if d := time.Since(begin); d < each*delay || d > clients*each*delay/3 {
		t.Errorf("%d writes with syncs of %v took %v", clients*each, delay, d)
	}
}

// TestRestart_KeepsEverything: nodes of every kind, ACLs, sessions, quotas and
// what they count, through checkpoints and log, many times.
func TestRestart_KeepsEverything(t *testing.T) {
	_, options := faultyDisk(40)
	cfg := testConfig(t)
	cfg.SnapCount = 7
	var before string
	var session wire.SessionID
	var password []byte
	for round := range 6 {
		s, registry := startWith(t, cfg, options)
		if now := figuresOf(t, s); round > 0 && now != before {
			t.Fatalf("round %d begins with %s, the one before ended with %s", round, now, before)
		}
		c := dial(t, s, client.Options{Session: session, Password: password})
		session, password = c.SessionID(), c.Password()
		ctx := within(t)
		for _, q := range roundOf(round) {
			if _, err := c.Do(ctx, q); err != nil {
				t.Fatalf("%v: %v", q.Op(), err)
			}
		}
		before = figuresOf(t, s)
		c.Abandon()
		s.Stop()
		if err := s.Err(); err != nil || registry.Incarnations.Load() != 1 {
			t.Fatalf("round %d ended with %v", round, err)
		}
	}
}

// roundOf are writes of every kind.
func roundOf(n int) []wire.Request {
	at := func(name string) string { return fmt.Sprintf("/%s-%d", name, n) }
	make := func(kind wire.OpCode, name string, mode wire.CreateMode) *wire.Create {
		q := rawCreate(at(name), []byte(name))
		if q.Kind, q.Mode = kind, mode; mode == wire.ModeTTL {
			q.TTL = 1 << 39
		}
		return q
	}
	all := []wire.Request{make(wire.OpCreate, "plain", 0), make(wire.OpCreate2, "ephemeral", wire.ModeEphemeral),
		make(wire.OpCreateContainer, "container", wire.ModeContainer), make(wire.OpCreateTTL, "ttl", wire.ModeTTL),
		make(wire.OpCreate, "sequential", wire.ModePersistentSequential), &wire.SetData{Path: at("plain"), Version: 0},
		&wire.SetACL{Path: at("ttl"), ACL: []wire.ACL{{Perms: 31, ID: wire.ID{Scheme: "ip", ID: "127.0.0.1"}}}, Version: -1},
		&wire.Multi{Ops: []wire.Request{make(wire.OpCreate, "gone", 0), &wire.Delete{Path: at("gone"), Version: -1}}},
		rawCreate("/zookeeper/quota"+at("plain"), nil), rawCreate("/zookeeper/quota"+at("plain")+"/zookeeper_limits", []byte("count=5")),
		rawCreate("/zookeeper/quota"+at("plain")+"/zookeeper_stats", nil), rawCreate(at("plain")+"/child", []byte("x"))}
	if n > 0 {
		all = append(all, &wire.Delete{Path: fmt.Sprintf("/ephemeral-%d", n-1), Version: -1})
	}
	return all
}
