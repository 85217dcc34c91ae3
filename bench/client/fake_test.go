package client

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"troupe/wire"
)

// fakeServer speaks the protocol and answers as its test says.
type fakeServer struct {
	t        testing.TB
	listener net.Listener
	timeout  int32 // milliseconds granted
	// answer makes the reply to a request; ok false leaves it unanswered.
	answer func(*fakeConn, request) (r wire.Reply, ok bool)
	// hello, if set, may change the answer to a connect, or refuse it.
	hello func(wire.ConnectRequest, *wire.ConnectResponse) bool

	mu     sync.Mutex
	conns  []*fakeConn
	hellos []wire.ConnectRequest
}

type request struct {
	xid wire.Xid
	op  wire.OpCode
	req wire.Request
}

type fakeConn struct {
	net.Conn
	in    *bufio.Reader
	pings atomic.Int32
	reads atomic.Int64 // reads from the socket

	mu  sync.Mutex
	out *bufio.Writer
}

// Read counts what the buffer reads from the socket.
func (c *fakeConn) Read(p []byte) (int, error) {
	c.reads.Add(1)
	return c.Conn.Read(p)
}

func startFake(t testing.TB, answer func(*fakeConn, request) (wire.Reply, bool)) *fakeServer {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &fakeServer{t: t, listener: l, timeout: 30000, answer: answer}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c := &fakeConn{Conn: conn, out: bufio.NewWriter(conn)}
			c.in = bufio.NewReaderSize(c, readBuffer)
			s.mu.Lock()
			s.conns = append(s.conns, c)
			s.mu.Unlock()
			wg.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		s.drop()
		wg.Wait()
	})
	return s
}

func (s *fakeServer) addr() string { return s.listener.Addr().String() }

// drop cuts all connections.
func (s *fakeServer) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.Close()
	}
}

func (s *fakeServer) lastHello() wire.ConnectRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hellos[len(s.hellos)-1]
}

func readFrame(r io.Reader) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	frame := make([]byte, binary.BigEndian.Uint32(size[:]))
	_, err := io.ReadFull(r, frame)
	return frame, err
}

func (s *fakeServer) serve(c *fakeConn) {
	defer c.Close()
	frame, err := readFrame(c.in)
	if err != nil {
		return
	}
	hello, err := wire.DecodeConnectRequest(frame)
	if err != nil {
		s.t.Error(err)
		return
	}
	s.mu.Lock()
	s.hellos = append(s.hellos, *hello)
	s.mu.Unlock()
	resp := wire.ConnectResponse{Timeout: s.timeout, Session: 0x77, Password: []byte("0123456789abcdef"), HasReadOnly: hello.HasReadOnly}
	if s.hello != nil && !s.hello(*hello, &resp) {
		return
	}
	var e wire.Encoder
	e.ConnectResponseFrame(&resp)
	if _, err := c.Write(e.Bytes()); err != nil {
		return
	}
	for s.serveOne(c) == nil {
	}
}

func (s *fakeServer) serveOne(c *fakeConn) error {
	frame, err := readFrame(c.in)
	if err != nil {
		return err
	}
	d := wire.NewDecoder(frame)
	r := request{xid: wire.Xid(d.Int32()), op: wire.OpCode(d.Int32())}
	if r.req, err = wire.DecodeRequest(r.op, d.Rest()); err != nil {
		s.t.Error(err)
		return err
	}
	if r.op == wire.OpPing {
		c.pings.Add(1)
	}
	reply, ok := s.answer(c, r)
	if !ok {
		return nil
	}
	if reply.Xid == 0 {
		reply.Xid = r.xid
	}
	return c.send(reply, c.in.Buffered() == 0)
}

// send writes r, at once or with what follows it.
func (c *fakeConn) send(r wire.Reply, flush bool) error {
	var e wire.Encoder
	e.ReplyFrame(&r)
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := c.out.Write(e.Bytes())
	if err == nil && flush {
		err = c.out.Flush()
	}
	return err
}

func (c *fakeConn) event(kind wire.EventType, path string) error {
	return c.send(wire.Reply{ReplyHeader: wire.ReplyHeader{Xid: wire.XidWatchEvent, Zxid: wire.Zxid(^uint64(0))},
		Body: &wire.WatchEvent{Type: kind, State: wire.StateSyncConnected, Path: path}}, true)
}

// echo answers getData and sync with the path they ask about, all else with an
// empty reply.
func echo(_ *fakeConn, r request) (wire.Reply, bool) {
	if get, ok := r.req.(*wire.GetData); ok {
		return wire.Reply{ReplyHeader: wire.ReplyHeader{Zxid: 7}, Body: &wire.DataReply{Data: []byte(get.Path)}}, true
	}
	if sync, ok := r.req.(*wire.Sync); ok {
		return wire.Reply{Body: &wire.PathReply{Path: sync.Path}}, true
	}
	return wire.Reply{}, true
}

func mustDial(t *testing.T, opts Options) *Conn {
	t.Helper()
	c, err := Dial(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Abandon)
	return c
}

// within is a context for what should be quick.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits for a condition that another goroutine brings about.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}
