package link

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/eventstream"
	"github.com/asynkron/protoactor-go/remote"
	"github.com/rs/zerolog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/keepalive"

	"troupe/wire"
)

// NetworkOptions are what a server's end of the quorum traffic needs.
type NetworkOptions struct {
	System    *actor.ActorSystem
	Self      wire.ServerID
	Bind      string                     // host:port to listen on; port 0 is picked by the kernel
	Addresses map[wire.ServerID]string   // host:port of all other servers; names are resolved at every dial
	Resolve   func(wire.ServerID) string // if not nil: the address, at this moment, of a server of Addresses
	// LocalAddress is the address to connect from, "" for whichever the kernel picks.
	LocalAddress string
	Security     Security
	// PeerTimeout is for how long a link may be silent; 0: there is no limit to how far
	// another server may be.
	PeerTimeout time.Duration
	// Dial replaces net.Dialer.
	Dial     func(ctx context.Context, peer wire.ServerID, addr string) (net.Conn, error)
	Log      zerolog.Logger
	Counters *Counters // nil: its own

	unproven time.Duration // for a connection to show a valid Hello; 0: unprovenTime
}

// Network is this server's end of all quorum traffic. It is made before any
// actor is spawned, since PIDs take the system's address from it.
type Network struct {
	o        NetworkOptions
	counters *Counters
	remote   *remote.Remote
	events   *eventstream.Subscription
	addr     net.Addr
	ports    map[wire.ServerID]*port
	names    hosts
	gate     gate
	streams  atomic.Uint64   // numbers inbound streams
	strange  [2]complaints   // about strangers, and about what comes from servers' addresses
	done     context.Context // is over when the network is closed
	end      context.CancelFunc
}

const (
	bindPatience   = 2 * time.Second
	unprovenTime   = 5 * time.Second
	stepTimeout    = 500 * time.Millisecond // at first: see patience
	maxSlow        = 3                      // times that it doubles
	connectTimeout = 20 * time.Second       // all steps
	goodbyeTime    = 100 * time.Millisecond
)

// Listen opens the port and starts the remote. The error says what is wrong with
// the port; one that is taken is tried again for two seconds, since whoever has
// it may be ending.
func Listen(o NetworkOptions) (*Network, error) {
	n := &Network{o: o, counters: o.Counters, ports: map[wire.ServerID]*port{}}
	if n.counters == nil {
		n.counters = &Counters{}
	}
	if n.o.unproven == 0 {
		n.o.unproven = unprovenTime
	}
	n.done, n.end = context.WithCancel(context.Background())
	n.gate.open = map[*admitted]bool{}
	for id := range o.Addresses {
		if id != o.Self {
			n.ports[id] = &port{n: n, peer: id, pid: actor.NewPID(nameOf(id), targetID)}
		}
	}
	n.names.init(n)
	if err := n.start(); err != nil {
		n.end()
		return nil, err
	}
	n.events = o.System.EventStream.Subscribe(n.onEvent)
	for _, p := range n.ports {
		p.lane, _ = o.System.ProcessRegistry.Add(lane{p}, "lane-to-"+nameOf(p.peer)) // the name is nobody else's
	}
	return n, nil
}

// Lane is what is sent to for another server: see Send.
func (n *Network) Lane(to wire.ServerID) *actor.PID { return n.ports[to].lane }

// targetID is what frames are addressed to. No process has this name: the guard
// puts the stream's own in its place.
const targetID = "quorum"

// nameOf is the address of a server in PIDs; the dialer knows where it is.
func nameOf(id wire.ServerID) string { return "server-" + strconv.Itoa(int(id)) }

// starting serializes Remote.Start, which sets a logger for all of gRPC.
var starting sync.Mutex

func (n *Network) start() error {
	host, port, err := net.SplitHostPort(n.o.Bind)
	if err != nil {
		return fmt.Errorf("quorum port: %w", err)
	}
	if ip := net.ParseIP(host); ip != nil && ip.To4() == nil {
		host = "[" + host + "]"
	}
	starting.Lock()
	defer starting.Unlock()
	for end := time.Now().Add(bindPatience); ; {
		var number int
		if number, err = n.probe(host + ":" + port); err == nil {
			if err = n.startAt(host, number); err == nil {
				return nil
			}
		}
		if !errors.Is(err, syscall.EADDRINUSE) || time.Now().After(end) {
			return fmt.Errorf("quorum port: %w", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// probe listens for a moment, since Remote panics where it cannot, and does not
// tell which port the kernel has picked.
func (n *Network) probe(address string) (port int, err error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return 0, err
	}
	n.addr = l.Addr()
	return n.addr.(*net.TCPAddr).Port, l.Close()
}

func (n *Network) startAt(host string, port int) (err error) {
	defer func() {
		if p := recover(); p != nil { // somebody else took the port meanwhile
			err = fmt.Errorf("%w: %v", syscall.EADDRINUSE, p)
		}
	}()
	n.remote = remote.NewRemote(n.o.System, n.configuration(host, port))
	n.remote.Start()
	return nil
}

func (n *Network) configuration(host string, port int) *remote.Config {
	c := remote.Configure(host, port,
		remote.WithAdvertisedHost(nameOf(n.o.Self)),
		remote.WithEndpointWriterBatchSize(batchSize),
		remote.WithEndpointWriterQueueSize(256),
		// A dial waits inside of gRPC until there is somebody, instead of failing.
		remote.WithCallOptions(grpc.WaitForReady(true)),
		remote.WithDialOptions(
			grpc.WithTransportCredentials(transport{n}),
			grpc.WithContextDialer(n.dial),
			grpc.WithStreamInterceptor(n.open),
			grpc.WithStaticStreamWindowSize(flowWindow), grpc.WithStaticConnWindowSize(flowWindow),
			grpc.WithConnectParams(grpc.ConnectParams{MinConnectTimeout: connectTimeout,
				Backoff: backoff.Config{BaseDelay: 20 * time.Millisecond, Multiplier: 1.2, Jitter: 0.1, MaxDelay: 100 * time.Millisecond}}),
			grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 2 * time.Second, PermitWithoutStream: true})),
		remote.WithServerOptions(
			grpc.Creds(transport{n}),
			grpc.MaxRecvMsgSize(maxBatch),
			grpc.StaticStreamWindowSize(flowWindow), grpc.StaticConnWindowSize(flowWindow),
			grpc.MaxConcurrentStreams(1),
			grpc.MaxHeaderListSize(16<<10),
			grpc.ConnectionTimeout(n.o.unproven),
			grpc.KeepaliveParams(keepalive.ServerParameters{Time: time.Second, Timeout: 2 * time.Second}),
			grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 500 * time.Millisecond, PermitWithoutStream: true}),
			grpc.ChainUnaryInterceptor(n.refuseUnary),
			grpc.ChainStreamInterceptor(n.guard)))
	c.MaxRetryCount = 1
	return c
}

// Addr is where this server listens.
func (n *Network) Addr() net.Addr { return n.addr }

// Counters are the network's.
func (n *Network) Counters() *Counters { return n.counters }

// Close cuts all streams and stops listening. Servers that were told goodbye are
// given a moment to hear it.
func (n *Network) Close() {
	patience := time.After(goodbyeTime)
	for _, p := range n.ports {
		select {
		case <-p.left():
		case <-patience:
			patience = closedTime
		}
	}
	n.end()
	for _, p := range n.ports {
		p.cut()
		n.o.System.ProcessRegistry.Remove(p.lane)
	}
	n.gate.closeAll()
	n.remote.Shutdown(false) // only stops the gRPC server; the graceful way takes seconds and panics
	n.o.System.EventStream.Unsubscribe(n.events)
}

// closedTime is a time that has come.
var closedTime = func() <-chan time.Time { c := make(chan time.Time); close(c); return c }()

// onEvent notes that Remote has told everybody that a stream stands, so that its
// end is not told before.
func (n *Network) onEvent(event any) {
	if e, ok := event.(*remote.EndpointConnectedEvent); ok {
		if p := n.portOf(e.Address); p != nil {
			p.published()
		}
	}
}

// portOf finds the port by the name of its server.
func (n *Network) portOf(name string) *port {
	for id, p := range n.ports {
		if nameOf(id) == name {
			return p
		}
	}
	return nil
}

// address is where a server is at this moment.
func (n *Network) address(id wire.ServerID) string {
	if n.o.Resolve != nil {
		return n.o.Resolve(id)
	}
	return n.o.Addresses[id]
}
