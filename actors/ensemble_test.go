package actors

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"troupe/actors/config"
	"troupe/actors/metrics"
	"troupe/actors/session"
	"troupe/bench/client"
	"troupe/bench/process"
	"troupe/wire"
)

// ensemble is servers in one process.
type ensemble struct {
	*testing.T
	configs []*config.Config
	servers []*Server // nil where stopped
	roles   []*metrics.Registry
	// lastCounter makes epochs short.
	lastCounter uint32
}

// freePorts are n ports that nobody is given while they are not in use.
func freePorts(t testing.TB, n int) []int {
	t.Helper()
	ports, err := process.FreePorts(n)
	if err != nil {
		t.Fatal(err)
	}
	return ports
}

func newEnsemble(t *testing.T, n int, change ...func(*config.Config)) *ensemble {
	t.Helper()
	e := &ensemble{T: t, servers: make([]*Server, n), roles: make([]*metrics.Registry, n)}
	ports := freePorts(t, n)
	var list []config.Server
	for i := range n {
		list = append(list, config.Server{ID: wire.ServerID(i + 1), Host: "127.0.0.1", QuorumPort: ports[i], ElectionPort: 1})
	}
	for i := range n {
		cfg := testConfig(t)
		cfg.MyID, cfg.Servers = wire.ServerID(i+1), list
		cfg.PeerTimeout = time.Second
		for _, f := range change {
			f(cfg)
		}
		e.configs = append(e.configs, cfg)
	}
	return e
}

func (e *ensemble) start(ids ...int) {
	e.Helper()
	for _, i := range ids {
		log := zerolog.Nop()
		if os.Getenv("TROUPE_TEST_LOG") != "" {
			log = zerolog.New(zerolog.ConsoleWriter{Out: os.Stderr, NoColor: true, TimeFormat: "05.000"}).With().Timestamp().Int("server", i+1).Logger()
		}
		s, err := Start(e.configs[i], Options{Log: log, LastCounter: e.lastCounter,
			Words: func(_ *config.Config, r *metrics.Registry) session.Words { e.roles[i] = r; return noWords{} }})
		if err != nil {
			e.Fatal(err)
		}
		e.servers[i] = s
		e.Cleanup(s.Stop)
	}
}

func (e *ensemble) startAll() {
	for i := range e.servers {
		e.start(i)
	}
}

// mode is what a server is, "" while it does not serve.
func (e *ensemble) mode(i int) string { return e.roles[i].Role() }

// leader waits for a leader among the servers that run, and for all of them to serve.
func (e *ensemble) leader() int {
	e.Helper()
	leader := -1
	until(e.T, "a leader that all follow", func() bool {
		leader = -1
		for i, s := range e.servers {
			if s == nil {
				continue
			}
			switch e.mode(i) {
			case "leader":
				leader = i
			case "":
				return false
			}
		}
		return leader >= 0
	})
	return leader
}

func (e *ensemble) stop(i int) {
	e.servers[i].Stop()
	e.servers[i] = nil
}

func (e *ensemble) dial(i int) *client.Conn { return dial(e.T, e.servers[i], client.Options{}) }

func TestEnsemble_WhatIsWrittenOnOneIsOnAll(t *testing.T) {
	e := newEnsemble(t, 3)
	e.startAll()
	e.leader()
	ctx := within(t)
	for i := range 3 {
		c := e.dial(i)
		if _, err := c.Create(ctx, fmt.Sprintf("/n%d", i), []byte("x"), wire.OpenACL, wire.ModePersistent); err != nil {
			t.Fatal(err)
		}
		for j := range 3 {
			d := e.dial(j)
			if err := d.Sync(ctx, "/"); err != nil {
				t.Fatal(err)
			}
			if data, _, err := d.Get(ctx, fmt.Sprintf("/n%d", i), false); err != nil || string(data) != "x" {
				t.Fatalf("server %d has not what server %d took: %q, %v", j+1, i+1, data, err)
			}
		}
	}
}

func TestEnsemble_TheLeaderStops(t *testing.T) {
	e := newEnsemble(t, 3)
	e.startAll()
	l := e.leader()
	follower := (l + 1) % 3
	c := e.dial(follower)
	ctx := within(t)
	if _, err := c.Create(ctx, "/a", nil, wire.OpenACL, wire.ModePersistent); err != nil {
		t.Fatal(err)
	}
	before := time.Now()
	e.stop(l)
	e.leader() // what is sent before the follower knows that its leader is gone has no known outcome
	if _, err := c.Create(ctx, "/b", nil, wire.OpenACL, wire.ModePersistent); err != nil {
		t.Fatalf("the connection did not survive the change of leader: %v", err)
	}
	t.Logf("a write after %v", time.Since(before))
	e.start(l)
	e.leader()
	d := e.dial(l)
	names, _, err := d.Children(ctx, "/", false)
	if err != nil || !strings.Contains(strings.Join(names, " "), "b") {
		t.Fatalf("the server that was away has %v, %v", names, err)
	}
}

// TestEnsemble_TheCounterIsSpent: the epoch steps over under load, again and
// again, without an election, and no write fails.
func TestEnsemble_TheCounterIsSpent(t *testing.T) {
	for _, n := range []int{1, 3} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			e := newEnsemble(t, n)
			e.lastCounter = 40
			var c *client.Conn
			ctx := within(t)
			if n == 1 {
				e.configs[0].Servers, e.configs[0].MyID = nil, 0
				e.start(0)
				c = e.dial(0)
			} else {
				e.startAll()
				c = e.dial((e.leader() + 1) % n)
			}
			if _, err := c.Create(ctx, "/a", nil, wire.OpenACL, wire.ModePersistent); err != nil {
				t.Fatal(err)
			}
			elections := e.roles[0].Ensemble.Elections.Load()
			var last wire.Zxid
			for i := range 400 {
				s, err := c.Set(ctx, "/a", nil, int32(i))
				if err != nil {
					t.Fatal(err)
				}
				if s.Mzxid <= last || s.Mzxid.Counter() == 0 {
					t.Fatalf("zxid %v after %v", s.Mzxid, last)
				}
				last = s.Mzxid
			}
			if last.Epoch() < 5 {
				t.Errorf("after 400 writes the epoch is %d", last.Epoch())
			}
			if now := e.roles[0].Ensemble.Elections.Load(); now != elections {
				t.Errorf("%d elections", now-elections)
			}
			e.equal()
			for i := range n { // and what is on disk fits
				e.stop(i)
			}
			for i := range n {
				e.start(i)
			}
			until(t, "all serve again", func() bool {
				for i := range n {
					if e.mode(i) == "" {
						return false
					}
				}
				return true
			})
			e.equal()
		})
	}
}

// TestEnsemble_AnObserverLearns, and has no part in quorums.
func TestEnsemble_AnObserverLearns(t *testing.T) {
	e := newEnsemble(t, 4, func(cfg *config.Config) { cfg.Servers[3].Role = config.Observer })
	e.startAll()
	l := e.leader()
	if m := e.mode(3); m != "observer" {
		t.Fatalf("mode %q", m)
	}
	ctx := within(t)
	c := e.dial(3)
	if _, err := c.Create(ctx, "/by-an-observer", []byte("x"), wire.OpenACL, wire.ModePersistent); err != nil {
		t.Fatal(err)
	}
	d := e.dial(l)
	if _, err := d.Create(ctx, "/by-the-leader", nil, wire.OpenACL, wire.ModePersistent); err != nil {
		t.Fatal(err)
	}
	if err := c.Sync(ctx, "/"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Exists(ctx, "/by-the-leader", false); err != nil {
		t.Fatal(err)
	}
	e.equal()
	for i := range 3 { // the observer and one voter are no quorum
		if i != l {
			e.stop(i)
		}
	}
	until(t, "nobody serves", func() bool { return e.mode(l) == "" && e.mode(3) == "" })
}
