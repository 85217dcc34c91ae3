package session

import (
	"bytes"
	"io"
	"testing"
	"time"

	"troupe/wire"
)

// listen lets a reader read a connection, which stays open, and hands on what it tells.
func listen(t *testing.T, all *Shared) (client io.Writer, told chan any, w *Window) {
	t.Helper()
	server, conn := pair(t)
	told, w = make(chan any, 1000), NewWindow(100, all)
	r := newReader(&Options{Conn: server, Settings: &Settings{MaxFrame: 1 << 20, HelloTimeout: time.Minute}}, w, func(m any) { told <- m })
	go r.run()
	t.Cleanup(func() { w.Close(); server.Close() })
	return conn, told, w
}

func write(t *testing.T, to io.Writer, b []byte) {
	t.Helper()
	if _, err := to.Write(b); err != nil {
		t.Fatal(err)
	}
}

func largeFrameOf(n int) []byte {
	var e wire.Encoder
	e.RequestFrame(1, &wire.SetData{Path: "/", Data: make([]byte, n)})
	return e.Bytes()
}

// TestReader_ALargeFrameWaitsForRoom, not for its bytes; small ones pass by, and its
// client is said to live meanwhile. What is in work counts, and what is given up.
func TestReader_ALargeFrameWaitsForRoom(t *testing.T) {
	all := NewShared(1000, 300_000)
	first, firstTold, w := listen(t, all)
	frame := largeFrameOf(300_000)
	write(t, first, append(hello(), frame[:len(frame)-1]...))
	if _, ok := receive(t, firstTold).(*Hello); !ok {
		t.Fatal("no hello")
	}
	second, secondTold, w2 := listen(t, all)
	small := largeFrameOf(1000)
	for all.Large.tryAcquire(0) { // until the first has begun its frame
		time.Sleep(time.Millisecond)
	}
	write(t, second, bytes.Join([][]byte{hello(), small, frame}, nil))
	receive(t, secondTold)
	if m, ok := receive(t, secondTold).(*Frames); !ok || m.Large != 0 {
		t.Fatalf("a small request does not pass: %+v", m)
	}
	if m, ok := receive(t, secondTold).(*Alive); !ok {
		t.Fatalf("it is told %T while it waits", m)
	}
	write(t, first, frame[len(frame)-1:])
	m, ok := receive(t, firstTold).(*Frames)
	if !ok || m.Large != len(frame) || len(m.Frames) != 1 || len(m.Frames[0].Request.(*wire.SetData).Data) != 300_000 {
		t.Fatalf("%T comes", m)
	}
	w.Replied(1, m.Large)
	for {
		m, ok := receive(t, secondTold).(*Frames)
		if ok && m.Large == len(frame) {
			break
		}
	}
	w2.Shut()
	w2.Replied(1, len(frame)) // it has left, and it still counts
	if all.Large.tryAcquire(0) {
		t.Error("what is in work of a client that has left does not count")
	}
	w2.Close()
	if !all.Large.tryAcquire(0) || all.Large.free != 300_000 {
		t.Errorf("%d bytes are left of 300000", all.Large.free)
	}
}

// TestWindow_Charge: large replies count as several until they are written.
func TestWindow_Charge(t *testing.T) {
	w := NewWindow(10, NewShared(1000, 1000))
	w.Acquire(1)
	w.Charge(50)
	got := make(chan bool, 1)
	go func() { got <- w.Acquire(1) }()
	w.Written(41) // still none left
	select {
	case <-got:
		t.Fatal("given without credit")
	default:
	}
	w.Written(10)
	if !receive(t, got) {
		t.Error("refused")
	}
}

// TestReader_AMultiCountsAsItsOperations, and is let in alone however many it has.
func TestReader_AMultiCountsAsItsOperations(t *testing.T) {
	all := NewShared(1000, 1000)
	client, told, w := listen(t, all) // of 100 credits
	m := &wire.Multi{}
	for range 150 {
		m.Ops = append(m.Ops, &wire.Check{Path: "/"})
	}
	var e wire.Encoder
	e.RequestFrame(1, m)
	write(t, client, append(hello(), e.Bytes()...))
	receive(t, told)
	f, ok := receive(t, told).(*Frames)
	if !ok || len(f.Frames) != 1 || f.Extra != 149 {
		t.Fatalf("%+v", f)
	}
	if all.Requests.free != 850 || w.own.free != -50 {
		t.Errorf("%d and %d credits are left", all.Requests.free, w.own.free)
	}
}
