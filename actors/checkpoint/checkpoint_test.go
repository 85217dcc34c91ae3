package checkpoint

import (
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/rs/zerolog"

	"troupe/actors/supervise"
	"troupe/actors/tree/znode"
	"troupe/actors/txlog"
	"troupe/persistence"
	"troupe/wire"
)

// fakeDisk hands its calls to the test and waits for what to return.
type fakeDisk struct {
	calls chan *persistence.Checkpoint
	done  chan error
}

func (d *fakeDisk) Commit(c *persistence.Checkpoint) error {
	d.calls <- c
	return <-d.done
}

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

// writer starts the actor; what it tells anyone comes from told.
func writer(t *testing.T, last wire.Zxid) (d *fakeDisk, send func(*znode.Snapshot), told chan any, busy *sync.WaitGroup) {
	sys := actor.NewActorSystem(actor.WithLoggerFactory(supervise.LoggerFactory(zerolog.Nop())))
	d, told, busy = &fakeDisk{make(chan *persistence.Checkpoint, 10), make(chan error)}, make(chan any, 100), new(sync.WaitGroup)
	note := func(c actor.Context) {
		switch m := c.Message().(type) {
		case *Saved, *txlog.Trim, *supervise.Failed:
			told <- m
		}
	}
	log, tree := sys.Root.Spawn(actor.PropsFromFunc(note)), sys.Root.Spawn(actor.PropsFromFunc(note))
	spawned := make(chan *actor.PID, 1)
	parent := sys.Root.Spawn(supervise.Props(zerolog.Nop(), "parent", func() actor.Actor {
		return actor.ReceiveFunc(func(c actor.Context) {
			if _, ok := c.Message().(*actor.Started); ok {
				spawned <- c.Spawn(supervise.Props(zerolog.Nop(), "checkpoint", func() actor.Actor { return New(d, log, last, busy) }))
			}
			note(c)
		})
	}))
	pid := receive(t, spawned)
	t.Cleanup(func() {
		_ = sys.Root.StopFuture(parent).Wait() // it has stopped, or the test has failed already
		sys.Shutdown()
	})
	return d, func(s *znode.Snapshot) { sys.Root.Send(pid, &Save{Snapshot: s, Tell: tree}) }, told, busy
}

func TestWriter_SavesThenTrimsBehindTheOneBefore(t *testing.T) {
	d, save, told, busy := writer(t, 7)
	acl := wire.OpenACL
	z := &wire.Znode{Data: []byte("x"), ACL: &acl, Czxid: 3}
	s := &wire.Session{Timeout: 4000, Password: []byte("p")}
	save(&znode.Snapshot{Zxid: 20, Digest: 5, Nodes: map[string]*wire.Znode{"/a": z, "/gone": nil},
		Sessions: map[wire.SessionID]*wire.Session{-1: s, 2: nil}})
	c := receive(t, d.calls)
	if len(told) != 0 {
		t.Fatal("told before it is on disk")
	}
	if c.Zxid != 20 || c.Digest != 5 || len(c.Sessions) != 2 {
		t.Fatalf("%+v", c)
	}
	var paths []string
	for path, value := range c.Nodes {
		paths = append(paths, path)
		if path == "/gone" {
			if value != nil {
				t.Error("a removed node has a value")
			}
		} else if got, err := wire.UnpackZnode(value); err != nil || path != "/a" || !reflect.DeepEqual(got, z) {
			t.Errorf("%s: %+v, %v", path, got, err)
		}
	}
	if !slices.Equal(paths, []string{"/a", "/gone"}) {
		t.Errorf("nodes %q", paths)
	}
	for _, v := range c.Sessions {
		if v.ID == 2 {
			if v.Value != nil {
				t.Error("a removed session has a value")
			}
		} else if got, err := wire.UnpackSession(v.Value); err != nil || v.ID != -1 || !reflect.DeepEqual(got, s) {
			t.Errorf("%d: %+v, %v", v.ID, got, err)
		}
	}
	d.done <- nil
	expect := func(trim, saved wire.Zxid) {
		t.Helper()
		var below, at wire.Zxid
		for range 2 {
			switch m := receive(t, told).(type) {
			case *txlog.Trim:
				below = m.Below
			case *Saved:
				at = m.Zxid
			}
		}
		if below != trim || at != saved {
			t.Errorf("trimmed below %v, saved at %v", below, at)
		}
	}
	expect(8, 20)
	save(&znode.Snapshot{Zxid: 30})
	receive(t, d.calls)
	d.done <- nil
	expect(21, 30)
	busy.Wait()
}

func TestWriter_AFailureEndsIt(t *testing.T) {
	d, save, told, busy := writer(t, 0)
	save(&znode.Snapshot{Zxid: 1})
	save(&znode.Snapshot{Zxid: 2})
	receive(t, d.calls)
	why := errors.New("input/output error")
	d.done <- why
	f, ok := receive(t, told).(*supervise.Failed)
	if err, isErr := f.Reason.(error); !ok || !isErr || !errors.Is(err, why) {
		t.Fatalf("told %+v", f)
	}
	busy.Wait() // whoever closes the disk does not wait for ever
	if len(d.calls) != 0 || len(told) != 0 {
		t.Error("it goes on")
	}
}
