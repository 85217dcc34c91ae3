package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"troupe/wire"
)

// recorder keeps what a server was asked.
type recorder struct {
	mu   sync.Mutex
	reqs []wire.Request
}

func (r *recorder) answer(c *fakeConn, q request) (wire.Reply, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reqs = append(r.reqs, q.req)
	if e, ok := q.req.(*wire.Exists); ok && strings.Contains(e.Path, "missing") {
		return wire.Reply{ReplyHeader: wire.ReplyHeader{Err: wire.NoNode}}, true
	}
	if q.op == wire.OpGetData || q.op == wire.OpExists || q.op == wire.OpGetChildren2 || q.op == wire.OpAddWatch {
		return wire.Reply{ReplyHeader: wire.ReplyHeader{Zxid: 42}, Body: emptyBody(q.op)}, true
	}
	return wire.Reply{}, true
}

func emptyBody(op wire.OpCode) wire.Body {
	switch op {
	case wire.OpGetData:
		return &wire.DataReply{}
	case wire.OpExists:
		return &wire.StatReply{}
	case wire.OpGetChildren2:
		return &wire.NamesStatReply{}
	}
	return &wire.CodeReply{}
}

func (r *recorder) of(op wire.OpCode) (found []wire.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, q := range r.reqs {
		if q.Op() == op {
			found = append(found, q)
		}
	}
	return found
}

func mustOpen(t *testing.T, opts Options, onState func(State)) *Session {
	t.Helper()
	s, err := Open(opts, onState)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(within(t)) })
	return s
}

func TestSession_ReconnectsAndRestores(t *testing.T) {
	var asked recorder
	first, second := startFake(t, asked.answer), startFake(t, asked.answer)
	states := make(chan State, 10)
	events := make(chan wire.WatchEvent, 10)
	s := mustOpen(t, Options{Servers: []string{first.addr(), second.addr()}, Chroot: "/top",
		OnEvent: func(e wire.WatchEvent) { events <- e }}, func(s State) { states <- s })

	setWatches(t, s)
	for _, path := range []string{"/top/fired", "/top/r/x"} {
		if err := first.conns[0].event(wire.EventNodeDataChanged, path); err != nil {
			t.Fatal(err)
		}
	}
	if e := <-events; e.Path != "/fired" {
		t.Fatalf("event %+v", e)
	}
	<-events
	for path, want := range map[string]WatchSet{"/fired": {}, "/data": {Data: true}, "/missing": {Data: true},
		"/": {Child: true}, "/p": {Persistent: true}, "/r": {Recursive: true}, "/removed": {}} {
		if got := s.Watching(path); got != want {
			t.Errorf("watching %s: %+v, want %+v", path, got, want)
		}
	}

	first.drop()
	eventually(t, "watches are armed again", func() bool { return len(asked.of(wire.OpSetWatches2)) == 1 })
	for _, want := range []State{Connected, Connecting, Connected} {
		if got := <-states; got != want {
			t.Fatalf("state %v, want %v", got, want)
		}
	}
	h := second.lastHello()
	if h.Session != 0x77 || string(h.Password) != "0123456789abcdef" || h.LastZxidSeen != 42 {
		t.Errorf("resumed with %+v", h)
	}
	set := asked.of(wire.OpSetWatches2)[0].(*wire.SetWatches)
	got := fmt.Sprint(set.Relative, set.Data, set.Exist, set.Child, set.Persistent, set.Recursive)
	if want := "0x2a [/top/data] [/top/missing] [/top] [/top/p] [/top/r]"; got != want {
		t.Errorf("armed %s, want %s", got, want)
	}
	if n := len(asked.of(wire.OpAuth)); n != 2 {
		t.Errorf("authenticated %d times", n)
	}
}

// setWatches sets a watch of each kind, and takes one back.
func setWatches(t *testing.T, s *Session) {
	t.Helper()
	ctx := within(t)
	check := func(err error) {
		t.Helper()
		if err != nil && !errors.Is(err, wire.NoNode) {
			t.Fatal(err)
		}
	}
	check(s.AddAuth(ctx, "digest", []byte("a:b")))
	for _, path := range []string{"/data", "/fired"} {
		_, _, err := s.Get(ctx, path, true)
		check(err)
	}
	_, err := s.Exists(ctx, "/missing", true)
	check(err)
	_, _, err = s.Children(ctx, "/", true)
	check(err)
	check(s.AddWatch(ctx, "/p", wire.WatchPersistent))
	check(s.AddWatch(ctx, "/r", wire.WatchPersistentRecursive))
	check(s.AddWatch(ctx, "/removed", wire.WatchPersistent))
	check(s.RemoveWatches(ctx, "/removed", wire.WatcherAny))
}

func TestSession_AuthFailed(t *testing.T) {
	conns := make(chan *fakeConn, 2)
	server := startFake(t, func(c *fakeConn, r request) (wire.Reply, bool) {
		if r.op == wire.OpAuth {
			return wire.Reply{ReplyHeader: wire.ReplyHeader{Err: wire.AuthFailed}}, true
		}
		conns <- c
		return echo(c, r)
	})
	s := mustOpen(t, Options{Servers: []string{server.addr()}}, nil)
	for range 2 {
		if err := s.AddAuth(within(t), "nonsense", nil); !errors.Is(err, wire.AuthFailed) {
			t.Fatal(err)
		}
		if err := s.Sync(within(t), "/"); err != nil {
			t.Fatalf("the next call: %v", err)
		}
	}
	if first, second := <-conns, <-conns; first == second {
		t.Error("a connection on which authentication failed was used again")
	}
}

func TestSession_ManyWatchesInSeveralRequests(t *testing.T) {
	w := newWatches()
	for i := range 5000 {
		w.replied(&wire.GetData{Path: fmt.Sprintf("/%0100d", i), Watch: true}, nil)
		w.replied(&wire.GetChildren{Path: fmt.Sprintf("/%0100d", i), Watch: true}, nil)
	}
	var data, child []string
	reqs := w.requests(1)
	for _, r := range reqs {
		var e wire.Encoder
		e.EncodeRequest(r)
		if e.Len() > setWatchesBytes+64 {
			t.Errorf("a request of %d bytes", e.Len())
		}
		data = append(data, r.(*wire.SetWatches).Data...)
		child = append(child, r.(*wire.SetWatches).Child...)
	}
	if len(reqs) < 2 || len(data) != 5000 || !slices.Equal(data, child) {
		t.Errorf("%d requests with %d and %d paths", len(reqs), len(data), len(child))
	}
}

func TestSession_NothingIsSentTwice(t *testing.T) {
	var mu sync.Mutex
	deletes := 0
	s := startFake(t, func(c *fakeConn, r request) (wire.Reply, bool) {
		mu.Lock()
		defer mu.Unlock()
		if r.op == wire.OpDelete {
			deletes++
			c.Close()
			return wire.Reply{}, false
		}
		return echo(c, r)
	})
	session := mustOpen(t, Options{Servers: []string{s.addr()}}, nil)
	if err := session.Delete(within(t), "/x", AnyVersion); !errors.Is(err, ErrConnectionLost) {
		t.Fatalf("got %v", err)
	}
	if err := session.Sync(within(t), "/"); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if deletes != 1 {
		t.Errorf("sent %d times", deletes)
	}
}

func TestSession_Expired(t *testing.T) {
	s := startFake(t, echo)
	s.hello = func(req wire.ConnectRequest, resp *wire.ConnectResponse) bool {
		if req.Session != 0 {
			*resp = wire.ConnectResponse{Password: make([]byte, wire.PasswordSize)}
		}
		return true
	}
	states := make(chan State, 10)
	session := mustOpen(t, Options{Servers: []string{s.addr()}}, func(s State) { states <- s })
	if err := session.Sync(within(t), "/"); err != nil {
		t.Fatal(err)
	}
	s.drop()
	for _, want := range []State{Connected, Connecting, Expired} {
		if got := <-states; got != want {
			t.Fatalf("state %v, want %v", got, want)
		}
	}
	if err := session.Sync(within(t), "/"); !errors.Is(err, ErrSessionExpired) || OutcomeUnknown(err) {
		t.Errorf("got %v", err)
	}
}

func TestSession_WaitEndsWithContext(t *testing.T) {
	s := startFake(t, echo)
	s.hello = func(wire.ConnectRequest, *wire.ConnectResponse) bool { return false }
	session := mustOpen(t, Options{Servers: []string{s.addr()}}, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := session.Sync(ctx, "/")
	if !errors.Is(err, ErrNotSent) || OutcomeUnknown(err) || !strings.Contains(err.Error(), "no answer to connect") {
		t.Fatalf("got %v", err)
	}
}

func TestSession_CloseWhileConnecting(t *testing.T) {
	s := startFake(t, echo)
	s.hello = func(wire.ConnectRequest, *wire.ConnectResponse) bool { return false }
	session, err := Open(Options{Servers: []string{s.addr()}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	result := make(chan error, 1)
	go func() { result <- session.Sync(within(t), "/") }()
	time.AfterFunc(10*time.Millisecond, func() { session.Close(within(t)) })
	if err := <-result; !errors.Is(err, ErrNotSent) || !errors.Is(err, ErrClosed) {
		t.Fatalf("got %v", err)
	}
}

// TestSession_RetryPause: a fixed pause does not grow: ten attempts with the growing one would take six seconds.
func TestSession_RetryPause(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	const attempts = 10
	tried := make(chan struct{}, attempts)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
			select {
			case tried <- struct{}{}:
			default:
			}
		}
	}()
	t.Cleanup(func() { l.Close() })
	s := mustOpen(t, Options{Servers: []string{l.Addr().String()}, RetryPause: time.Millisecond}, nil)
	late := time.After(4 * time.Second)
	for n := range attempts {
		select {
		case <-tried:
		case <-late:
			t.Fatalf("only %d attempts; %v", n, s.Failure())
		}
	}
}

// TestSession_Go: what is sent by Go sets watches as what is sent by Do does, and
// its outcome comes in order with events.
func TestSession_Go(t *testing.T) {
	var asked recorder
	s := startFake(t, asked.answer)
	var mu sync.Mutex
	var order []string
	note := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, what)
	}
	session := mustOpen(t, Options{Servers: []string{s.addr()}, OnEvent: func(e wire.WatchEvent) { note("event " + e.Path) }}, nil)
	if _, err := session.Wait(within(t)); err != nil {
		t.Fatal(err)
	}
	replied := make(chan error, 2)
	get := func() {
		t.Helper()
		if err := session.Go(&wire.GetData{Path: "/x", Watch: true}, func(r Reply) { note("reply"); replied <- r.Err() }); err != nil {
			t.Fatal(err)
		}
		if err := <-replied; err != nil {
			t.Fatal(err)
		}
	}
	get()
	if !session.Watching("/x").Data {
		t.Error("not watching")
	}
	if err := s.conns[0].event(wire.EventNodeDataChanged, "/x"); err != nil {
		t.Fatal(err)
	}
	get()
	if got := fmt.Sprint(order); got != "[reply event /x reply]" {
		t.Error(got)
	}
}

// TestSession_Abandon: the server is not told, and nothing is sent any more.
func TestSession_Abandon(t *testing.T) {
	var asked recorder
	s := startFake(t, asked.answer)
	session := mustOpen(t, Options{Servers: []string{s.addr()}}, nil)
	if _, err := session.Wait(within(t)); err != nil {
		t.Fatal(err)
	}
	session.Abandon()
	if n := len(asked.of(wire.OpCloseSession)); n > 0 {
		t.Error("the session was closed")
	}
	if err := session.Sync(within(t), "/"); !errors.Is(err, ErrClosed) {
		t.Errorf("sync: %v", err)
	}
	if err := session.Go(&wire.Sync{Path: "/"}, func(Reply) {}); !errors.Is(err, ErrNotSent) {
		t.Errorf("go: %v", err)
	}
}
