package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Refusal is why another server has ended a stream of this one's.
type Refusal struct{ Why string }

func (r *Refusal) Error() string { return r.Why }

// dial connects to the server that a name stands for.
func (n *Network) dial(ctx context.Context, name string) (net.Conn, error) {
	p := n.portOf(name)
	if p == nil {
		return nil, fmt.Errorf("no server is called %s", name)
	}
	address := n.address(p.peer)
	ctx, cancel := context.WithTimeout(ctx, p.patience())
	defer cancel()
	if n.o.Dial != nil {
		c, err := n.o.Dial(ctx, p.peer, address)
		p.dialFailed(err)
		return c, err
	}
	var d net.Dialer
	if n.o.LocalAddress != "" {
		local, err := net.ResolveIPAddr("ip", n.o.LocalAddress)
		if err != nil {
			p.dialFailed(err)
			return nil, err
		}
		d.LocalAddr = &net.TCPAddr{IP: local.IP, Zone: local.Zone}
	}
	c, err := connect(ctx, connectAgain, func(ctx context.Context) (net.Conn, error) { return n.attempt(ctx, d, address) })
	p.dialFailed(err)
	if err == nil {
		hasten(c)
	}
	return c, err
}

// quietDialing is for how long dials may fail before anybody is told: servers that
// are started together are not there at the same moment.
const quietDialing = time.Second

// dialFailed tells of an attempt that failed, unless it is no news. A dial goes
// on until it succeeds.
func (p *port) dialFailed(err error) {
	if err == nil || p.n.done.Err() != nil {
		return
	}
	p.n.counters.DialFailures.Add(1)
	var late net.Error
	p.mu.Lock()
	if errors.As(err, &late) && late.Timeout() {
		p.slow = min(p.slow+1, maxSlow)
	}
	if p.failing.IsZero() {
		p.failing = time.Now()
	}
	since := p.failing
	p.mu.Unlock()
	if why := cause(err); time.Since(since) >= quietDialing && p.trouble.news(why) {
		p.n.o.Log.Warn().Uint8("peer", uint8(p.peer)).Str("address", p.n.address(p.peer)).Time("since", since).Str("why", why).
			Msg("server cannot be reached")
	}
}

// patience is how long a step of connecting may take. It grows while nothing is
// reached in that time, since it may be this machine that is slow.
func (p *port) patience() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return stepTimeout << p.slow
}

// open is the interceptor of the streams that Remote opens.
func (n *Network) open(ctx context.Context, d *grpc.StreamDesc, conn *grpc.ClientConn, method string,
	next grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	p := n.portOf(conn.Target())
	if p == nil {
		return nil, fmt.Errorf("no server is called %s", conn.Target())
	}
	s := &outStream{p: p, conn: conn, announced: make(chan struct{})}
	s.announce = sync.OnceFunc(func() { close(s.announced) })
	s.ctx, s.cancel = context.WithCancel(ctx)
	p.opening(s)
	s.ClientStream, s.failed = next(s.ctx, d, conn, method, opts...)
	return s, nil
}

// SendMsg implements grpc.ClientStream. Errors are left to RecvMsg, which gets
// the reason.
func (s *outStream) SendMsg(m any) error {
	if s.failed == nil {
		_ = s.ClientStream.SendMsg(m)
	}
	return nil
}

// RecvMsg implements grpc.ClientStream. The first message is the other's answer
// to the request for a connection; nothing may follow it.
func (s *outStream) RecvMsg(m any) error {
	if !s.answered {
		s.answered = true
		s.answer(m.(*remote.RemoteMessage))
		return nil
	}
	err := s.failed
	if err == nil {
		if err = s.ClientStream.RecvMsg(m); err == nil {
			err = errors.New("it sends where it should only listen")
		}
	}
	s.cancel()
	select {
	case <-s.announced:
	case <-time.After(time.Second):
	}
	s.p.ended(s, reason(err), func() {
		s.p.n.o.System.EventStream.Publish(&remote.EndpointTerminatedEvent{Address: nameOf(s.p.peer)})
	})
	return io.EOF // Remote leaves it at that: it has been told
}

// answer waits for the other's answer, not for ever.
func (s *outStream) answer(m *remote.RemoteMessage) {
	if s.failed == nil {
		limit := time.AfterFunc(4*s.p.patience(), s.cancel)
		s.failed = s.ClientStream.RecvMsg(m)
		limit.Stop()
	}
	if _, ok := m.MessageType.(*remote.RemoteMessage_ConnectResponse); ok && s.failed == nil {
		s.p.opened(s)
		return
	}
	if s.failed == nil {
		s.failed = errors.New("it does not answer as a server would")
	}
	m.MessageType = &remote.RemoteMessage_ConnectResponse{ConnectResponse: &remote.ConnectResponse{}}
}

// CloseSend implements grpc.ClientStream.
func (s *outStream) CloseSend() error {
	if s.failed != nil || s.ClientStream == nil {
		return nil
	}
	return s.ClientStream.CloseSend()
}

// Context implements grpc.ClientStream.
func (s *outStream) Context() context.Context { return s.ctx }

// Header implements grpc.ClientStream.
func (s *outStream) Header() (metadata.MD, error) { return nil, nil }

// Trailer implements grpc.ClientStream.
func (s *outStream) Trailer() metadata.MD { return nil }

// reason tells a refusal from a loss.
func reason(err error) error {
	st, ok := status.FromError(err)
	if !ok {
		return err
	}
	switch st.Code() {
	case codes.PermissionDenied, codes.FailedPrecondition, codes.InvalidArgument:
		return &Refusal{st.Message()}
	case codes.Canceled:
		return errCut
	}
	return errors.New(st.Message())
}

// errCut is the end of a stream that this server has cut.
var errCut = errors.New("cut")

// dialed is a connection to another server. It tells when the other side hangs
// up before it has said anything, which is how a refusal looks that comes before
// a stream is there to give reasons on.
type dialed struct {
	net.Conn
	p    *port
	hint string
	read atomic.Bool
}

// Read implements net.Conn.
func (d *dialed) Read(b []byte) (int, error) {
	n, err := d.Conn.Read(b)
	if n > 0 && !d.read.Swap(true) {
		_ = d.SetReadDeadline(time.Time{}) // it talks; a connection that is broken says so at the next read
	}
	if err != nil && !d.read.Swap(true) && !errors.Is(err, net.ErrClosed) {
		d.p.dialFailed(fmt.Errorf("%s: %w", d.hint, err))
	}
	return n, err
}
