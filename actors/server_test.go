package actors

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/rs/zerolog"

	"troupe/actors/config"
	"troupe/actors/metrics"
	"troupe/actors/session"
	"troupe/actors/tree"
	"troupe/bench/client"
	"troupe/wire"
)

// noWords answers no four-letter word.
type noWords struct{}

func (noWords) Answer(string, []byte, *tree.Description) []byte { return nil }
func (noWords) Needs(string) (bool, bool)                       { return false, false }

func testConfig(t *testing.T) *config.Config {
	cfg := config.Default()
	cfg.DataDir = t.TempDir()
	cfg.DataLogDir = cfg.DataDir
	cfg.ClientPort = 0
	cfg.TickTime = 200 * time.Millisecond
	cfg.MinSessionTimeout, cfg.MaxSessionTimeout = 400*time.Millisecond, time.Minute
	return &cfg
}

func start(t *testing.T, cfg *config.Config) *Server {
	t.Helper()
	s, err := Start(cfg, Options{Log: zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel),
		Words: func(*config.Config, *metrics.Registry) session.Words { return noWords{} }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	select {
	case <-s.Serving():
	case <-s.Done():
		t.Fatalf("ended: %v", s.Err())
	case <-time.After(10 * time.Second):
		t.Fatal("does not serve")
	}
	return s
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// dial connects, and tries again while the server is between incarnations.
func dial(t *testing.T, s *Server, o client.Options) *client.Conn {
	t.Helper()
	ctx := within(t)
	o.Servers = []string{s.Addr().String()}
	if o.SessionTimeout == 0 {
		o.SessionTimeout = 10 * time.Second
	}
	for {
		c, err := client.Dial(ctx, o)
		if err == nil {
			t.Cleanup(c.Abandon)
			return c
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}

func TestServer_CreateGetAfterRestart(t *testing.T) {
	cfg := testConfig(t)
	s := start(t, cfg)
	c := dial(t, s, client.Options{})
	ctx := within(t)
	if _, err := c.Create(ctx, "/a", []byte("one"), wire.OpenACL, wire.ModePersistent); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Set(ctx, "/a", []byte("two"), 0); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	s = start(t, cfg)
	c = dial(t, s, client.Options{})
	data, stat, err := c.Get(ctx, "/a", false)
	if err != nil || string(data) != "two" || stat.Version != 1 {
		t.Fatalf("%q, %+v, %v", data, stat, err)
	}
}

// TestServer_PanicEndsWhatItMust injects a panic into each kind of actor.
func TestServer_PanicEndsWhatItMust(t *testing.T) {
	for _, kind := range []string{"txlog", "tree", "leader", "checkpoint"} {
		t.Run(kind, func(t *testing.T) {
			s := start(t, testConfig(t))
			ctx := within(t)
			c := dial(t, s, client.Options{})
			if _, err := c.Create(ctx, "/e", []byte("mine"), wire.OpenACL, wire.ModeEphemeral); err != nil {
				t.Fatal(err)
			}
			s.Crash(kind, "test")
			select {
			case <-c.Done():
			case <-ctx.Done():
				t.Fatal("the connection outlived its incarnation")
			}
			again := dial(t, s, client.Options{Session: c.SessionID(), Password: c.Password()})
			if again.SessionID() != c.SessionID() {
				t.Fatalf("session %v came back as %v", c.SessionID(), again.SessionID())
			}
			data, stat, err := again.Get(ctx, "/e", false)
			if err != nil || string(data) != "mine" || stat.EphemeralOwner != c.SessionID() {
				t.Fatalf("%q, %+v, %v", data, stat, err)
			}
		})
	}
}

func TestServer_PanicInASessionEndsOneConnection(t *testing.T) {
	s := start(t, testConfig(t))
	ctx := within(t)
	victim := dial(t, s, client.Options{})
	s.Crash("session", "test")
	select {
	case <-victim.Done():
	case <-ctx.Done():
		t.Fatal("the connection outlived its actor")
	}
	c := dial(t, s, client.Options{Session: victim.SessionID(), Password: victim.Password()})
	if c.SessionID() != victim.SessionID() {
		t.Fatal("the session is gone")
	}
	if _, err := c.Create(ctx, "/x", nil, wire.OpenACL, wire.ModePersistent); err != nil {
		t.Fatal(err)
	}
}

// TestServer_PanicAboveTheIncarnationsEndsTheServer: nobody could rebuild these.
func TestServer_PanicAboveTheIncarnationsEndsTheServer(t *testing.T) {
	for _, kind := range []string{"gateway", "replica", "server"} {
		t.Run(kind, func(t *testing.T) {
			s := start(t, testConfig(t))
			s.Crash(kind, "a bug")
			select {
			case <-s.Done():
			case <-time.After(10 * time.Second):
				t.Fatal("the server goes on without it")
			}
			if s.Err() == nil || !strings.Contains(s.Err().Error(), kind) || !strings.Contains(s.Err().Error(), "a bug") {
				t.Fatalf("ended with %v", s.Err())
			}
		})
	}
}

// TestServer_APanickedGatewayDoesNotWait for a replica that does not answer.
func TestServer_APanickedGatewayDoesNotWait(t *testing.T) {
	s := start(t, testConfig(t))
	suspended := 0
	for _, pid := range s.pids("replica") {
		if p, ok := s.system.ProcessRegistry.Get(pid); ok {
			p.SendSystemMessage(pid, &actor.SuspendMailbox{})
			suspended++
		}
	}
	s.Crash("gateway", "a bug")
	select {
	case <-s.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("the server waits")
	}
	if suspended != 1 {
		t.Errorf("%d replicas", suspended)
	}
}

func TestServer_TooManyIncarnationsEndTheServer(t *testing.T) {
	s := start(t, testConfig(t))
	deadline := time.After(60 * time.Second)
	for {
		s.Crash("tree", "test")
		select {
		case <-s.Done():
			if s.Err() == nil || !strings.Contains(s.Err().Error(), "failed") {
				t.Fatalf("ended with %v", s.Err())
			}
			return
		case <-deadline:
			t.Fatal("the server goes on")
		case <-time.After(10 * time.Millisecond): // until the next incarnation has a tree
		}
	}
}

func TestServer_SessionExpires(t *testing.T) {
	s := start(t, testConfig(t))
	ctx := within(t)
	watcher := make(chan wire.WatchEvent, 4)
	c := dial(t, s, client.Options{OnEvent: func(e wire.WatchEvent) { watcher <- e }})
	dead := dial(t, s, client.Options{SessionTimeout: 400 * time.Millisecond})
	if _, err := dead.Create(ctx, "/e", nil, wire.OpenACL, wire.ModeEphemeral); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Exists(ctx, "/e", true); err != nil {
		t.Fatal(err)
	}
	dead.Abandon()
	begin := time.Now()
	select {
	case e := <-watcher:
		if e.Type != wire.EventNodeDeleted || time.Since(begin) < 250*time.Millisecond {
			t.Fatalf("%+v after %v", e, time.Since(begin))
		}
	case <-ctx.Done():
		t.Fatal("the ephemeral outlives its session")
	}
	if _, err := c.Exists(ctx, "/e", false); err == nil {
		t.Fatal("/e is still there")
	}
}
