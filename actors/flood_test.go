package actors

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"troupe/actors/metrics"
	"troupe/bench/client"
	"troupe/persistence"
	"troupe/wire"
)

// neighbour is a well-behaved client that goes on beside a bad one.
type neighbour struct {
	done    sync.WaitGroup
	stop    chan struct{}
	ops     int
	slowest time.Duration
	err     error
}

func goBeside(t *testing.T, s *Server, path string) *neighbour {
	n := &neighbour{stop: make(chan struct{})}
	c := dial(t, s, client.Options{})
	ctx := within(t)
	if _, err := c.Create(ctx, path, nil, wire.OpenACL, wire.ModePersistent); err != nil {
		t.Fatal(err)
	}
	n.done.Go(func() {
		for {
			select {
			case <-n.stop:
				return
			default:
			}
			begin := time.Now()
			if _, n.err = c.Set(ctx, path, []byte("x"), int32(n.ops)); n.err != nil {
				return
			}
			n.ops, n.slowest = n.ops+1, max(n.slowest, time.Since(begin))
		}
	})
	return n
}

// check ends it: it must have got on.
func (n *neighbour) check(t *testing.T) {
	t.Helper()
	close(n.stop)
	n.done.Wait()
	if n.err != nil || n.ops == 0 || n.slowest > 5*time.Second {
		t.Errorf("the client beside it did %d writes, the slowest took %v, and ended with %v", n.ops, n.slowest, n.err)
	}
}

// watchHeap samples the heap until stopped, and returns its highest use.
func watchHeap(t *testing.T) (stop func() (peak uint64)) {
	was := debug.SetGCPercent(20) // so that little of what is measured is garbage
	t.Cleanup(func() { debug.SetGCPercent(was) })
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before := m.HeapAlloc // what the tests before have left
	done, result := make(chan struct{}), make(chan uint64)
	go func() {
		var peak uint64
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc-min(before, m.HeapAlloc))
			select {
			case <-done:
				result <- peak
				return
			case <-tick.C:
			}
		}
	}()
	return func() uint64 { close(done); return <-result }
}

// large makes a node of a good megabyte.
func large(t *testing.T, s *Server, path string) {
	t.Helper()
	r := dialRaw(t, s)
	r.hello()
	r.ask(1, rawCreate(path, make([]byte, 1_000_000)), wire.OK)
	r.ask(2, &wire.CloseSession{}, wire.OK)
}

// TestFlood_AClientThatDoesNotRead asks for far more than it takes: memory stays
// bounded, and others do not notice. (Package session has the test that it is cut
// off in the end.)
func TestFlood_AClientThatDoesNotRead(t *testing.T) {
	s, registry := startWith(t, testConfig(t), persistence.Options{})
	large(t, s, "/large")
	beside := goBeside(t, s, "/beside")
	heap := watchHeap(t)
	r := dialRaw(t, s)
	r.hello()
	for i := range 400 {
		r.send(requestBytes(wire.Xid(i), &wire.GetData{Path: "/large"}))
	}
	until(t, "some requests are taken", func() bool { return received(registry, r) >= 5 })
	until(t, "those are worked off", func() bool { return registry.Outstanding() <= 1 })
	if peak := heap(); peak > 200<<20 {
		t.Errorf("the heap grew to %d MB", peak>>20)
	}
	beside.check(t)
	stillServes(t, s)
}

// TestFlood_EventsForAClientThatDoesNotRead: nothing holds events back, so there
// is a number at which it is cut off.
func TestFlood_EventsForAClientThatDoesNotRead(t *testing.T) {
	s, registry := startWith(t, testConfig(t), persistence.Options{})
	r := dialRaw(t, s)
	if err := r.SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	r.hello()
	long := "/" + strings.Repeat("x", 60)
	r.ask(1, rawCreate(long, nil), wire.OK)
	r.ask(2, &wire.AddWatch{Path: long, Mode: wire.WatchPersistent}, wire.OK)
	c := dial(t, s, client.Options{})
	ops := make([]wire.Request, 5000)
	for i := range ops {
		ops[i] = &wire.SetData{Path: long, Version: -1}
	}
	ctx := within(t)
	for n := 0; registry.Unread.Load() == 0; n++ {
		if _, err := c.Do(ctx, &wire.Multi{Ops: ops}); err != nil || n > 100 {
			t.Fatalf("after %d events: %v", n*len(ops), err)
		}
	}
	stillServes(t, s)
}

// received is how many requests a connection has sent, as the server counts; a
// large number when the connection is gone.
func received(registry *metrics.Registry, r *raw) int64 {
	for _, c := range registry.Connections() {
		if c.Remote.String() == r.LocalAddr().String() {
			return c.Received.Load()
		}
	}
	return 1 << 62
}

// TestFlood_OnePacketOfLargeReads: 120 reads of a megabyte fit in a small
// packet. Their replies must not all be made at once.
func TestFlood_OnePacketOfLargeReads(t *testing.T) {
	s, _ := startWith(t, testConfig(t), persistence.Options{})
	large(t, s, "/large")
	const reads = 120
	var packet []byte
	for i := range reads {
		packet = append(packet, requestBytes(wire.Xid(i), &wire.GetData{Path: "/large"})...)
	}
	heap := watchHeap(t)
	r := dialRaw(t, s)
	r.hello()
	r.send(packet)
	for i := range reads {
		if h, n := r.skip(); h.Xid != wire.Xid(i) || h.Err != wire.OK || n != 4+1_000_000+wire.StatSize {
			t.Fatalf("reply %d: %+v, %d bytes", i, h, n)
		}
	}
	if peak := heap(); peak > 300<<20 { // made at once, they take half a gigabyte
		t.Errorf("the heap grew to %d MB for %d MB of replies", peak>>20, reads)
	}
}

// TestFlood_CreditsHoldBackWhoDoesNotRead: requests pile up on the client's side,
// not in the server, and once it reads, all are answered in order.
func TestFlood_CreditsHoldBackWhoDoesNotRead(t *testing.T) {
	s, registry := startWith(t, testConfig(t), persistence.Options{})
	r := dialRaw(t, s)
	for _, err := range []error{r.SetReadBuffer(64 << 10), r.SetWriteBuffer(16 << 10)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	r.hello()
	r.ask(1, rawCreate("/kb10", make([]byte, 10_000)), wire.OK)
	beside := goBeside(t, s, "/beside")
	sent := 0
	for ; sent < 400_000; sent++ {
		if err := r.SetWriteDeadline(time.Now().Add(700 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		_, err := r.TCPConn.Write(requestBytes(wire.Xid(sent), &wire.GetData{Path: "/kb10"}))
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break // held back, perhaps in the middle of a request
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	taken := received(registry, r)
	if taken >= int64(sent) || taken > 5000 {
		t.Errorf("%d requests were taken of %d", taken, sent)
	}
	for _, c := range registry.Connections() {
		if n := c.Outstanding.Load(); n > 1000 {
			t.Errorf("%d are outstanding", n)
		}
	}
	beside.check(t)
	for i := range sent {
		if h, d := r.reply(); h.Xid != wire.Xid(i) || h.Err != wire.OK || len(d.Buffer()) != 10_000 {
			t.Fatalf("reply %d of %d: %+v", i, sent, h)
		}
	}
}

// TestFlood_ManyClientsOfFewCredits: a small limit for all slows them down and
// stops nobody.
func TestFlood_ManyClientsOfFewCredits(t *testing.T) {
	cfg := testConfig(t)
	cfg.GlobalOutstandingLimit = 3
	s, registry := startWith(t, cfg, persistence.Options{})
	const clients, each = 20, 100
	var most atomic.Int64
	var wg sync.WaitGroup
	errs := make(chan error, clients)
	for i := range clients {
		c := dial(t, s, client.Options{})
		ctx := within(t)
		wg.Go(func() {
			path := fmt.Sprintf("/c%d", i)
			if _, err := c.Create(ctx, path, nil, wire.OpenACL, wire.ModePersistent); err != nil {
				errs <- err
				return
			}
			var replies sync.WaitGroup
			for n := range each {
				replies.Add(1)
				err := c.Go(&wire.SetData{Path: path, Version: int32(n)}, func(r client.Reply) {
					defer replies.Done()
					if err := r.Err(); err != nil {
						errs <- err
					}
				})
				if err != nil {
					errs <- err
					return
				}
				if now := registry.Outstanding(); now > most.Load() {
					most.Store(now)
				}
			}
			replies.Wait()
		})
	}
	wg.Wait()
	if len(errs) > 0 {
		t.Fatal(<-errs)
	}
	// A batch of at most 128 may overdraw, for each of those that found a credit.
	if most.Load() > 3*128 {
		t.Errorf("%d requests were outstanding", most.Load())
	}
	for i := range clients {
		r := dialRaw(t, s)
		r.hello()
		r.send(requestBytes(1, &wire.Exists{Path: fmt.Sprintf("/c%d", i)}))
		if _, d := r.reply(); d.Stat().Version != each {
			t.Errorf("client %d", i)
		}
	}
}

// TestFlood_OneMultiReadOfGigabytes is answered as far as is reasonable.
func TestFlood_OneMultiReadOfGigabytes(t *testing.T) {
	s, _ := startWith(t, testConfig(t), persistence.Options{})
	large(t, s, "/large")
	ops := make([]wire.Request, 2000)
	for i := range ops {
		ops[i] = &wire.GetData{Path: "/large"}
	}
	ops[1] = &wire.GetData{Path: "/none"}
	c := dial(t, s, client.Options{})
	results, err := c.MultiRead(within(t), ops...)
	if err != nil || len(results) != len(ops) {
		t.Fatal(len(results), err)
	}
	count := make(map[wire.ErrorCode]int)
	for _, r := range results {
		count[r.Err]++
	}
	if count[wire.OK] < 10 || count[wire.OK] > 30 || count[wire.NoNode] != 1 || count[wire.MarshallingError] != len(ops)-1-count[wire.OK] {
		t.Errorf("%v", count)
	}
}

// TestFlood_Identities: they go into the log with each write, so there is an end to them.
func TestFlood_Identities(t *testing.T) {
	s, _ := startWith(t, testConfig(t), persistence.Options{})
	r := dialRaw(t, s)
	r.hello()
	few := strings.Repeat("x", 100)
	for i := range 30 {
		r.ask(wire.Xid(i), &wire.Auth{Scheme: "digest", Auth: fmt.Append(nil, few, i, ":pw")}, wire.OK)
	}
	r.ask(100, &wire.Auth{Scheme: "digest", Auth: append(make([]byte, 900_000), ":pw"...)}, wire.AuthFailed)
	r.closed("too many identities")
	stillServes(t, s)
}
