package link

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"troupe/actors/inject"
	"troupe/wire"
)

// Whoever can send to a Proto.Actor remote can stop its actors, make it connect
// to others, and end its process with one message of many. So nothing gets
// through but batches of frames, and those are delivered to a process made for
// the stream, whatever they are addressed to.

func (n *Network) refuseUnary(context.Context, any, *grpc.UnaryServerInfo, grpc.UnaryHandler) (any, error) {
	n.counters.Refused.Add(1)
	return nil, status.Error(codes.Unimplemented, "closed")
}

// guard is the interceptor of the streams that others open to this server.
func (n *Network) guard(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	in := &inbound{n: n, ctx: ss.Context()}
	if who, ok := peer.FromContext(in.ctx); ok {
		in.conn, _ = who.AuthInfo.(*admitted)
	}
	if in.conn == nil {
		return status.Error(codes.PermissionDenied, "closed")
	}
	var fresh bool
	if in.pid, fresh = n.o.System.ProcessRegistry.Add(inject.Process(inject.Frame, in), targetID+"$"+strconv.FormatUint(n.streams.Add(1), 10)); !fresh {
		return status.Error(codes.Internal, "closed")
	}
	defer func() {
		if p := recover(); p != nil { // gRPC does not: it would end the process
			n.complain(in.conn, "Proto.Actor's remote failed at what a stream brought", fmt.Errorf("panic: %v", p))
			err = status.Error(codes.InvalidArgument, "refused")
		}
		n.o.System.ProcessRegistry.Remove(in.pid)
		in.over(err)
	}()
	return next(srv, &guarded{ss, in})
}

// inbound is a stream that somebody has opened to this server, and the process
// to which Remote delivers what it brings. Remote calls it from the one goroutine
// that reads the stream.
type inbound struct {
	n        *Network
	conn     *admitted
	ctx      context.Context
	pid      *actor.PID
	port     *port // of the server whose Hello it has shown
	accepted bool  // the link has taken it
	refused  error
	incoming
}

// guarded is the stream as Remote sees it.
type guarded struct {
	grpc.ServerStream
	in *inbound
}

// RecvMsg implements grpc.ServerStream.
func (g *guarded) RecvMsg(m any) error {
	if g.in.refused != nil {
		return g.in.refused
	}
	if err := g.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	switch t := m.(*remote.RemoteMessage).MessageType.(type) {
	case *remote.RemoteMessage_ConnectRequest:
		if _, ok := t.ConnectRequest.GetConnectionType().(*remote.ConnectRequest_ServerConnection); ok && g.in.port == nil {
			return nil
		}
	case *remote.RemoteMessage_MessageBatch:
		if err := g.in.check(t.MessageBatch); err != nil {
			g.in.malformed(err)
			return g.in.refused
		}
		return nil
	}
	g.in.malformed(errors.New("neither a batch nor the one request for a connection"))
	return g.in.refused
}

// check looks at a batch, and points all of it at this stream's process.
func (in *inbound) check(b *remote.MessageBatch) error {
	if len(b.GetSenders()) > 0 {
		return errors.New("a sender")
	}
	for _, e := range b.GetEnvelopes() {
		switch {
		case e == nil || e.SerializerId != 0 || e.TypeId < 0 || int(e.TypeId) >= len(b.TypeNames) ||
			b.TypeNames[e.TypeId] != "google.protobuf.BytesValue":
			return errors.New("not a frame")
		case e.Sender != 0 || e.SenderRequestId != 0 || e.TargetRequestId != 0 || e.MessageHeader != nil:
			return errors.New("a sender, a request or a header")
		case e.Target < 0 || int(e.Target) >= len(b.Targets) || b.Targets[e.Target].GetId() != targetID:
			return errors.New("another target")
		case b.Targets[e.Target].Address != nameOf(in.n.o.Self):
			return fmt.Errorf("this is %s, not %q: compare the addresses of the servers",
				nameOf(in.n.o.Self), clip(b.Targets[e.Target].Address))
		case !in.accepted && len(e.MessageData) > wire.MaxHello+16:
			return errors.New("too long for a hello")
		case !isBytesValue(e.MessageData):
			return errors.New("not a bytes value")
		}
		e.Target = 0
	}
	b.Targets = []*actor.PID{in.pid}
	return nil
}

// isBytesValue says whether b is a BytesValue with something in it.
func isBytesValue(b []byte) bool {
	field, kind, n := protowire.ConsumeTag(b)
	if n < 0 || field != 1 || kind != protowire.BytesType {
		return false
	}
	v, m := protowire.ConsumeBytes(b[n:])
	return m >= 0 && n+m == len(b) && len(v) > 0
}

// clip keeps foreign text short.
func clip(s string) string { return s[:min(len(s), 40)] }

// SendUserMessage implements actor.Process: Remote brings a frame.
func (in *inbound) SendUserMessage(_ *actor.PID, message any) {
	v, ok := message.(*wrapperspb.BytesValue)
	switch {
	case in.refused != nil: // behind what was refused, in the same batch
	case !ok:
		in.malformed(errors.New("not a frame"))
	case v.Value[0] == kindHello:
		in.onHello(v.Value[1:])
	case !in.accepted:
		in.malformed(errors.New("no hello before other frames"))
	default:
		in.take(v.Value)
	}
}

// SendSystemMessage implements actor.Process: there is nothing to tell it.
func (*inbound) SendSystemMessage(*actor.PID, any) {}

// Stop implements actor.Process.
func (*inbound) Stop(*actor.PID) {}

// onHello checks what can be checked without the link, and waits for the link's
// verdict on the rest, so that nothing is read from the stream before.
func (in *inbound) onHello(b []byte) {
	h, err := wire.UnpackHello(b)
	if err != nil {
		in.malformed(err)
		return
	}
	if err := in.known(&h); err != nil {
		in.refuse(err)
		in.n.complain(in.conn, "stream refused", err)
		return
	}
	in.port = in.n.ports[h.Server]
	in.conn.greeted()
	g := &greeting{in, h, make(chan error, 1)}
	in.port.greet(g)
	defer in.port.judged(g)
	select {
	case err := <-g.verdict:
		if err != nil {
			in.refuse(err)
			return
		}
		in.accepted = true
		in.conn.proven()
	case <-in.ctx.Done():
		in.refused = status.FromContextError(in.ctx.Err()).Err()
	case <-time.After(in.n.o.unproven):
		in.refused = status.Error(codes.Unavailable, "not ready")
	}
}

// known checks that the other side may be the server it says it is.
func (in *inbound) known(h *wire.Hello) error {
	p := in.n.ports[h.Server]
	switch {
	case h.Server == in.n.o.Self:
		return fmt.Errorf("it says it is server %d, and so does this one: compare their ids", h.Server)
	case p == nil:
		return fmt.Errorf("server %d is not in the list of server %d", h.Server, in.n.o.Self)
	case in.port != nil && in.port != p:
		return fmt.Errorf("it was server %d before, and is server %d now", in.port.peer, h.Server)
	case in.conn.leaf != nil:
		return in.n.o.Security.named(in.conn.leaf, p.host())
	}
	return nil
}

// refuse ends the stream with a reason, which the other side gets to see.
func (in *inbound) refuse(err error) {
	in.n.counters.Refused.Add(1)
	in.refused = status.Error(codes.FailedPrecondition, err.Error())
}

// malformed ends the stream for something that no server sends.
func (in *inbound) malformed(err error) {
	in.n.counters.BadFrames.Add(1)
	in.refuse(err)
	in.n.complain(in.conn, "stream refused: malformed or out of place", err)
}

// over tells the link that the stream has ended. Its connection is of no more use,
// but the other side is to get the reason first.
func (in *inbound) over(err error) {
	time.AfterFunc(time.Second, in.conn.drop)
	if in.port != nil {
		in.port.tell(&closed{in, reason(err)})
	}
}

// close cuts the stream at once.
func (in *inbound) close() { in.conn.drop() }
