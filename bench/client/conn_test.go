package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"troupe/wire"
)

func TestConn_PipelinedRepliesInOrder(t *testing.T) {
	s := startFake(t, echo)
	c := mustDial(t, Options{Servers: []string{s.addr()}})
	const n = 5000
	got := make(chan string, n)
	for i := range n {
		err := c.Go(&wire.GetData{Path: fmt.Sprint("/", i)}, func(r Reply) {
			body, err := r.Body()
			if err != nil {
				t.Error(err)
				return
			}
			got <- string(body.(*wire.DataReply).Data)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		if path := <-got; path != fmt.Sprint("/", i) {
			t.Fatalf("reply %d is for %s", i, path)
		}
	}
	if c.LastZxid() != 7 {
		t.Errorf("last zxid %v", c.LastZxid())
	}
	if reads := s.conns[0].reads.Load(); reads > n/2 {
		t.Errorf("%d calls came in %d reads: nothing was batched", n, reads)
	}
}

func TestConn_SynchronousFromManyGoroutines(t *testing.T) {
	s := startFake(t, echo)
	c := mustDial(t, Options{Servers: []string{s.addr()}})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 200 {
				path := fmt.Sprintf("/%d/%d", g, i)
				if data, _, err := c.Get(within(t), path, false); err != nil || string(data) != path {
					t.Errorf("get %s: %q, %v", path, data, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestConn_ErrorCodes(t *testing.T) {
	s := startFake(t, func(*fakeConn, request) (wire.Reply, bool) {
		return wire.Reply{ReplyHeader: wire.ReplyHeader{Zxid: 3, Err: wire.NoNode}}, true
	})
	c := mustDial(t, Options{Servers: []string{s.addr()}})
	_, _, err := c.Get(within(t), "/x", false)
	if !errors.Is(err, wire.NoNode) || OutcomeUnknown(err) || err.Error() != "getData /x: NoNode" {
		t.Fatalf("got %v", err)
	}
}

func TestConn_LostConnectionLeavesOutcomeUnknown(t *testing.T) {
	s := startFake(t, func(*fakeConn, request) (wire.Reply, bool) { return wire.Reply{}, false })
	c := mustDial(t, Options{Servers: []string{s.addr()}})
	outcome := make(chan error, 3)
	for range 3 {
		if err := c.Go(&wire.SetData{Path: "/x"}, func(r Reply) { outcome <- r.Err() }); err != nil {
			t.Fatal(err)
		}
	}
	s.drop()
	for range 3 {
		if err := <-outcome; !errors.Is(err, ErrConnectionLost) || !OutcomeUnknown(err) {
			t.Fatalf("got %v", err)
		}
	}
	<-c.Done()
	err := c.Delete(within(t), "/x", AnyVersion)
	if !errors.Is(err, ErrNotSent) || OutcomeUnknown(err) {
		t.Fatalf("after the end: %v", err)
	}
	if c.Err() == nil {
		t.Error("no reason")
	}
}

func TestConn_ContextEndsTheWaitOnly(t *testing.T) {
	release := make(chan struct{})
	s := startFake(t, func(_ *fakeConn, r request) (wire.Reply, bool) {
		<-release
		return echo(nil, r)
	})
	c := mustDial(t, Options{Servers: []string{s.addr()}})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, _, err := c.Get(ctx, "/a", false); !errors.Is(err, context.DeadlineExceeded) || !OutcomeUnknown(err) {
		t.Fatalf("got %v", err)
	}
	close(release)
	if data, _, err := c.Get(within(t), "/b", false); err != nil || string(data) != "/b" {
		t.Fatalf("the next call got %q, %v", data, err)
	}
}

func TestConn_PingsAndSilence(t *testing.T) {
	s := startFake(t, func(c *fakeConn, r request) (wire.Reply, bool) { return wire.Reply{}, c.pings.Load() <= 3 })
	s.timeout = 300
	c := mustDial(t, Options{Servers: []string{s.addr()}})
	start := time.Now()
	<-c.Done()
	if d := time.Since(start); d < 400*time.Millisecond {
		t.Errorf("given up after %v, with three pings answered 100 ms apart", d)
	}
	var timeout net.Error
	if !errors.As(c.Err(), &timeout) || !timeout.Timeout() {
		t.Errorf("ended by %v, want a timeout", c.Err())
	}
}

func TestConn_ReplyOutOfOrderEndsConnection(t *testing.T) {
	s := startFake(t, func(_ *fakeConn, r request) (wire.Reply, bool) {
		return wire.Reply{ReplyHeader: wire.ReplyHeader{Xid: r.xid + 1}}, true
	})
	c := mustDial(t, Options{Servers: []string{s.addr()}})
	if err := c.Sync(within(t), "/"); !errors.Is(err, ErrProtocol) || !errors.Is(err, ErrConnectionLost) {
		t.Fatalf("got %v", err)
	}
}

func TestConn_AuthMayOvertake(t *testing.T) {
	var held []wire.Xid
	s := startFake(t, func(c *fakeConn, r request) (wire.Reply, bool) {
		if r.op == wire.OpAuth {
			if r.xid != wire.XidAuth {
				t.Errorf("auth has xid %d", r.xid)
			}
			if err := c.send(wire.Reply{ReplyHeader: wire.ReplyHeader{Xid: r.xid, Err: wire.AuthFailed}}, true); err != nil {
				t.Error(err)
			}
			return wire.Reply{ReplyHeader: wire.ReplyHeader{Xid: held[0]}}, true
		}
		held = append(held, r.xid)
		return wire.Reply{}, false
	})
	c := mustDial(t, Options{Servers: []string{s.addr()}})
	first := make(chan error, 1)
	if err := c.Go(&wire.Delete{Path: "/x"}, func(r Reply) { first <- r.Err() }); err != nil {
		t.Fatal(err)
	}
	if err := c.AddAuth(within(t), "digest", []byte("a:b")); !errors.Is(err, wire.AuthFailed) {
		t.Fatalf("auth: %v", err)
	}
	if err := <-first; err != nil {
		t.Fatalf("delete: %v", err)
	}
}

func TestConn_FrameLimit(t *testing.T) {
	big := bytes.Repeat([]byte("x"), 200<<10)
	s := startFake(t, func(*fakeConn, request) (wire.Reply, bool) {
		return wire.Reply{Body: &wire.DataReply{Data: big}}, true
	})
	c := mustDial(t, Options{Servers: []string{s.addr()}})
	if data, _, err := c.Get(within(t), "/x", false); err != nil || !bytes.Equal(data, big) {
		t.Fatalf("got %d bytes, %v", len(data), err)
	}
	c = mustDial(t, Options{Servers: []string{s.addr()}, MaxFrame: 100 << 10})
	if _, _, err := c.Get(within(t), "/x", false); !errors.Is(err, ErrProtocol) {
		t.Fatalf("over the limit: %v", err)
	}
}

func TestDial_Handshake(t *testing.T) {
	s := startFake(t, echo)
	s.hello = func(req wire.ConnectRequest, resp *wire.ConnectResponse) bool {
		if req.Session == 0x55 {
			*resp = wire.ConnectResponse{Password: make([]byte, wire.PasswordSize)}
		}
		return req.LastZxidSeen < 100
	}
	c := mustDial(t, Options{Servers: []string{s.addr()}, SessionTimeout: 4 * time.Second})
	if c.SessionID() != 0x77 || string(c.Password()) != "0123456789abcdef" || c.SessionTimeout() != 30*time.Second || c.Server() != s.addr() {
		t.Errorf("session %v %q %v at %s", c.SessionID(), c.Password(), c.SessionTimeout(), c.Server())
	}
	if h := s.lastHello(); h.Timeout != 4000 || !h.HasReadOnly || h.ReadOnly || h.Session != 0 || len(h.Password) != wire.PasswordSize {
		t.Errorf("sent %+v", h)
	}
	mustDial(t, Options{Servers: []string{s.addr()}, OldHello: true})
	if s.lastHello().HasReadOnly {
		t.Error("the old hello has a readOnly byte")
	}
	_, err := Dial(t.Context(), Options{Servers: []string{s.addr()}, Session: 0x55, Password: []byte("p")})
	if !errors.Is(err, ErrSessionExpired) {
		t.Errorf("resuming a session that is gone: %v", err)
	}
	_, err = Dial(t.Context(), Options{Servers: []string{s.addr()}, LastZxidSeen: 100})
	if err == nil || !strings.Contains(err.Error(), "no answer to connect") {
		t.Errorf("refused without an answer: %v", err)
	}
}

func TestDial_NextServer(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	s := startFake(t, echo)
	c := mustDial(t, Options{ConnectTimeout: 50 * time.Millisecond,
		Servers: []string{closed.Addr().String(), mute.Addr().String(), s.addr()}})
	if c.Server() != s.addr() {
		t.Fatalf("connected to %s", c.Server())
	}
}

func TestConn_CloseAndAbandon(t *testing.T) {
	ops := make(chan wire.OpCode, 10)
	s := startFake(t, func(_ *fakeConn, r request) (wire.Reply, bool) {
		ops <- r.op
		return wire.Reply{}, true
	})
	c := mustDial(t, Options{Servers: []string{s.addr()}})
	if err := c.Close(within(t)); err != nil {
		t.Fatal(err)
	}
	if op := <-ops; op != wire.OpCloseSession {
		t.Fatalf("close sent %v", op)
	}
	if !errors.Is(c.Err(), ErrClosed) {
		t.Errorf("ended by %v", c.Err())
	}
	c = mustDial(t, Options{Servers: []string{s.addr()}})
	c.Abandon()
	select {
	case op := <-ops:
		t.Errorf("abandon sent %v", op)
	default:
	}
}

func TestParseServers(t *testing.T) {
	for connect, want := range map[string]string{
		"a:1":            "[a:1] ",
		"a:1,b/x/y":      "[a:1 b:2181] /x/y",
		"a/":             "[a:2181] ",
		" a:1, b:2 ,/c":  "[a:1 b:2] /c",
		"[::1]:99,::1":   "[[::1]:99 [::1]:2181] ",
		"":               "error",
		"/x":             "error",
		"a:1//x":         "error",
		"127.0.0.1:2/x/": "[127.0.0.1:2] /x",
	} {
		servers, chroot, err := ParseServers(connect)
		got := fmt.Sprint(servers, " ", chroot)
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%q: %s, want %s", connect, got, want)
		}
	}
}

func BenchmarkConn_Go(b *testing.B) {
	s := startFake(b, func(*fakeConn, request) (wire.Reply, bool) { return wire.Reply{}, true })
	c, err := Dial(b.Context(), Options{Servers: []string{s.addr()}})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Abandon()
	window := make(chan struct{}, 400)
	req := &wire.SetData{Path: "/bench", Data: make([]byte, 1024), Version: -1}
	b.ReportAllocs()
	for b.Loop() {
		window <- struct{}{}
		if err := c.Go(req, func(Reply) { <-window }); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkConn_Do(b *testing.B) {
	s := startFake(b, func(*fakeConn, request) (wire.Reply, bool) { return wire.Reply{}, true })
	c, err := Dial(b.Context(), Options{Servers: []string{s.addr()}})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Abandon()
	req := &wire.Exists{Path: "/bench"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Do(b.Context(), req); err != nil {
			b.Fatal(err)
		}
	}
}
