package session

import (
	"io"
	"net/netip"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/rs/zerolog"

	"troupe/actors/leader"
	"troupe/actors/metrics"
	"troupe/actors/tree"
	"troupe/wire"
)

// resuming starts a session actor between a client that comes back, the tree and
// the leader, which the test plays. What is asked of those two is in asked.
func resuming(t *testing.T) (client io.Reader, asked chan any, tell func(any)) {
	t.Helper()
	system := actor.NewActorSystem()
	t.Cleanup(system.Shutdown)
	asked = make(chan any, 100)
	note := system.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		if _, is := c.Message().(actor.SystemMessage); !is {
			asked <- c.Message()
		}
	}))
	server, conn := pair(t)
	registry := metrics.NewRegistry()
	s := New(Options{Conn: server, Leave: func() {}, ID: 1, RemoteIP: "127.0.0.1", Gateway: note, Tree: note, Role: note,
		Stats: registry.Open(1, netip.MustParseAddrPort("127.0.0.1:1")), Settings: &Settings{All: NewShared(100, 1<<20), Outstanding: 10,
			MaxFrame: 1 << 20, HelloTimeout: time.Minute, MinTimeout: time.Second, MaxTimeout: time.Minute, Metrics: registry,
			Log: zerolog.Nop()}})
	pid := system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return s }))
	var e wire.Encoder
	e.ConnectRequestFrame(&wire.ConnectRequest{Timeout: 4000, Session: 7, Password: make([]byte, wire.PasswordSize)})
	write(t, conn, e.Bytes())
	return conn, asked, func(m any) { system.Root.Send(pid, m) }
}

// must returns the next message, which has to be of a kind.
func must[T any](t *testing.T, from chan any) T {
	t.Helper()
	m, ok := receive(t, from).(T)
	if !ok {
		t.Fatalf("another message: %+v", m)
	}
	return m
}

// TestSession_GoneBeforeTheTreeKnows: its client is told that it is over when the
// tree knows, and not by a connection that begins and ends.
func TestSession_GoneBeforeTheTreeKnows(t *testing.T) {
	client, asked, tell := resuming(t)
	must[*tree.Connect](t, asked)
	tell(&tree.Verified{Verdict: tree.Welcomed})
	if a := must[*leader.Admit](t, asked); a.Session != 7 {
		t.Errorf("%+v", a)
	}
	tell(&leader.Gone{})
	if y := must[*leader.Sync](t, asked); y.Connect == nil || y.Connect.Session != 7 {
		t.Errorf("%+v", y)
	}
	tell(&tree.Verified{Verdict: tree.Refused})
	b, err := io.ReadAll(client)
	if err != nil || len(b) < 4 {
		t.Fatalf("%x, %v", b, err)
	}
	if r, err := wire.DecodeConnectResponse(b[4:]); err != nil || r.Session != 0 || r.Timeout != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestSession_GoneForLong: nobody asks in a loop.
func TestSession_GoneForLong(t *testing.T) {
	client, asked, tell := resuming(t)
	must[*tree.Connect](t, asked)
	tell(&tree.Verified{Verdict: tree.Welcomed})
	must[*leader.Admit](t, asked)
	tell(&leader.Gone{})
	must[*leader.Sync](t, asked)
	tell(&tree.Verified{Verdict: tree.Welcomed})
	must[*leader.Admit](t, asked)
	tell(&leader.Gone{})
	if b, err := io.ReadAll(client); err != nil || len(b) > 0 {
		t.Errorf("%x, %v", b, err)
	}
}
