package gateway

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
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
	settings *session.Settings
	props    *actor.Props    // of sessions, all alike
	making   session.Options // of the session that is being spawned, which happens in the midst of Spawn
	next     tree.Conn
	free     func(*client)      // whichever goroutine calls it
	sessions map[string]*client // by the PID's id
}

// client is a connection and its actor.
type client struct {
	pid    *actor.PID
	id     tree.Conn
	conn   net.Conn
	remote netip.Addr
	free   func(*client)
	left   atomic.Bool
}

// leave frees its place, once.
func (s *client) leave() {
	if !s.left.Swap(true) {
		s.free(s)
	}
}

// New makes the actor.
func New(o Options) *Gateway {
	g := &Gateway{o: o, limits: newLimits(o.Config.MaxClientCnxns, o.Config.MaxCnxns), sessions: make(map[string]*client),
		settings: &session.Settings{All: session.NewShared(o.Config.GlobalOutstandingLimit, largeRequests),
			Outstanding: perSession, MaxFrame: o.Config.JuteMaxBuffer, HelloTimeout: o.Config.SessionlessTimeout,
			MaxHold: holdFor * o.Config.PeerTimeout, MinTimeout: o.Config.MinSessionTimeout, MaxTimeout: o.Config.MaxSessionTimeout,
			Auth: &session.Authenticator{SuperDigest: o.Config.SuperDigest, DigestAlg: o.Config.DigestAlg,
				EnsembleNames: o.Config.EnsembleAuthNames},
			Words: o.Words, Metrics: o.Metrics, Log: o.Log}}
	g.free = func(s *client) {
		g.limits.leave(s.remote)
		g.o.Metrics.Close(uint64(s.id))
	}
	g.props = supervise.Props(o.Log, "session", func() actor.Actor { return session.New(g.making) })
	return g
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
	case *session.Ended:
		g.forget(m.Who)
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
	s := &client{id: g.next, conn: m.conn, remote: remote.Addr(), free: g.free}
	g.making = session.Options{Settings: g.settings, Gateway: c.Self(), Conn: m.conn, Leave: s.leave, ID: g.next,
		RemoteIP: remote.Addr().Unmap().String(), Stats: g.o.Metrics.Open(uint64(g.next), remote)}
	if g.serve != nil {
		g.making.Tree, g.making.Role = g.serve.Tree, g.serve.Role
	}
	s.pid = c.SpawnPrefix(g.props, "session")
	g.making = session.Options{}
	g.sessions[s.pid.Id] = s
}

func (g *Gateway) forget(who *actor.PID) {
	if s := g.sessions[who.Id]; s != nil {
		delete(g.sessions, who.Id)
		s.leave()
	}
}

// onFailed ends the connection of a session that panicked. The actor may not
// have got as far as closing it.
func (g *Gateway) onFailed(c actor.Context, m *supervise.Failed) {
	if s := g.sessions[m.Who.Id]; s != nil {
		g.forget(m.Who)
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
