package gateway

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/rs/zerolog"

	"troupe/actors/config"
	"troupe/actors/metrics"
	"troupe/actors/session"
	"troupe/actors/supervise"
	"troupe/actors/tree"
)

// perSession is how many requests of one session may be outstanding.
const perSession = 512

// largeRequests is how many bytes of large requests may be in work, of all sessions
// together: enough to keep the disk busy, and little to wait behind. Each is held some
// four times over on its way to the log and the tree.
const largeRequests = 2 << 20

// holdFor is how many PeerTimeouts clients wait for a leader. A vote takes one at most, which is until a
// server that has fallen silent does not count any more.
const holdFor = 2

// Accepts.
type (
	// Serve brings the tree of an incarnation and the role of a reign that serves.
	Serve struct{ Tree, Role *actor.PID }
	// Hold tells that the reign is over. Connections stay, and wait for the next.
	Hold struct{}
	// Unserve tells that the incarnation has ended. All connections are closed.
	Unserve struct{}
	// accepted is a connection within the limits, from the listener's goroutine.
	accepted struct{ conn net.Conn }
	// deaf tells that the listener has failed.
	deaf struct{ err error }
)

// Options are what the actor is made with.
type Options struct {
	Listener net.Listener // the actor owns it
	Config   *config.Config
	Words    session.Words
	Metrics  *metrics.Registry
	Log      zerolog.Logger
	Failed   func(error) // the listener is gone: the process cannot go on
}

// Gateway is the actor.
type Gateway struct {
	o        Options
	limits   *limits
	serve    *Serve // nil while the server does not serve
	all      *session.Shared
	auth     *session.Authenticator
	next     tree.Conn
	sessions map[string]*client // by the PID's id
}

// client is a connection and its actor.
type client struct {
	pid   *actor.PID
	id    tree.Conn
	conn  net.Conn
	leave func() // frees its place, once
}

// New makes the actor.
func New(o Options) *Gateway {
	outstanding := o.Config.GlobalOutstandingLimit
	return &Gateway{o: o, limits: newLimits(o.Config.MaxClientCnxns, o.Config.MaxCnxns),
		all: session.NewShared(outstanding, largeRequests), sessions: make(map[string]*client),
		auth: &session.Authenticator{SuperDigest: o.Config.SuperDigest, DigestAlg: o.Config.DigestAlg,
			EnsembleNames: o.Config.EnsembleAuthNames}}
}

// Receive implements actor.Actor.
func (g *Gateway) Receive(c actor.Context) {
	switch m := c.Message().(type) {
	case *accepted:
		g.onAccepted(c, m)
	case *Serve:
		g.serve = m
		for _, s := range g.sessions {
			c.Send(s.pid, &session.Resume{Tree: m.Tree, Role: m.Role})
		}
	case *Hold:
		g.serve = nil
		for _, s := range g.sessions {
			c.Send(s.pid, &session.Hold{})
		}
	case *Unserve:
		g.serve = nil
		for _, s := range g.sessions {
			c.Send(s.pid, &session.Close{Why: "the replica is being rebuilt"})
		}
	case *actor.Terminated:
		g.onTerminated(m)
	case *supervise.Failed:
		g.onFailed(c, m)
	case *deaf:
		g.o.Failed(m.err)
	case *actor.Started:
		g.listen(c)
	case *actor.Stopping:
		_ = g.o.Listener.Close() // ends the accepting goroutine; its error is the close itself
	}
}

// listen accepts connections in a goroutine until the listener is closed.
// Whoever is over a limit is closed here, without a byte.
func (g *Gateway) listen(c actor.Context) {
	self, root := c.Self(), c.ActorSystem().Root
	log := g.o.Log.Sample(&zerolog.BurstSampler{Burst: 5, Period: time.Second})
	go func() {
		for {
			conn, err := g.o.Listener.Accept()
			switch {
			case err == nil:
				if !g.limits.admit(address(conn).Addr()) {
					g.o.Metrics.Rejected.Add(1)
					log.Warn().Stringer("client", address(conn).Addr()).Int("maxClientCnxns", g.o.Config.MaxClientCnxns).
						Msg("connection refused: too many connections")
					_ = conn.Close() // refused; nobody is to hear more of it
					continue
				}
				root.Send(self, &accepted{conn})
			case errors.Is(err, net.ErrClosed):
				return
			case temporary(err):
				time.Sleep(10 * time.Millisecond) // out of descriptors: those in use have to go first
			default:
				root.Send(self, &deaf{fmt.Errorf("accepting client connections: %w", err)})
				return
			}
		}
	}()
}

func (g *Gateway) onAccepted(c actor.Context, m *accepted) {
	g.next++
	remote := address(m.conn)
	if tc, ok := m.conn.(*net.TCPConn); ok {
		_ = tc.SetNoDelay(true) // Go's default already
		_ = tc.SetKeepAlive(g.o.Config.TCPKeepAlive)
	}
	id := uint64(g.next)
	leave := sync.OnceFunc(func() {
		g.limits.leave(remote.Addr())
		g.o.Metrics.Close(id)
	})
	o := session.Options{Conn: m.conn, Leave: leave, ID: g.next, RemoteIP: remote.Addr().Unmap().String(), All: g.all,
		Outstanding: perSession, MaxFrame: g.o.Config.JuteMaxBuffer, HelloTimeout: g.o.Config.SessionlessTimeout,
		MaxHold:    holdFor * g.o.Config.PeerTimeout,
		MinTimeout: g.o.Config.MinSessionTimeout, MaxTimeout: g.o.Config.MaxSessionTimeout, Auth: g.auth,
		Words: g.o.Words, Metrics: g.o.Metrics, Stats: g.o.Metrics.Open(id, remote), Log: g.o.Log}
	if g.serve != nil {
		o.Tree, o.Role = g.serve.Tree, g.serve.Role
	}
	pid := c.SpawnPrefix(supervise.Props(g.o.Log, "session", func() actor.Actor { return session.New(o) }), "session")
	c.Watch(pid)
	g.sessions[pid.Id] = &client{pid, g.next, m.conn, leave}
}

func (g *Gateway) onTerminated(m *actor.Terminated) {
	if s := g.sessions[m.Who.Id]; s != nil {
		delete(g.sessions, m.Who.Id)
		s.leave()
	}
}

// onFailed ends the connection of a session that panicked. The actor may not
// have got as far as closing it.
func (g *Gateway) onFailed(c actor.Context, m *supervise.Failed) {
	if s := g.sessions[m.Who.Id]; s != nil {
		s.leave()
		_ = s.conn.Close() // it may be closed already
	}
	c.Stop(m.Who)
}

func address(conn net.Conn) netip.AddrPort {
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		return a.AddrPort()
	}
	return netip.AddrPort{}
}
