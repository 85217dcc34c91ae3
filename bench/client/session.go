package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"troupe/wire"
)

// State is how a Session stands.
type State int

// The states of a Session. Expired and Closed are final.
const (
	Connecting State = iota
	Connected
	ConnectedReadOnly
	Expired
	Closed
)

// String is the state's name in ZooKeeper's words.
func (s State) String() string {
	return [...]string{"CONNECTING", "CONNECTED", "CONNECTEDREADONLY", "EXPIRED", "CLOSED"}[s]
}

const (
	firstPause = 50 * time.Millisecond // between attempts to connect
	lastPause  = time.Second
)

// Session keeps one session alive over as many connections as it takes: it
// reconnects to the next server, adds the identities again and re-arms the
// watches that were set through it. Calls wait for a connection, but none is
// sent twice: one that was under way when a connection ended ends with
// ErrConnectionLost.
type Session struct {
	API
	onState func(State)
	stop    context.CancelFunc
	done    chan struct{}

	mu      sync.Mutex
	opts    Options // with what resumes the session
	next    int     // index of the server to try next
	conn    *Conn   // nil while there is none
	last    *Conn   // still to be closed, once Closed
	state   State
	failure error         // of the last attempt to connect
	changed chan struct{} // closed, and replaced, with every change of state
	watches watches
	auths   []*wire.Auth
}

// Open begins to connect and returns at once. onState, if not nil, is called
// with every change of state, one at a time; it must not block, nor call the
// Session.
func Open(opts Options, onState func(State)) (*Session, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	if onState == nil {
		onState = func(State) {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Session{opts: opts, onState: onState, stop: cancel, done: make(chan struct{}),
		changed: make(chan struct{}), watches: newWatches()}
	s.API = API{s}
	go s.maintain(ctx)
	return s, nil
}

// Do sends req once there is a connection and waits for its reply; see Conn.Do.
func (s *Session) Do(ctx context.Context, req wire.Request) (Reply, error) {
	for {
		conn, err := s.Wait(ctx)
		if err != nil {
			return Reply{}, err
		}
		reply, err := conn.do(ctx, req, func(outcome error) { s.note(conn, req, outcome) })
		if !errors.Is(err, ErrNotSent) {
			return reply, err
		}
	}
}

// Go sends req on the connection there is and returns, see Conn.Go; it fails with
// ErrNotSent if there is none.
func (s *Session) Go(req wire.Request, done func(Reply)) error {
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	if conn == nil {
		return ErrNotSent
	}
	return conn.Go(req, func(r Reply) {
		s.note(conn, req, r.Err())
		done(r)
	})
}

// Wait waits for a connection. It fails with ErrSessionExpired or ErrClosed when
// there will be none; when the context ends first, the error tells why the last
// attempt failed. All of these are ErrNotSent too.
func (s *Session) Wait(ctx context.Context) (*Conn, error) {
	for {
		s.mu.Lock()
		conn, state, changed := s.conn, s.state, s.changed
		s.mu.Unlock()
		switch {
		case conn != nil && conn.Err() == nil:
			return conn, nil
		case state == Expired:
			return nil, fmt.Errorf("%w: %w", ErrNotSent, ErrSessionExpired)
		case state == Closed:
			return nil, fmt.Errorf("%w: %w", ErrNotSent, ErrClosed)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			s.mu.Lock()
			defer s.mu.Unlock()
			return nil, errors.Join(fmt.Errorf("%w: %w", ErrNotSent, context.Cause(ctx)), s.failure)
		}
	}
}

// State is how the session stands now.
func (s *Session) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Failure is why the last attempt to connect failed; nil if it did not.
func (s *Session) Failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure
}

// Watching tells which watches were set on path through s and have neither fired
// nor been removed.
func (s *Session) Watching(path string) WatchSet {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.watches.on(path)
}

// ForgetWatches drops the watches of one type on path without asking a server,
// which is not told of them at the next connection.
func (s *Session) ForgetWatches(path string, kind wire.WatcherType) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watches.forget(path, kind)
}

// Close ends the session and waits for the server's confirmation, if there is a
// connection.
func (s *Session) Close(ctx context.Context) error {
	if conn := s.end(); conn != nil {
		return conn.Close(ctx)
	}
	return nil
}

// Abandon ends the connection and leaves the session to its timeout, as a
// client that crashes does.
func (s *Session) Abandon() {
	if conn := s.end(); conn != nil {
		conn.Abandon()
	}
}

// end stops connecting and hands over the last connection, if it stands.
func (s *Session) end() *Conn {
	s.stop()
	<-s.done
	s.mu.Lock()
	conn := s.last
	s.last = nil
	s.mu.Unlock()
	return conn
}

// maintain connects, for as long as the session lives and is wanted.
func (s *Session) maintain(ctx context.Context) {
	defer close(s.done)
	shortest, longest := firstPause, lastPause
	if fixed := s.opts.RetryPause; fixed > 0 {
		shortest, longest = fixed, fixed
	}
	pause := shortest
	for ctx.Err() == nil {
		conn, err := s.connect(ctx)
		switch {
		case errors.Is(err, ErrSessionExpired):
			s.become(Expired, nil)
			return
		case err != nil:
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
			pause = min(2*pause, longest)
		default:
			pause = shortest
			s.serve(conn)
			select {
			case <-conn.Done():
				s.become(Connecting, nil)
			case <-ctx.Done():
			}
		}
	}
	s.become(Closed, nil)
}

// connect tries the next server.
func (s *Session) connect(ctx context.Context) (*Conn, error) {
	s.mu.Lock()
	opts := s.opts
	opts.Servers = opts.Servers[s.next : s.next+1]
	s.next = (s.next + 1) % len(s.opts.Servers)
	s.mu.Unlock()
	user := opts.OnEvent
	opts.OnEvent = func(e wire.WatchEvent) {
		s.mu.Lock()
		s.watches.fired(e)
		s.mu.Unlock()
		user(e)
	}
	conn, err := Dial(ctx, opts)
	s.mu.Lock()
	s.failure = err
	s.mu.Unlock()
	return conn, err
}

// serve brings conn to where the last connection was and makes it the current
// one.
func (s *Session) serve(conn *Conn) {
	s.mu.Lock()
	s.opts.Session, s.opts.Password = conn.SessionID(), conn.Password()
	restore := s.watches.requests(s.opts.LastZxidSeen)
	for _, a := range s.auths {
		restore = append([]wire.Request{a}, restore...)
	}
	s.mu.Unlock()
	for _, req := range restore {
		// A connection on which this cannot be had is not the session's; one
		// that has ended already says so by Done.
		_ = conn.Go(req, func(r Reply) {
			if err := r.Err(); err != nil {
				conn.fail(err)
			}
		})
	}
	state := Connected
	if conn.ReadOnly() {
		state = ConnectedReadOnly
	}
	s.become(state, conn)
}

func (s *Session) become(state State, conn *Conn) {
	s.mu.Lock()
	if s.conn != nil {
		s.opts.LastZxidSeen = s.conn.LastZxid()
	}
	if state == Closed {
		s.last = s.conn
	}
	s.state, s.conn = state, conn
	close(s.changed)
	s.changed = make(chan struct{})
	s.mu.Unlock()
	s.onState(state)
}

// note keeps what a call's outcome means for the connections to come.
func (s *Session) note(conn *Conn, req wire.Request, outcome error) {
	if outcome == wire.AuthFailed {
		// The server closes this connection: what comes next waits for another.
		conn.fail(outcome)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if auth, ok := req.(*wire.Auth); ok && outcome == nil {
		s.auths = append(s.auths, auth)
	}
	s.watches.replied(req, outcome)
}
