package link

import (
	"context"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"troupe/wire"
)

// port is where a network meets the link for one other server. It outlives the
// link's actor, which may be replaced at any time.
type port struct {
	n    *Network
	peer wire.ServerID
	pid  *actor.PID // of the other server's end
	lane *actor.PID // of the way to it

	mu      sync.Mutex
	link    *actor.PID // nil: there is none at present
	out     outgoing
	state   portState
	stream  *outStream // the one that is opening or open
	parked  *greeting  // waits for a verdict
	goodbye chan struct{}
	slow    int        // dials that have timed out in a row, up to maxSlow
	failing time.Time  // dials have failed since; zero: the last one did not
	trouble complaints // with dialing
}

// portState is that of the stream to the other server.
type portState uint8

const (
	idle    portState = iota // there is none: Remote opens one for the first frame
	dialing                  // one Hello waits for it; no more, since the queue has no bound
	open
	ending // nothing may be sent until Remote has forgotten it, or it would open another
)

// register makes an actor the link: it is told from now on what happens, first
// of a stream that its predecessor has left, if any.
func (p *port) register(c actor.Context) (free bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.link, p.out.up = c.Self(), false
	if p.parked != nil {
		c.Send(p.link, p.parked)
	}
	if p.state == idle {
		return true
	}
	p.cutLocked()
	return false
}

// unregister ends that, unless another has taken the place.
func (p *port) unregister(link *actor.PID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.link == link {
		p.link = nil
	}
}

func (p *port) tell(message any) {
	p.mu.Lock()
	link := p.link
	p.mu.Unlock()
	if link != nil {
		p.n.o.System.Root.Send(link, message)
	}
}

// greet hands a Hello to the link, now or as soon as there is one. Only the
// newest waits.
func (p *port) greet(g *greeting) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.parked = g
	if p.link != nil {
		p.n.o.System.Root.Send(p.link, g)
	}
}

// judged takes a greeting out of the park.
func (p *port) judged(g *greeting) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.parked == g {
		p.parked = nil
	}
}

// dial opens a stream, unless there is one, with a Hello that waits for it. The
// link calls it once at first, and once after each disconnected.
func (p *port) dial(hello []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == idle {
		p.state = dialing
		p.send(hello)
	}
}

// frame sends a frame; it is dropped unless a stream stands.
func (p *port) frame(b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frameLocked(b)
}

func (p *port) frameLocked(b []byte) {
	if p.state == open {
		p.send(b)
	}
}

func (p *port) send(b []byte) {
	p.n.o.System.Root.Send(p.pid, &wrapperspb.BytesValue{Value: b})
}

// cut ends the stream, if there is one; the link is told when that is done.
func (p *port) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cutLocked()
}

func (p *port) cutLocked() {
	if p.stream != nil {
		p.stream.cancel()
	}
	if p.state == open {
		p.state = ending
	}
}

// leave notes that the other server has been told goodbye.
func (p *port) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == open && p.goodbye == nil {
		p.goodbye = make(chan struct{})
	}
}

// left is closed once a goodbye has been heard, or when there was none.
func (p *port) left() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.goodbye != nil {
		return p.goodbye
	}
	c := make(chan struct{})
	close(c)
	return c
}

// hurry makes a dial that waits for its next attempt try at once.
func (p *port) hurry() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == dialing && p.stream != nil {
		p.stream.conn.ResetConnectBackoff()
	}
}

// opening notes a stream that Remote opens.
func (p *port) opening(s *outStream) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stream, p.state = s, dialing
	if p.n.done.Err() != nil {
		s.cancel()
	}
}

// opened notes that the other side has answered.
func (p *port) opened(s *outStream) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stream == s && s.ctx.Err() == nil {
		p.state, p.slow, p.failing = open, 0, time.Time{}
		p.trouble.forget()
		if p.link != nil {
			p.n.o.System.Root.Send(p.link, &connected{})
		}
	}
}

// published notes that Remote has told of it.
func (p *port) published() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stream != nil {
		p.stream.announce()
	}
}

// ended notes that the stream is over. forget is called where nothing can be
// sent, and makes Remote forget the stream.
func (p *port) ended(s *outStream, why error, forget func()) {
	p.mu.Lock()
	if p.stream != s {
		p.mu.Unlock()
		forget()
		return
	}
	p.state = ending
	p.mu.Unlock()
	forget()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stream != s {
		return
	}
	p.stream, p.state = nil, idle
	if p.goodbye != nil {
		close(p.goodbye)
		p.goodbye = nil
	}
	if p.link != nil {
		p.n.o.System.Root.Send(p.link, &disconnected{why})
	}
}

// outStream is a stream that this server has opened. Remote waits for two
// seconds after an attempt that fails, so to Remote none does: what fails looks
// like a stream that was opened and broke.
type outStream struct {
	grpc.ClientStream // nil if there never was one
	p                 *port
	conn              *grpc.ClientConn
	ctx               context.Context
	cancel            context.CancelFunc
	failed            error
	answered          bool // used by the receiving goroutine only
	announced         chan struct{}
	announce          func() // closes announced, once
}
