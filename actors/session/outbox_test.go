package session

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"
)

// pair is a TCP connection: what the outbox has, and the client's end.
func pair(t *testing.T) (server *watched, client *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); s.Close() })
	return &watched{TCPConn: s.(*net.TCPConn)}, c.(*net.TCPConn)
}

// watched notes the write deadline that a connection is left with.
type watched struct {
	*net.TCPConn
	mu       sync.Mutex
	deadline time.Time
}

func (w *watched) SetWriteDeadline(t time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deadline = t
	return w.TCPConn.SetWriteDeadline(t)
}

func (w *watched) left() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.deadline
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

func TestOutbox_WritesAtOnceWhatTheSocketTakes(t *testing.T) {
	server, client := pair(t)
	o := newOutbox(server, func(m any) { t.Errorf("sent %T", m) })
	for _, s := range []string{"hello", "", " world"} {
		if err := o.write([]byte(s)); err != nil || o.draining {
			t.Fatalf("%v, draining %v", err, o.draining)
		}
	}
	b := make([]byte, 11)
	if _, err := io.ReadFull(client, b); err != nil || string(b) != "hello world" {
		t.Errorf("%q, %v", b, err)
	}
}

// pattern is bytes that show where they belong.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i / 7)
	}
	return b
}

// TestOutbox_DrainsInOrder: what the socket does not take goes out later, all of
// it, in order, and afterwards the connection is as before.
func TestOutbox_DrainsInOrder(t *testing.T) {
	server, client := pair(t)
	drained := make(chan *Drained, 10)
	o := newOutbox(server, func(m any) { drained <- m.(*Drained) })
	want := pattern(24 << 20)
	for rest := want; len(rest) > 0; {
		n := min(len(rest), 3<<20)
		if err := o.write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if !o.draining {
		t.Fatal("the socket has taken it all: this test shows nothing")
	}
	got := make(chan []byte)
	go func() {
		b := make([]byte, len(want)+3)
		n, _ := io.ReadFull(client, b)
		got <- b[:n]
	}()
	for o.draining {
		if err := o.drained(receive(t, drained).Err); err != nil {
			t.Fatal(err)
		}
	}
	if d := server.left(); !d.IsZero() {
		t.Errorf("the connection cannot write after %v, though it is idle", d)
	}
	if err := o.write([]byte("end")); err != nil || o.draining {
		t.Fatal(err, o.draining)
	}
	if b := receive(t, got); !bytes.Equal(b[:len(b)-3], want) || string(b[len(b)-3:]) != "end" {
		t.Error("the client reads something else")
	}
}

// TestOutbox_AClientThatDoesNotRead: little waits for it, and not for ever.
func TestOutbox_AClientThatDoesNotRead(t *testing.T) {
	server, _ := pair(t)
	drained := make(chan *Drained, 1)
	o := newOutbox(server, func(m any) { drained <- m.(*Drained) })
	o.patience = 50 * time.Millisecond
	chunk := make([]byte, 1<<16)
	for written := 0; o.room(); written += len(chunk) {
		if err := o.write(chunk); err != nil {
			t.Fatal(err)
		}
		if written > 64<<20 {
			t.Fatal("there is always room")
		}
	}
	if len(o.waiting) > fill+len(chunk) {
		t.Errorf("%d bytes wait", len(o.waiting))
	}
	for o.draining {
		if err := o.drained(receive(t, drained).Err); err != nil {
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error(err)
			}
			return
		}
	}
	t.Error("the socket has taken everything")
}

func TestOutbox_ABrokenSocketIsTold(t *testing.T) {
	server, client := pair(t)
	drained := make(chan *Drained, 1)
	o := newOutbox(server, func(m any) { drained <- m.(*Drained) })
	for !o.draining {
		if err := o.write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	client.Close()
	if err := o.drained(receive(t, drained).Err); err == nil {
		t.Error("nothing is said about it")
	}
}

// noSyscall is a connection without a file descriptor, as TLS has it.
type noSyscall struct{ net.Conn }

func TestOutbox_WithoutADescriptor(t *testing.T) {
	server, client := pair(t)
	drained := make(chan *Drained, 4)
	o := newOutbox(noSyscall{server}, func(m any) { drained <- m.(*Drained) })
	for _, s := range []string{"one ", "two ", "three"} {
		if err := o.write([]byte(s)); err != nil {
			t.Fatal(err)
		}
	}
	for o.draining {
		if err := o.drained(receive(t, drained).Err); err != nil {
			t.Fatal(err)
		}
	}
	b := make([]byte, 13)
	if _, err := io.ReadFull(client, b); err != nil || string(b) != "one two three" {
		t.Errorf("%q, %v", b, err)
	}
}
