package actors

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"troupe/actors/config"
	"troupe/actors/metrics"
	"troupe/actors/session"
	"troupe/bench/client"
	"troupe/wire"
)

// ensemble is servers in one process.
type ensemble struct {
	*testing.T
	configs []*config.Config
	servers []*Server // nil where stopped
	roles   []*metrics.Registry
}

// freePorts are n ports that were free a moment ago.
func freePorts(t testing.TB, n int) (ports []int) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
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
		s, err := Start(e.configs[i], Options{Log: log,
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
