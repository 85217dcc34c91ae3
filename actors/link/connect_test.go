package link

import (
	"context"
	"errors"
	"net"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestConnect_TriesBeside: one that nobody answers holds up nothing.
func TestConnect_TriesBeside(t *testing.T) {
	var tried atomic.Int32
	given := make(chan struct{})
	near, far := net.Pipe()
	defer far.Close()
	c, err := connect(t.Context(), time.Millisecond, func(ctx context.Context) (net.Conn, error) {
		if tried.Add(1) == 3 {
			return near, nil
		}
		<-ctx.Done()
		given <- struct{}{}
		return nil, ctx.Err()
	})
	if c != near || err != nil {
		t.Fatal(c, err)
	}
	for range 2 {
		<-given // the others are not left
	}
	if c.Close() != nil {
		t.Error("it has been closed")
	}
}

// TestConnect_TooFar: a connection that took long is none to work with, since all on it
// may; the attempts beside it go on.
func TestConnect_TooFar(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	n := &Network{o: NetworkOptions{PeerTimeout: time.Millisecond}}
	hole := blackHole(t)
	var tried atomic.Int32
	c, err := connect(t.Context(), 5*time.Millisecond, func(ctx context.Context) (net.Conn, error) {
		if tried.Add(1) < 4 {
			return n.attempt(ctx, net.Dialer{}, hole)
		}
		return n.attempt(ctx, net.Dialer{}, l.Addr().String())
	})
	if err != nil || c.RemoteAddr().String() != l.Addr().String() {
		t.Fatal(c, err)
	}
	c.Close()
}

// blackHole is an address that takes no connection and refuses none: the backlog of
// its listener is full.
func blackHole(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(name.(*syscall.SockaddrInet4).Port))
	for range 3 {
		if c, err := net.DialTimeout("tcp", address, 20*time.Millisecond); err == nil {
			t.Cleanup(func() { c.Close() })
		}
	}
	return address
}

func TestConnect_FailsAtOnce(t *testing.T) {
	_, err := connect(t.Context(), time.Hour, func(context.Context) (net.Conn, error) { return nil, syscall.ECONNREFUSED })
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Error(err)
	}
}

func TestConnect_EndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	_, err := connect(ctx, time.Millisecond, func(ctx context.Context) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	var late net.Error
	if !errors.As(err, &late) || !late.Timeout() {
		t.Error(err)
	}
}

// TestConnect_ClosesASecondOne that succeeds when the first is in use.
func TestConnect_ClosesASecondOne(t *testing.T) {
	var tried atomic.Int32
	begun := make(chan struct{})
	nears, fars := [2]net.Conn{}, [2]net.Conn{}
	for i := range nears {
		nears[i], fars[i] = net.Pipe()
	}
	c, err := connect(t.Context(), time.Millisecond, func(ctx context.Context) (net.Conn, error) {
		switch tried.Add(1) {
		case 1:
			<-begun
			<-ctx.Done()
			return nears[1], nil
		case 2:
			close(begun)
			return nears[0], nil
		}
		<-ctx.Done()
		return nil, ctx.Err()
	})
	if c != nears[0] || err != nil {
		t.Fatal(c, err)
	}
	if _, err := fars[1].Read(make([]byte, 1)); err == nil {
		t.Error("it is open")
	}
}
