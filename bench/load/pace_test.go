package load

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"troupe/bench/load/ceiling"
	"troupe/wire"
)

// gated is a listener whose connections read nothing while the gate is held.
type gated struct {
	net.Listener
	gate sync.RWMutex
}

type gatedConn struct {
	net.Conn
	gate *sync.RWMutex
}

func (g *gated) Accept() (net.Conn, error) {
	conn, err := g.Listener.Accept()
	return &gatedConn{conn, &g.gate}, err
}

func (c *gatedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.gate.RLock()
	defer c.gate.RUnlock()
	return n, err
}

func serveGated(t *testing.T) *gated {
	t.Helper()
	s, err := ceiling.Open(t.TempDir(), 10)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g, served := &gated{Listener: l}, make(chan struct{})
	go func() {
		defer close(served)
		_ = s.Serve(g) // until it is closed
	}()
	t.Cleanup(func() { l.Close(); <-served })
	return g
}

// due is how many requests a session owes.
func (s *session) due() int {
	s.pace.mu.Lock()
	defer s.pace.mu.Unlock()
	return s.pace.owed
}

// TestPace_LatencyCountsFromWhenARequestWasDue: what a stalled server is not sent
// in time counts as late, and all of it is sent.
func TestPace_LatencyCountsFromWhenARequestWasDue(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	g := serveGated(t)
	sent := 0
	c, err := gather(ctx, []string{g.Addr().String()}, []script{func() wire.Request {
		sent++
		return &wire.GetData{Path: "/a"}
	}})
	if err != nil {
		t.Fatal(err)
	}
	const rate, stalled = 1000, 100
	c.phase.Store(measuring)
	g.gate.Lock()
	c.beginPaced(rate, 2)
	for tick := time.NewTicker(time.Millisecond); c.sessions[0].due() < stalled; <-tick.C {
		if ctx.Err() != nil {
			t.Fatal("requests do not become due")
		}
	}
	g.gate.Unlock()
	c.stop()
	if err := c.wait(ctx); err != nil {
		t.Fatal(err)
	}
	l := c.sessions[0].latency
	if n := int(l.TotalCount()); n < stalled || n != sent {
		t.Errorf("%d latencies of %d requests", n, sent)
	}
	if p50 := l.micros(50); p50 < 40000 {
		t.Errorf("the median is %v us, though half of them waited for 50 ms and more", p50)
	}
	if err := c.disperse(ctx); err != nil {
		t.Error(err)
	}
}

// TestPace_EndsWithTheScript, and with an error where the connection is lost.
func TestPace_EndsWithTheScript(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	g := serveGated(t)
	two := list([]wire.Request{&wire.GetData{Path: "/a"}, &wire.GetData{Path: "/b"}})
	addrs := []string{g.Addr().String()}
	if err := func() error {
		c, err := gather(ctx, addrs, []script{two})
		if err != nil {
			return err
		}
		c.beginPaced(1000, 5)
		return first(c.wait(ctx), c.disperse(ctx))
	}(); err != nil {
		t.Fatal(err)
	}
	c, err := gather(ctx, addrs, []script{func() wire.Request { return &wire.GetACL{Path: "/not-known-to-the-ceiling"} }})
	if err != nil {
		t.Fatal(err)
	}
	c.beginPaced(1000, 5)
	if err := c.wait(ctx); err == nil {
		t.Error("a lost connection is not told")
	}
	_ = c.disperse(ctx) // of a lost connection
}
