package link

import (
	"context"
	"errors"
	"net"
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
