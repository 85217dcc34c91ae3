package supervise

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/rs/zerolog"
)

func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(20 * time.Second):
		t.Fatal("nothing comes")
		panic("not reached")
	}
}

// locked is a writer for several goroutines.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestProps_APanicStopsTheChildAndIsTold: the child handles nothing more, is
// neither restarted nor resumed, its sibling goes on, and the log has the stack.
func TestProps_APanicStopsTheChildAndIsTold(t *testing.T) {
	var out locked
	log := zerolog.New(&out)
	sys := actor.NewActorSystem(actor.WithLoggerFactory(LoggerFactory(log)))
	failed, handled := make(chan *Failed, 10), make(chan string, 10)
	var starts atomic.Int32
	children := make(chan [2]*actor.PID, 1)
	child := func() actor.Actor {
		return actor.ReceiveFunc(func(c actor.Context) {
			switch m := c.Message().(type) {
			case *actor.Started:
				starts.Add(1)
			case error:
				panic(m)
			case string:
				handled <- m
			}
		})
	}
	sys.Root.Spawn(Props(log, "parent", func() actor.Actor {
		return actor.ReceiveFunc(func(c actor.Context) {
			switch m := c.Message().(type) {
			case *actor.Started:
				children <- [2]*actor.PID{c.SpawnPrefix(Props(log, "one", child), "one"), c.SpawnPrefix(Props(log, "two", child), "two")}
			case *Failed:
				failed <- m
			}
		})
	}))
	pids := receive(t, children)
	why := errors.New("a bug")
	sys.Root.Send(pids[0], "before")
	sys.Root.Send(pids[0], why)
	sys.Root.Send(pids[0], "after")
	if m := receive(t, failed); m.Who.Id != pids[0].Id || m.Reason != why {
		t.Errorf("told %+v", m)
	}
	sys.Root.Send(pids[1], &Crash{Reason: "a test"})
	if m := receive(t, failed); KindOf(m.Who.Id) != "two" || !strings.Contains(fmt.Sprint(m.Reason), "a test") {
		t.Errorf("told %+v", m)
	}
	if err := sys.Root.StopFuture(pids[0]).Wait(); err != nil {
		t.Fatal(err)
	}
	if m := receive(t, handled); m != "before" || len(handled) != 0 || starts.Load() != 2 {
		t.Errorf("handled %q and %d more, after %d starts", m, len(handled), starts.Load())
	}
	if s := out.String(); !strings.Contains(s, "a bug") || !strings.Contains(s, `"actor":"one"`) || !strings.Contains(s, "supervise_test.go") ||
		strings.Count(s, "actor failed") != 2 {
		t.Errorf("the log says\n%s", s)
	}
	sys.Shutdown()
}

func TestKindOf(t *testing.T) {
	for id, want := range map[string]string{"server": "server", "server/replica$1": "replica", "server/replica$1/tree$2": "tree",
		"a/b": "b", "x$1": "x", "server/gateway$2/session$1a": "session"} {
		if got := KindOf(id); got != want {
			t.Errorf("%s is a %s", id, got)
		}
	}
}

// TestLoggerFactory_KeepsContentsOut: warnings come through, with who and why,
// but not the messages themselves, which may be clients' data.
func TestLoggerFactory_KeepsContentsOut(t *testing.T) {
	var out locked
	l := LoggerFactory(zerolog.New(&out))(nil)
	l.Info("chatter")
	l.Warn("lost", slog.Any("pid", actor.NewPID("nonhost", "server/x")), slog.Any("error", errors.New("why")),
		slog.Any("message", "password"))
	s := out.String()
	if strings.Contains(s, "chatter") || strings.Contains(s, "password") || !strings.Contains(s, "server/x") || !strings.Contains(s, "why") ||
		!strings.Contains(s, "lost") {
		t.Error(s)
	}
}

// TestDispatcher_RunsEverythingOnce, also when much more is scheduled than it
// keeps workers.
func TestDispatcher_RunsEverythingOnce(t *testing.T) {
	var ran atomic.Int64
	var wg sync.WaitGroup
	gate := make(chan struct{})
	const n = 3 * maxIdle
	for range n {
		wg.Add(1)
		dispatcher.Schedule(func() { <-gate; ran.Add(1); wg.Done() })
	}
	close(gate)
	wg.Wait()
	for range 2 * n {
		wg.Add(1)
		dispatcher.Schedule(func() { ran.Add(1); wg.Done() })
	}
	wg.Wait()
	if ran.Load() != 3*n {
		t.Errorf("%d of %d", ran.Load(), 3*n)
	}
	if idle := dispatcher.idle.Load(); idle > maxIdle {
		t.Errorf("%d workers are kept", idle)
	}
}
