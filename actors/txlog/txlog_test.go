package txlog

import (
	"errors"
	"fmt"
	"math/rand"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/rs/zerolog"

	"troupe/actors/supervise"
	"troupe/persistence"
	"troupe/wire"
)

// write is a call of the disk, which returns what is sent to done.
type write struct {
	entries   []persistence.Entry
	committed wire.Zxid
	trim      wire.Zxid // not 0: a Trim
	done      chan error
}

// fakeDisk hands its calls to the test.
type fakeDisk struct{ writes, trims chan write }

func (d *fakeDisk) Append(entries []persistence.Entry, committed wire.Zxid) error {
	w := write{entries: append([]persistence.Entry(nil), entries...), committed: committed, done: make(chan error)}
	d.writes <- w
	return <-w.done
}

func (d *fakeDisk) Trim(below wire.Zxid) error {
	w := write{trim: below, done: make(chan error)}
	d.trims <- w
	return <-w.done
}

// order is a call that stands between appends.
func (d *fakeDisk) order(z wire.Zxid) error {
	w := write{trim: z, done: make(chan error)}
	d.writes <- w
	return <-w.done
}

func (d *fakeDisk) SetAcceptedEpoch(e wire.Epoch) error      { return d.order(wire.Zxid(e)) }
func (d *fakeDisk) SetCurrentEpoch(e wire.Epoch) error       { return d.order(wire.Zxid(e)) }
func (d *fakeDisk) Enter(e wire.Epoch, _ string) error       { return d.order(wire.Zxid(e)) }
func (d *fakeDisk) TruncateAfter(z wire.Zxid) error          { return d.order(z) }
func (d *fakeDisk) EpochEnds(wire.Zxid) ([]wire.Zxid, error) { return []wire.Zxid{7}, nil }
func (d *fakeDisk) Epochs() (accepted, current wire.Epoch)   { return 3, 2 }
func (d *fakeDisk) EnsembleID() string                       { return "e" }
func (d *fakeDisk) Vouches() bool                            { return true }
func (d *fakeDisk) End() wire.Zxid                           { return 7 }

var errSpoilt = fmt.Errorf("block 7: %w", persistence.ErrDamaged)

func (d *fakeDisk) Read(from wire.Zxid, _ int) ([]persistence.Entry, error) {
	switch {
	case from < 4:
		return nil, persistence.ErrTrimmed
	case from == 4:
		return nil, errSpoilt
	}
	return []persistence.Entry{{Zxid: from}}, nil
}

// bench is the actor under test, with a parent and a leader that note what they
// are told.
type bench struct {
	*testing.T
	disk   *fakeDisk
	beside *sync.WaitGroup
	root   *actor.RootContext
	log    *actor.PID
	leader *actor.PID
	told   chan any // Durables, and the parent's Failed
}

func newBench(t *testing.T) *bench {
	sys := actor.NewActorSystem(actor.WithLoggerFactory(supervise.LoggerFactory(zerolog.Nop())))
	b := &bench{T: t, disk: &fakeDisk{make(chan write, 100), make(chan write, 100)}, beside: new(sync.WaitGroup), root: sys.Root,
		told: make(chan any, 1000)}
	spawned := make(chan *actor.PID, 1)
	note := func(c actor.Context) {
		switch m := c.Message().(type) {
		case *Durable, *Promised, *Entered, *Flushed, *Entries, *supervise.Failed:
			b.told <- m
		}
	}
	parent := b.root.Spawn(supervise.Props(zerolog.Nop(), "parent", func() actor.Actor {
		return actor.ReceiveFunc(func(c actor.Context) {
			if _, ok := c.Message().(*actor.Started); ok {
				spawned <- c.Spawn(supervise.Props(zerolog.Nop(), "txlog", func() actor.Actor { return New(b.disk, b.beside) }))
			}
			note(c)
		})
	}))
	b.leader = b.root.Spawn(actor.PropsFromFunc(note))
	b.log = receive(t, spawned)
	t.Cleanup(func() {
		_ = b.root.StopFuture(parent).Wait() // it has stopped, or the test has failed already
		sys.Shutdown()
	})
	return b
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

func (b *bench) append(committed wire.Zxid, zxids ...wire.Zxid) {
	m := &Append{Committed: committed, Tell: b.leader}
	for _, z := range zxids {
		m.Entries = append(m.Entries, persistence.Entry{Zxid: z, Data: []byte{byte(z)}})
	}
	b.root.Send(b.log, m)
}

// handled waits until the actor has handled all it was sent so far.
func (b *bench) handled() {
	b.Helper()
	// A Trim goes through the same mailbox, and this one has nothing else to do.
	b.root.Send(b.log, &Trim{Below: 1})
	w := receive(b.T, b.disk.trims)
	w.done <- nil
}

func (b *bench) durable(want wire.Zxid) {
	b.Helper()
	if d, ok := receive(b.T, b.told).(*Durable); !ok || d.Zxid != want {
		b.Fatalf("told %+v, not that %v is durable", d, want)
	}
}

// silent checks that there is nothing more, once all is handled.
func (b *bench) silent() {
	b.Helper()
	if len(b.told) != 0 || len(b.disk.writes) != 0 {
		b.Fatalf("%d messages and %d writes more", len(b.told), len(b.disk.writes))
	}
}

func (w *write) check(t *testing.T, committed wire.Zxid, zxids ...wire.Zxid) {
	t.Helper()
	if w.committed != committed || len(w.entries) != len(zxids) {
		t.Fatalf("%d entries, committed %v", len(w.entries), w.committed)
	}
	for i, z := range zxids {
		if w.entries[i].Zxid != z || w.entries[i].Data[0] != byte(z) {
			t.Fatalf("entry %d is %v", i, w.entries[i].Zxid)
		}
	}
}

// TestLog_ALoneAppendIsWrittenAtOnce: nothing but the write itself is waited for.
func TestLog_ALoneAppendIsWrittenAtOnce(t *testing.T) {
	b := newBench(t)
	for z := wire.Zxid(1); z <= 3; z++ {
		b.append(z-1, z)
		w := receive(t, b.disk.writes)
		w.check(t, z-1, z)
		b.silent() // not told before it is on disk
		w.done <- nil
		b.durable(z)
	}
	b.handled()
	b.silent()
}

// TestLog_OneWriteForAllThatWaits.
func TestLog_OneWriteForAllThatWaits(t *testing.T) {
	b := newBench(t)
	b.append(0, 1)
	first := receive(t, b.disk.writes)
	b.append(0, 2, 3)
	b.append(1, 4)
	b.append(2, 5, 6, 7)
	b.silent()
	first.done <- nil
	b.durable(1)
	second := receive(t, b.disk.writes)
	second.check(t, 2, 2, 3, 4, 5, 6, 7)
	b.append(7, 8) // while that one is under way
	b.silent()
	second.done <- nil
	b.durable(7)
	third := receive(t, b.disk.writes)
	third.check(t, 7, 8)
	third.done <- nil
	b.durable(8)
	b.handled()
	b.silent()
}

// TestLog_EveryEntryOnceInOrder, however appends and writes fall together.
func TestLog_EveryEntryOnceInOrder(t *testing.T) {
	b := newBench(t)
	rnd := rand.New(rand.NewSource(1))
	const last = 3000
	go func() {
		for z := wire.Zxid(1); z <= last; {
			var zxids []wire.Zxid
			for n := 1 + rnd.Intn(5); n > 0 && z <= last; n-- {
				zxids = append(zxids, z)
				z++
			}
			b.append(0, zxids...)
		}
	}()
	next := wire.Zxid(1)
	for next <= last {
		w := receive(t, b.disk.writes)
		for _, e := range w.entries {
			if e.Zxid != next || e.Data[0] != byte(next) {
				t.Fatalf("%v is written, %v is next", e.Zxid, next)
			}
			next++
		}
		if len(b.disk.writes) > 0 {
			t.Fatal("two writes at once")
		}
		w.done <- nil
		b.durable(next - 1)
	}
	b.handled()
	b.silent()
}

var errDisk = errors.New("input/output error")

// TestLog_AFailedWriteIsTheLast: nothing is told durable, nothing more is
// written, and the parent hears the reason.
func TestLog_AFailedWriteIsTheLast(t *testing.T) {
	b := newBench(t)
	b.append(0, 1)
	w := receive(t, b.disk.writes)
	b.append(0, 2)
	w.done <- errDisk
	f, ok := receive(t, b.told).(*supervise.Failed)
	if err, isErr := f.Reason.(error); !ok || f.Who.Id != b.log.Id || !isErr || !errors.Is(err, errDisk) {
		t.Fatalf("told %+v", f)
	}
	b.append(0, 3)
	b.root.Send(b.log, &Trim{Below: 2})
	if err := b.root.StopFuture(b.log).Wait(); err != nil {
		t.Fatal(err)
	}
	b.beside.Wait()
	b.silent()
	if len(b.disk.trims) != 0 {
		t.Error("it trims after the failure")
	}
}

func TestLog_AFailedTrimEndsItToo(t *testing.T) {
	b := newBench(t)
	b.root.Send(b.log, &Trim{Below: 5})
	w := receive(t, b.disk.trims)
	w.done <- errDisk
	if f, ok := receive(t, b.told).(*supervise.Failed); !ok {
		t.Fatalf("told %+v", f)
	}
}

// TestLog_TrimRunsBesideWrites: no write waits for one, and trims that come while
// one is under way become one.
func TestLog_TrimRunsBesideWrites(t *testing.T) {
	b := newBench(t)
	b.root.Send(b.log, &Trim{Below: 10})
	trim := receive(t, b.disk.trims)
	b.append(0, 1)
	w := receive(t, b.disk.writes)
	for _, below := range []wire.Zxid{20, 40, 30} {
		b.root.Send(b.log, &Trim{Below: below})
	}
	w.done <- nil
	b.durable(1)
	if trim.trim != 10 || len(b.disk.trims) != 0 {
		t.Fatalf("trimmed below %v, %d more", trim.trim, len(b.disk.trims))
	}
	trim.done <- nil
	if trim = receive(t, b.disk.trims); trim.trim != 40 {
		t.Errorf("then below %v", trim.trim)
	}
	trim.done <- nil
}

// TestLog_StoppedWhileWriting: the write under way is finished first, and nothing
// is written after it.
func TestLog_StoppedWhileWriting(t *testing.T) {
	b := newBench(t)
	b.append(0, 1)
	w := receive(t, b.disk.writes)
	stopped := b.root.StopFuture(b.log)
	b.append(0, 2)
	w.done <- nil
	if err := stopped.Wait(); err != nil {
		t.Fatal(err)
	}
	b.durable(1)
	b.silent()
}

// TestLog_ControlsKeepTheirPlace: what is written between appends is done there,
// and each is answered once it is.
func TestLog_ControlsKeepTheirPlace(t *testing.T) {
	b := newBench(t)
	send := func(m any) { b.root.RequestWithCustomSender(b.log, m, b.leader) }
	entries := func(z ...wire.Zxid) (es []persistence.Entry) {
		for _, z := range z {
			es = append(es, persistence.Entry{Zxid: z})
		}
		return es
	}
	send(&Append{Entries: entries(1), Tell: b.leader})
	first := receive(t, b.disk.writes)
	send(&Append{Entries: entries(2), Tell: b.leader})
	send(&Promise{Epoch: 9, Tell: b.leader})
	send(&Append{Entries: entries(3, 4), Tell: b.leader})
	send(&Truncate{After: 3})
	send(&Append{Entries: entries(4), Tell: b.leader})
	send(&Enter{Epoch: 9, Ensemble: "e", Tell: b.leader})
	send(&Flush{})
	first.done <- nil
	for _, want := range []struct {
		first wire.Zxid
		n     int
		order wire.Zxid
		told  any
	}{{2, 1, 0, &Durable{2}}, {0, 0, 9, &Promised{9}}, {3, 2, 0, &Durable{4}}, {0, 0, 3, nil}, {4, 1, 0, &Durable{4}}, {0, 0, 9, &Entered{9}}} {
		if want.first == 2 {
			if d := receive(t, b.told).(*Durable); d.Zxid != 1 {
				t.Fatalf("%+v", d)
			}
		}
		w := receive(t, b.disk.writes)
		if len(w.entries) != want.n || w.trim != want.order || want.n > 0 && w.entries[0].Zxid != want.first {
			t.Fatalf("%+v is written, want %+v", w, want)
		}
		w.done <- nil
		if want.told != nil {
			if got := receive(t, b.told); !reflect.DeepEqual(got, want.told) {
				t.Fatalf("told %+v, want %+v", got, want.told)
			}
		}
	}
	if f := receive(t, b.told).(*Flushed); f.Last != 7 || f.Accepted != 3 || f.Current != 2 || !f.Vouches || f.Ensemble != "e" || len(f.Ends) != 1 {
		t.Errorf("%+v", f)
	}
	send(&Read{Peer: 2, Join: 5, After: 2})
	if e := receive(t, b.told).(*Entries); !e.Trimmed || e.Err != nil || e.Peer != 2 || e.Join != 5 {
		t.Errorf("%+v", e)
	}
	send(&Read{Peer: 2, Join: 5, After: 3}) // whoever asked does without
	if e := receive(t, b.told).(*Entries); !e.Trimmed || !errors.Is(e.Err, persistence.ErrDamaged) {
		t.Errorf("%+v", e)
	}
	send(&Read{Peer: 2, Join: 5, After: 6})
	if e := receive(t, b.told).(*Entries); e.Trimmed || len(e.Entries) != 1 || e.Entries[0].Zxid != 7 {
		t.Errorf("%+v", e)
	}
}
