package session

import (
	"bytes"
	"fmt"
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

// connection is a line of which the reader has not begun.
func connection(t *testing.T) *line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	p := dialed(t, listener)
	p.accept(t, listener)
	return p
}

// dialed is a line that has not been accepted.
func dialed(t *testing.T, listener net.Listener) *line {
	t.Helper()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return &line{client: client, told: make(chan any, 10)}
}

func (p *line) accept(t *testing.T, listener net.Listener) {
	t.Helper()
	var err error
	if p.server, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.server.Close() })
	p.r = newReader(&Options{Conn: p.server, Settings: &Settings{MaxFrame: 1 << 20, HelloTimeout: time.Minute}},
		NewWindow(100, NewShared(100, 1<<20)), func(m any) { p.told <- m })
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
	p.hello(t)
	return p
}

// greet has it accepted, say hello, and rest.
func (p *line) greet(t *testing.T, listener net.Listener) {
	t.Helper()
	p.accept(t, listener)
	p.hello(t)
}

func (p *line) hello(t *testing.T) {
	t.Helper()
	go p.r.run()
	p.send(t, hello())
	if _, ok := (<-p.told).(*Hello); !ok {
		t.Fatal("no hello")
	}
	until(t, func() bool { return resting(p.r) })
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

// TestPoller_BytesBeforeItWaits: what comes while the reader is about to rest is not missed.
func TestPoller_BytesBeforeItWaits(t *testing.T) {
	_, stream := requests(rand.New(rand.NewSource(1)), 1)
	for range 100 {
		p := connection(t)
		p.r.send = func(m any) {
			if _, ok := m.(*Hello); ok {
				p.send(t, stream)
			}
			p.told <- m
		}
		go p.r.run()
		p.send(t, hello())
		for _, want := range []string{"*session.Hello", "*session.Frames"} {
			select {
			case m := <-p.told:
				if got := fmt.Sprintf("%T", m); got != want {
					t.Fatalf("%s, want %s", got, want)
				}
			case <-time.After(20 * time.Second):
				t.Fatalf("no %s", want)
			}
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

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var late, next *line
	for tries := 0; late == nil || late.r.fd != next.r.fd; tries++ {
		if tries == 20 {
			t.Fatal("no descriptor is used again")
		}
		late, next = dialed(t, listener), dialed(t, listener)
		late.greet(t, listener)
		if err := late.server.Close(); err != nil { // as the gateway does, for an actor that failed
			t.Fatal(err)
		}
		next.greet(t, listener)
	}
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
