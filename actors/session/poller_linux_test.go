package session

import (
	"bytes"
	"io"
	"math/rand"
	"net"
	"runtime"
	"testing"
	"time"

	"troupe/wire"
)

// line is a connection with its reader, and what that tells.
type line struct {
	client, server net.Conn
	r              *reader
	told           chan any
}

func connection(t *testing.T) *line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	p := &line{told: make(chan any, 10)}
	if p.client, err = net.Dial("tcp", listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.client.Close() })
	if p.server, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.server.Close() })
	p.r = newReader(&Options{Conn: p.server, Settings: &Settings{MaxFrame: 1 << 20, HelloTimeout: time.Minute}},
		NewWindow(100, NewShared(100, 1<<20)), func(m any) { p.told <- m })
	return p
}

func (p *line) send(t *testing.T, b []byte) {
	t.Helper()
	if _, err := p.client.Write(b); err != nil {
		t.Fatal(err)
	}
}

// greeted has said hello, and rests.
func greeted(t *testing.T) *line {
	t.Helper()
	p := connection(t)
	go p.r.run()
	p.send(t, hello())
	if _, ok := (<-p.told).(*Hello); !ok {
		t.Fatal("no hello")
	}
	until(t, func() bool { return resting(p.r) })
	return p
}

// resting tells whether the poller has the reader.
func resting(r *reader) bool {
	p := idlers()
	p.mu.Lock()
	defer p.mu.Unlock()
	return r.fd < len(p.waiting) && p.waiting[r.fd] == r
}

func until(t *testing.T, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not in time")
		}
	}
}

// TestReader_WaitsWithoutABuffer between what comes; in half a frame it has one.
func TestReader_WaitsWithoutABuffer(t *testing.T) {
	p := connection(t)
	waits := make(chan int, 10) // in a goroutine, with a buffer of so many bytes
	attempt := p.r.try
	p.r.try = func(fd uintptr) bool {
		done := attempt(fd)
		if !done {
			waits <- len(p.r.buf)
		}
		return done
	}
	waiting := func() {
		t.Helper()
		until(t, func() bool {
			select {
			case n := <-waits:
				if n != 0 {
					t.Errorf("waits with a buffer of %d", n)
				}
				return true
			default:
				return resting(p.r)
			}
		})
		if resting(p.r) && p.r.buf != nil {
			t.Errorf("rests with a buffer of %d", len(p.r.buf))
		}
	}
	go p.r.run()
	waiting()
	p.send(t, hello())
	if _, ok := (<-p.told).(*Hello); !ok {
		t.Fatal("no hello")
	}
	rnd := rand.New(rand.NewSource(1))
	want, stream := requests(rnd, 1)
	for range 3 {
		waiting()
		p.send(t, stream[:6])
		p.send(t, stream[6:])
		f := (<-p.told).(*Frames).Frames[0].Request.(*wire.SetData)
		if !bytes.Equal(f.Data, want[0].(*wire.SetData).Data) {
			t.Errorf("%+v", f)
		}
	}
	waiting()
	if err := p.client.Close(); err != nil {
		t.Fatal(err)
	}
	if b, ok := (<-p.told).(*Broken); !ok || b.Err != io.EOF {
		t.Errorf("at its end: %+v", b)
	}
}

// TestPoller_IdleClientsHaveNoGoroutine, and are heard at once when they are not idle any more.
func TestPoller_IdleClientsHaveNoGoroutine(t *testing.T) {
	const count = 300
	idlers()
	before := runtime.NumGoroutine()
	var all []*line
	for range count {
		all = append(all, greeted(t))
	}
	until(t, func() bool { return runtime.NumGoroutine() < before+count/10 })
	_, stream := requests(rand.New(rand.NewSource(1)), 3)
	for range 2 {
		for _, p := range all {
			p.send(t, stream)
		}
		for _, p := range all {
			for n := 0; n < 3; {
				n += len((<-p.told).(*Frames).Frames)
			}
		}
	}
	for _, p := range all {
		p.client.Close()
	}
	for _, p := range all {
		if b, ok := (<-p.told).(*Broken); !ok || b.Err != io.EOF {
			t.Fatalf("at its end: %+v", b)
		}
	}
}

// TestPoller_BytesBeforeItWaits: what came while the reader was about to rest is not missed.
func TestPoller_BytesBeforeItWaits(t *testing.T) {
	_, stream := requests(rand.New(rand.NewSource(1)), 1)
	for range 100 {
		p := connection(t)
		go p.r.run()
		p.send(t, hello())
		p.send(t, stream)
		<-p.told
		if f := (<-p.told).(*Frames); len(f.Frames) != 1 {
			t.Fatalf("%d frames", len(f.Frames))
		}
	}
}

// TestPoller_ForgetsWhoEnds, and another connection has its descriptor.
func TestPoller_ForgetsWhoEnds(t *testing.T) {
	p := greeted(t)
	p.r.end()
	if resting(p.r) || p.r.rest() {
		t.Error("it rests after its end")
	}
	p.server.Close()
	late := greeted(t)
	late.server.Close() // as the gateway does, for an actor that failed
	next := greeted(t)
	late.r.end()
	if !resting(next.r) {
		t.Error("another's end was taken for its own")
	}
	_, stream := requests(rand.New(rand.NewSource(1)), 1)
	next.send(t, stream)
	if _, ok := (<-next.told).(*Frames); !ok {
		t.Error("it is not heard")
	}
}
