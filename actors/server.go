package actors

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/rs/zerolog"

	"troupe/actors/config"
	"troupe/actors/gateway"
	"troupe/actors/link"
	"troupe/actors/metrics"
	"troupe/actors/replica"
	"troupe/actors/session"
	"troupe/actors/supervise"
	"troupe/persistence"
	"troupe/wire"
)

// stopTimeout bounds an orderly shutdown.
const stopTimeout = 10 * time.Second

// Options are what a server needs besides its configuration.
type Options struct {
	Log         zerolog.Logger
	Persistence persistence.Options // the zero value is real files; NoSync follows the configuration
	// LastCounter is the counter of a zxid at which a leader steps to the next epoch,
	// 0 for well before it is spent. For tests.
	LastCounter uint32
	// Words makes what answers four-letter words.
	Words func(*config.Config, *metrics.Registry) session.Words
}

// Server is a running server.
type Server struct {
	system   *actor.ActorSystem
	root     *actor.PID
	addr     net.Addr
	serving  chan struct{}
	done     chan struct{}
	stopOnce sync.Once
	err      error // set before done is closed
}

// Start listens on the client port, which answers from then on, and recovers in
// the background. The error is that of listening.
func Start(cfg *config.Config, o Options) (*Server, error) {
	ln, err := net.Listen("tcp", net.JoinHostPort(cfg.ClientAddress, strconv.Itoa(cfg.ClientPort)))
	if err != nil {
		return nil, fmt.Errorf("client port: %w", err)
	}
	own := *cfg
	own.ClientPort = ln.Addr().(*net.TCPAddr).Port
	o.Persistence.NoSync = !cfg.ForceSync
	s := &Server{addr: ln.Addr(), serving: make(chan struct{}), done: make(chan struct{}),
		system: actor.NewActorSystem(actor.WithDeadLetterThrottleCount(1),
			actor.WithDeadLetterThrottleInterval(10*time.Second), actor.WithDeadLetterRequestLogging(false),
			actor.WithLoggerFactory(supervise.LoggerFactory(o.Log)))}
	network, err := listen(s.system, &own, o.Log)
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	registry := metrics.NewRegistry()
	r := &root{server: s, log: o.Log, replica: replica.Options{Config: &own, Persistence: o.Persistence,
		Metrics: registry, Log: o.Log, Network: network, Incarnation: rand.Uint64() | 1, LastCounter: o.LastCounter},
		gateway: gateway.Options{Listener: ln, Config: &own, Words: o.Words(&own, registry), Metrics: registry, Log: o.Log}}
	props := supervise.Props(o.Log, "server", func() actor.Actor { return r }).Configure(actor.WithGuardian(r))
	s.root, err = s.system.Root.SpawnNamed(props, "server")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("root actor: %w", err), ln.Close())
	}
	return s, nil
}

// listen opens the quorum port, which a server alone has no need of.
func listen(system *actor.ActorSystem, cfg *config.Config, log zerolog.Logger) (*link.Network, error) {
	if !cfg.Ensemble() {
		return nil, nil
	}
	security, err := security(cfg)
	if err != nil {
		return nil, err
	}
	self := cfg.Self()
	bind := self.Host
	if cfg.QuorumListenOnAllIPs {
		bind = ""
	}
	o := link.NetworkOptions{System: system, Self: cfg.MyID, Security: security, Log: log, PeerTimeout: cfg.PeerTimeout,
		Bind: net.JoinHostPort(bind, strconv.Itoa(self.QuorumPort)), Addresses: make(map[wire.ServerID]string)}
	for _, s := range cfg.Others() {
		o.Addresses[s.ID] = net.JoinHostPort(s.Host, strconv.Itoa(s.QuorumPort))
	}
	if ip := net.ParseIP(self.Host); ip != nil && !ip.IsUnspecified() {
		o.LocalAddress = self.Host
	}
	return link.Listen(o)
}

// security is how the other servers are known.
func security(cfg *config.Config) (link.Security, error) {
	switch {
	case cfg.QuorumTLS != nil:
		s, err := link.FromPEM(cfg.QuorumTLS.KeyStore, cfg.QuorumTLS.KeyStore, cfg.QuorumTLS.TrustStore)
		if cfg.QuorumTLS.AnyName {
			s = s.AnyName()
		}
		return s, err
	case len(cfg.QuorumSecret) > 0:
		return link.FromSecret(cfg.QuorumSecret)
	}
	return link.AddressesOnly(), nil
}

// Addr is where clients connect.
func (s *Server) Addr() net.Addr { return s.addr }

// Serving is closed once clients are served for the first time.
func (s *Server) Serving() <-chan struct{} { return s.serving }

// Done is closed when the server has ended, by Stop or by itself.
func (s *Server) Done() <-chan struct{} { return s.done }

// Err says, once Done is closed, why the server ended by itself; nil after Stop.
func (s *Server) Err() error { return s.err }

// Stop ends the server in order: clients are disconnected, what is under way on
// disk is finished, files are closed. It returns when that is done, or after ten
// seconds.
func (s *Server) Stop() {
	s.stopOnce.Do(func() { s.system.Root.Send(s.root, &stop{}) })
	select {
	case <-s.done:
	case <-time.After(stopTimeout):
	}
}

// Crash makes the actors of a kind panic (txlog, checkpoint, tree, leader,
// session, gateway), if there are any: for tests of supervision.
func (s *Server) Crash(kind, reason string) {
	for _, pid := range s.pids(kind) {
		s.system.Root.Send(pid, &supervise.Crash{Reason: reason})
	}
}

// pids are the actors of a kind.
func (s *Server) pids(kind string) (pids []*actor.PID) {
	for _, shard := range s.system.ProcessRegistry.LocalPIDs.LocalPIDs {
		for _, id := range shard.Keys() {
			if supervise.KindOf(id) == kind {
				pids = append(pids, actor.NewPID(s.system.Address(), id))
			}
		}
	}
	return pids
}
