package session

import (
	"crypto/rand"
	"net"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/rs/zerolog"

	"troupe/actors/leader"
	"troupe/actors/metrics"
	"troupe/actors/tree"
	"troupe/wire"
)

// Options are what a connection's actor is made with.
type Options struct {
	*Settings
	Conn       net.Conn
	Leave      func() // frees the connection's place; called before the client can see that it is closed
	ID         tree.Conn
	RemoteIP   string
	Gateway    *actor.PID
	Tree, Role *actor.PID // nil while the server does not serve; the role is a leader or a follower
	Stats      *metrics.Connection
}

// Settings are what all connections have in common.
type Settings struct {
	All          *Shared // by all sessions
	Outstanding  int     // requests of one session
	MaxFrame     int     // bytes (jute.maxbuffer)
	HelloTimeout time.Duration
	MinTimeout   time.Duration // of sessions
	MaxTimeout   time.Duration
	MaxHold      time.Duration // without a leader
	Auth         *Authenticator
	Words        Words
	Metrics      *metrics.Registry
	Log          zerolog.Logger
}

// Words answers four-letter words.
type Words interface {
	// Answer renders a word's answer. The description is nil if the server does
	// not serve.
	Answer(word string, arg []byte, d *tree.Description) []byte
	// Needs tells what of the tree's description a word wants.
	Needs(word string) (figures, lists bool)
}

// state is where a connection stands.
type state int

const (
	awaitingHello state = iota
	verifying           // the tree looks whether the client may attach
	admitting           // the leader has been asked
	serving
	closing // nothing more is taken from the client
	leaving // it has been closed, and the leader still works on what it sent
)

// Session is the actor.
type Session struct {
	o          Options
	out        *outbox
	in         *reader
	window     *Window
	state      state
	connect    *wire.ConnectRequest // until it is answered
	timeout    time.Duration
	id         wire.SessionID
	generation wire.Generation
	auth       []wire.ID
	forwarded  uint64         // requests sent to the leader
	early      []*Frames      // wait: for the attachment, a sync, a leader
	syncs      []*leader.Sync // without a reply
	asked      bool           // the leader, about a session or a zxid that this server does not know
	gone       bool           // the leader says so of the session
	hold       hold
	stamps     []stamp      // of requests without a reply, in order
	queue      []wire.Reply // have not been written yet: the outbox has no room
	unwritten  int          // credits that wait for the socket to take the replies
	partial    int          // how far the first of queue has been encoded, if it is a large one
	touched    time.Time
	word       *Word
	why        string
}

// stamp is when a number of requests came, and what they count for beyond that.
type stamp struct {
	n            int
	at           time.Time
	large, extra int // as of Frames
}

// New makes the actor. It owns the connection.
func New(o Options) *Session {
	return &Session{o: o, window: NewWindow(o.Outstanding, o.All), auth: []wire.ID{{Scheme: "ip", ID: o.RemoteIP}}}
}

// Receive implements actor.Actor.
func (s *Session) Receive(c actor.Context) {
	if s.state == leaving {
		s.receiveLeaving(c)
		return
	}
	switch m := c.Message().(type) {
	case *Frames:
		s.onFrames(c, m)
	case *tree.Deliver:
		s.onDeliver(c, m)
	case *actor.Started:
		s.onStarted(c)
	case *Alive:
		s.onAlive(c, m)
	case *Hello:
		s.onHello(c, m)
	case *tree.Verified:
		s.onVerified(c, m)
	case *tree.Welcome:
		s.onWelcome(c, m)
	case *tree.Ended:
		s.onEnded(c, m)
	case *Word:
		s.onWord(c, m)
	case *tree.Description:
		s.answerWord(c, m)
	case *Drained:
		s.onDrained(c, m)
	case *Broken:
		s.onBroken(c, m)
	case *Close:
		s.stop(c, m.Why)
	case *Hold:
		s.onHold(c)
	case *tree.Settled:
		s.onSettled(c, m)
	case *leader.Gone:
		s.onGone(c)
	case *Resume:
		s.onResume(c, m)
	case *waited:
		s.onWaited(c, m)
	case *actor.Stopping:
		s.onStopping(c)
	}
}

func (s *Session) onStarted(c actor.Context) {
	self, root := c.Self(), c.ActorSystem().Root
	send := func(m any) { root.Send(self, m) }
	s.out = newOutbox(s.o.Conn, send)
	s.in = newReader(&s.o, s.window, send)
	go s.in.run()
}

// onHello negotiates the timeout and asks the tree whether the client may attach.
func (s *Session) onHello(c actor.Context, m *Hello) {
	req, err := wire.DecodeConnectRequest(m.Frame)
	if err != nil {
		s.o.Metrics.BadFrames.Add(1)
		s.stop(c, err.Error())
		return
	}
	if s.o.Tree == nil || s.o.Role == nil {
		s.stop(c, "the server does not serve")
		return
	}
	s.connect, s.state = req, verifying
	asked := time.Duration(req.Timeout) * time.Millisecond
	s.timeout = min(max(asked, s.o.MinTimeout), s.o.MaxTimeout)
	c.Send(s.o.Tree, s.ask(c))
}

func (s *Session) ask(c actor.Context) *tree.Connect {
	return &tree.Connect{Actor: c.Self(), Session: s.connect.Session, Password: s.connect.Password,
		LastZxidSeen: s.connect.LastZxidSeen}
}

func (s *Session) onVerified(c actor.Context, m *tree.Verified) {
	if m.Verdict != tree.Welcomed && !s.asked { // this server may be a little behind the one that the client comes from
		s.askAgain(c)
		return
	}
	switch m.Verdict {
	case tree.Ahead:
		s.stop(c, "the client has seen a zxid that this server has not")
		return
	case tree.Refused:
		s.refuse(c, "session expired or wrong password")
		return
	}
	var password []byte
	if s.connect.Session == 0 {
		password = make([]byte, wire.PasswordSize)
		rand.Read(password) // never fails
	}
	s.state, s.touched = admitting, time.Now() // the leader counts from here
	c.Send(s.o.Role, &leader.Admit{Conn: s.o.ID, Actor: c.Self(), Session: s.connect.Session,
		Timeout: int32(s.timeout / time.Millisecond), Password: password, Auth: s.auth})
}

// askAgain asks the tree once more, when it has applied all that is under way.
func (s *Session) askAgain(c actor.Context) {
	s.state, s.asked = verifying, true
	c.Send(s.o.Role, &leader.Sync{Connect: s.ask(c)})
}

// onGone does so where the leader knows of an end that the tree has not seen, once:
// the end may still wait for a change of leader.
func (s *Session) onGone(c actor.Context) {
	if s.gone {
		s.stop(c, "the session's end is under way")
		return
	}
	s.gone = true
	s.askAgain(c)
}

// refuse tells the client that it has no session any more.
func (s *Session) refuse(c actor.Context, why string) {
	s.respond(c, &wire.ConnectResponse{Password: make([]byte, wire.PasswordSize)})
	s.close(c, why)
}

func (s *Session) onEnded(c actor.Context, m *tree.Ended) {
	if m.Expired && s.state == admitting {
		s.refuse(c, m.Why)
		return
	}
	s.close(c, m.Why)
}

func (s *Session) respond(c actor.Context, r *wire.ConnectResponse) {
	r.HasReadOnly = s.connect.HasReadOnly
	var e wire.Encoder
	e.ConnectResponseFrame(r)
	s.write(c, e.Bytes())
}

func (s *Session) onWelcome(c actor.Context, m *tree.Welcome) {
	if s.state != admitting {
		return
	}
	s.state, s.id, s.generation = serving, m.Session, m.Generation
	s.o.Stats.Session.Store(int64(m.Session))
	s.o.Stats.Timeout.Store(int32(s.timeout / time.Millisecond))
	s.respond(c, &wire.ConnectResponse{Timeout: int32(s.timeout / time.Millisecond), Session: m.Session,
		Password: m.Password})
	s.connect = nil // what an idle client sent is not kept for long
	s.release(c)
}

// onAlive takes a client for alive that its reader cannot hear yet.
func (s *Session) onAlive(c actor.Context, m *Alive) {
	if s.state == serving {
		s.touch(c, m.At)
	}
}

// touch tells the leader that the client lives, if that is not just known.
func (s *Session) touch(c actor.Context, at time.Time) {
	if s.o.Role != nil && at.Sub(s.touched) >= leader.TouchEvery(s.timeout) {
		s.touched = at
		c.Send(s.o.Role, &leader.Touch{Session: s.id})
	}
}

func (s *Session) onWord(c actor.Context, m *Word) {
	s.state, s.word = closing, m
	figures, lists := s.o.Words.Needs(m.Word)
	if s.o.Tree == nil || !figures && !lists {
		s.answerWord(c, nil)
		return
	}
	c.Request(s.o.Tree, &tree.Describe{Lists: lists})
}

func (s *Session) answerWord(c actor.Context, d *tree.Description) {
	s.write(c, s.o.Words.Answer(s.word.Word, s.word.Arg, d))
	s.close(c, "")
}

// close ends the connection once what was written before has gone out.
func (s *Session) close(c actor.Context, why string) {
	s.state, s.why = closing, why
	if !s.out.draining {
		s.stop(c, why)
	}
}

// stop ends the connection now. If the leader still works on what came from it, that
// counts until it has been worked off: else a client that sends, closes and comes again
// could have any amount under way. A sync tells when.
func (s *Session) stop(c actor.Context, why string) {
	s.state, s.why = closing, why
	if s.forwarded == 0 || len(s.stamps) == 0 || s.o.Role == nil {
		c.Stop(c.Self())
		return
	}
	s.leave(c)
	s.state, s.early, s.queue = leaving, nil, nil
	c.Send(s.o.Role, &leader.Sync{Connect: &tree.Connect{Actor: c.Self()}})
}

// receiveLeaving waits for the sync, or for the end of the leader's reign.
func (s *Session) receiveLeaving(c actor.Context) {
	switch c.Message().(type) {
	case *tree.Verified, *Hold, *Close:
		c.Stop(c.Self())
	case *actor.Stopping:
		s.end(c)
	}
}

func (s *Session) onBroken(c actor.Context, m *Broken) {
	if isBadFrame(m.Err) {
		s.o.Metrics.BadFrames.Add(1)
	}
	if s.word != nil || s.state == closing && s.out.draining {
		return // the answer is still on its way
	}
	s.stop(c, m.Err.Error())
}

func (s *Session) onStopping(c actor.Context) {
	s.leave(c)
	s.end(c)
}

// end tells that nothing is left of the session.
func (s *Session) end(c actor.Context) {
	s.window.Close()
	c.Send(s.o.Gateway, &Ended{c.Self()})
}

// leave closes the connection.
func (s *Session) leave(c actor.Context) {
	if s.o.Tree != nil {
		c.Send(s.o.Tree, &tree.Detach{Conn: s.o.ID})
	}
	s.window.Shut()
	s.o.Leave()
	if s.in != nil {
		s.in.end()
	}
	if tc, ok := s.o.Conn.(*net.TCPConn); ok {
		_ = tc.CloseWrite() // so that what was written is read before the end; the close below reports nothing new
	}
	_ = s.o.Conn.Close()
	s.o.Log.Debug().Stringer("session", s.id).Str("client", s.o.Stats.Remote.String()).
		Str("why", s.why).Msg("connection closed")
}
