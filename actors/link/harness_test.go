package link

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/rs/zerolog"

	"troupe/actors/supervise"
	"troupe/wire"
)

// patience is how long a test waits for what has to come.
const patience = 20 * time.Second

// logged is a log that tests read.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if testing.Verbose() {
		_, _ = os.Stderr.Write(p)
	}
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// has waits until a line holds all of the words.
func (l *logged) has(t testing.TB, words ...string) {
	t.Helper()
	eventually(t, fmt.Sprintf("a log line with %q", words), func() bool {
		for line := range strings.Lines(l.String()) {
			all := true
			for _, w := range words {
				all = all && strings.Contains(line, w)
			}
			if all {
				return true
			}
		}
		return false
	})
}

// eventually waits for a condition.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

func receive[T any](t testing.TB, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("not within %v: %s", patience, what)
		panic("not reached")
	}
}

// field is a set of servers whose addresses and connections a test controls.
type field struct {
	mu    sync.Mutex
	at    map[wire.ServerID]string
	wires map[*cable]bool
	holes map[[2]wire.ServerID]bool // bytes from one to the other vanish
	pace  time.Duration             // before each write
}

func newField() *field {
	return &field{at: map[wire.ServerID]string{}, wires: map[*cable]bool{}, holes: map[[2]wire.ServerID]bool{}}
}

func (f *field) where(id wire.ServerID) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at[id]
}

func (f *field) place(id wire.ServerID, address string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at[id] = address
}

// blackhole makes what one server sends to another vanish, also connections.
func (f *field) blackhole(from, to wire.ServerID, on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.holes[[2]wire.ServerID{from, to}] = on
}

func (f *field) lost(from, to wire.ServerID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.holes[[2]wire.ServerID{from, to}]
}

// reset ends all connections that a server has opened to another.
func (f *field) reset(from, to wire.ServerID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.wires {
		if c.from == from && c.to == to {
			_ = c.Conn.Close()
		}
	}
}

// freeze makes all that is sent on the connections that stand vanish, in both
// directions, and keeps them from ending; new ones are not touched.
func (f *field) freeze() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.wires {
		c.frozen.Store(true)
	}
}

func (f *field) dialer(from wire.ServerID, dead *atomic.Bool) func(context.Context, wire.ServerID, string) (net.Conn, error) {
	return func(ctx context.Context, to wire.ServerID, addr string) (net.Conn, error) {
		if dead.Load() || f.lost(from, to) || f.lost(to, from) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		var d net.Dialer
		raw, err := d.DialContext(ctx, "tcp", addr)
		if err != nil {
			return nil, err
		}
		c := &cable{Conn: raw, f: f, from: from, to: to}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.wires[c] = true
		return c, nil
	}
}

// cable is a connection on a field.
type cable struct {
	net.Conn
	f        *field
	from, to wire.ServerID
	frozen   atomic.Bool
}

func (c *cable) Write(b []byte) (int, error) {
	if c.frozen.Load() {
		return len(b), nil
	}
	if c.f.pace > 0 {
		time.Sleep(c.f.pace) // the delay under test
	}
	if c.f.lost(c.from, c.to) {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

func (c *cable) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if err != nil || !c.f.lost(c.to, c.from) && !c.frozen.Load() {
			return n, err
		}
	}
}

// station is one server of a test: a network, and links to others.
type station struct {
	t       testing.TB
	f       *field
	id      wire.ServerID
	system  *actor.ActorSystem
	net     *Network
	log     *logged
	hello   atomic.Pointer[wire.Hello]
	links   map[wire.ServerID]*end
	closing sync.Once
	dead    atomic.Bool // opens no connections any more
}

// end is a link of a station's.
type end struct {
	pid     *actor.PID
	ups     chan wire.Hello
	downs   chan error
	got     chan []byte
	deliver atomic.Pointer[func([]byte) error]
	check   atomic.Pointer[func(wire.Hello) error]
	onHello atomic.Pointer[func()] // called once
	isUp    atomic.Bool
	link    *Link
}

type setup struct {
	security Security
	timeout  time.Duration
	bind     string
	change   func(*NetworkOptions)
}

var incarnations atomic.Uint64

// stand starts a server's network, with links to others.
func (f *field) stand(t testing.TB, id wire.ServerID, peers []wire.ServerID, o setup) *station {
	t.Helper()
	s := f.listen(t, id, peers, o)
	s.place()
	for _, p := range peers {
		s.link(p, o)
	}
	return s
}

func (s *station) place() { s.f.place(s.id, s.net.Addr().String()) }

func (f *field) listen(t testing.TB, id wire.ServerID, peers []wire.ServerID, o setup) *station {
	t.Helper()
	log := &logged{}
	z := zerolog.New(log).With().Int("server", int(id)).Logger()
	if o.bind == "" {
		o.bind = "127.0.0.1:0"
	}
	s := &station{t: t, f: f, id: id, log: log, links: map[wire.ServerID]*end{},
		system: actor.NewActorSystem(actor.WithLoggerFactory(supervise.LoggerFactory(z)))}
	members := []wire.Member{{ID: id, Voter: true}}
	addresses := map[wire.ServerID]string{}
	for _, p := range peers {
		members = append(members, wire.Member{ID: p, Voter: true})
		addresses[p] = "127.0.0.1:1"
	}
	s.hello.Store(&wire.Hello{Incarnation: incarnations.Add(1), Members: members,
		Record: wire.Versions{Low: 1, High: 2}, Eval: wire.Versions{Low: 1, High: 1}})
	options := NetworkOptions{System: s.system, Self: id, Bind: o.bind, Addresses: addresses, Resolve: f.where,
		Security: o.security, Dial: f.dialer(id, &s.dead), Log: z}
	if o.change != nil {
		o.change(&options)
	}
	var err error
	if s.net, err = Listen(options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s
}

func (s *station) close() { s.closing.Do(s.net.Close) }

// link starts the link to a server.
func (s *station) link(peer wire.ServerID, o setup) *end {
	e := &end{ups: make(chan wire.Hello, 1000), downs: make(chan error, 1000), got: make(chan []byte, 100_000)}
	if o.timeout == 0 {
		o.timeout = 5 * time.Second
	}
	l := New(Options{Network: s.net, Peer: peer, PeerTimeout: o.timeout,
		Hello: func() wire.Hello {
			if f := e.onHello.Swap(nil); f != nil {
				(*f)()
			}
			return *s.hello.Load()
		},
		Check: func(h wire.Hello) error {
			if f := e.check.Load(); f != nil {
				return (*f)(h)
			}
			return nil
		},
		Up: func(_ actor.Context, h wire.Hello) {
			if e.isUp.Swap(true) {
				s.t.Error("up twice")
			}
			e.ups <- h
		},
		Down: func(_ actor.Context, why error) {
			if !e.isUp.Swap(false) {
				s.t.Error("down without up")
			}
			e.downs <- why
		},
		Deliver: func(b []byte) error {
			if !e.isUp.Load() {
				s.t.Error("delivered while down")
			}
			if f := e.deliver.Load(); f != nil {
				return (*f)(b)
			}
			e.got <- b
			return nil
		},
		Log: s.net.o.Log})
	e.link = l
	e.pid = s.system.Root.SpawnPrefix(supervise.Props(s.net.o.Log, "link", func() actor.Actor { return l }), "link")
	s.links[peer] = e
	return e
}

func one(m Message) *Send { return &Send{Messages: []Message{m}} }

func (s *station) send(peer wire.ServerID, message any) {
	to := s.links[peer].pid
	if _, ok := message.(*Send); ok {
		to = s.net.Lane(peer)
	}
	s.system.Root.Send(to, message)
}

// pair starts two servers and waits until their link is up.
func pair(t testing.TB, o setup) (f *field, a, b *station) {
	t.Helper()
	f = newField()
	a, b = f.stand(t, 1, []wire.ServerID{2}, o), f.stand(t, 2, []wire.ServerID{1}, o)
	meet(t, a, b)
	return f, a, b
}

// meet waits until the link of two servers is up on both sides.
func meet(t testing.TB, a, b *station) {
	t.Helper()
	receive(t, "up here", a.links[b.id].ups)
	receive(t, "up there", b.links[a.id].ups)
}

// discard is for benchmarks.
var discard = zerolog.New(io.Discard)

// spied keeps all bytes that are sent and received on connections.
type spied struct{ logged }

type tapped struct {
	net.Conn
	spy *spied
}

func (s *spied) dialer(next func(context.Context, wire.ServerID, string) (net.Conn, error)) func(context.Context, wire.ServerID, string) (net.Conn, error) {
	return func(ctx context.Context, to wire.ServerID, addr string) (net.Conn, error) {
		c, err := next(ctx, to, addr)
		if err != nil {
			return nil, err
		}
		return &tapped{c, s}, nil
	}
}

func (s *spied) keep(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.b.Write(b)
}

func (c *tapped) Write(b []byte) (int, error) {
	c.spy.keep(b)
	return c.Conn.Write(b)
}

func (c *tapped) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.spy.keep(b[:n])
	return n, err
}

func newSystem() *actor.ActorSystem {
	return actor.NewActorSystem(actor.WithLoggerFactory(supervise.LoggerFactory(discard)))
}
