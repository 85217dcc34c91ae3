package link

import (
	"context"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"troupe/wire"
)

// attacker is a plain gRPC client that speaks Remote's protocol.
type attacker struct {
	t      *testing.T
	stream remote.Remoting_ReceiveClient
}

func attack(t *testing.T, address string, how credentials.TransportCredentials) *attacker {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(how))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	a := &attacker{t: t}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	a.stream, err = remote.NewRemotingClient(conn).Receive(ctx)
	if err != nil {
		t.Logf("no stream: %v", err)
	}
	return a
}

// batch is a message to the quorum port.
func batch(b *remote.MessageBatch) *remote.RemoteMessage {
	return &remote.RemoteMessage{MessageType: &remote.RemoteMessage_MessageBatch{MessageBatch: b}}
}

// framed is a batch as servers send it, with one frame, changed by f.
func framed(b []byte, f func(*remote.MessageBatch)) *remote.RemoteMessage {
	data, err := proto.Marshal(&wrapperspb.BytesValue{Value: b})
	if err != nil {
		panic(err)
	}
	m := &remote.MessageBatch{TypeNames: []string{"google.protobuf.BytesValue"}, Targets: []*actor.PID{actor.NewPID("server-1", "quorum")},
		Envelopes: []*remote.MessageEnvelope{{MessageData: data}}}
	if f != nil {
		f(m)
	}
	return batch(m)
}

// validHello is one of server 2 to server 1.
func validHello() []byte {
	return packHello(&wire.Hello{Server: 2, Incarnation: 99, Members: []wire.Member{{ID: 1, Voter: true}, {ID: 2, Voter: true}},
		Link: wire.Versions{Low: 1, High: 1}, Record: wire.Versions{Low: 1, High: 1}, Eval: wire.Versions{Low: 1, High: 1}, ID: 5})
}

func connectRequest() *remote.RemoteMessage {
	return &remote.RemoteMessage{MessageType: &remote.RemoteMessage_ConnectRequest{ConnectRequest: &remote.ConnectRequest{
		ConnectionType: &remote.ConnectRequest_ServerConnection{ServerConnection: &remote.ServerConnection{SystemId: "x", Address: "evil:1"}}}}}
}

// refused sends messages, and returns the status with which the stream ends.
func (a *attacker) refused(messages ...*remote.RemoteMessage) *status.Status {
	a.t.Helper()
	for _, m := range messages {
		if err := a.stream.Send(m); err != nil && err != io.EOF {
			a.t.Fatal(err)
		}
	}
	for {
		m, err := a.stream.Recv()
		if err != nil {
			return status.Convert(err)
		}
		if m.GetConnectResponse() == nil {
			a.t.Fatalf("it answers %v", m)
		}
	}
}

// TestGuard_NothingGetsThrough: the messages that end a process with an open
// Remote, and everything else that reaches beyond this stream, end the stream
// that brings them, and are counted; the actors behind, and the links, live on.
func TestGuard_NothingGetsThrough(t *testing.T) {
	t.Parallel()
	_, a, b := pair(t, setup{})
	var reached atomic.Int64
	victim, err := a.system.Root.SpawnNamed(actor.PropsFromFunc(func(c actor.Context) {
		if _, started := c.Message().(*actor.Started); !started {
			reached.Add(1)
		}
	}), "victim")
	if err != nil {
		t.Fatal(err)
	}
	system := func(name string, m proto.Message, target *actor.PID) *remote.RemoteMessage {
		data, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return framed(nil, func(b *remote.MessageBatch) {
			b.TypeNames[0], b.Envelopes[0].MessageData, b.Targets[0] = name, data, target
		})
	}
	quorum := actor.NewPID("server-1", "quorum")
	here := actor.NewPID("server-1", "victim")
	of := func(f func(*remote.MessageBatch)) *remote.RemoteMessage { return framed(validHello(), f) }
	for name, m := range map[string]*remote.RemoteMessage{
		// each of these six ends an unguarded process
		"unknown type":         of(func(b *remote.MessageBatch) { b.TypeNames[0] = "no.such.Type" }),
		"type out of range":    of(func(b *remote.MessageBatch) { b.Envelopes[0].TypeId = 5 }),
		"target out of range":  of(func(b *remote.MessageBatch) { b.Envelopes[0].Target = 5 }),
		"serializer":           of(func(b *remote.MessageBatch) { b.Envelopes[0].SerializerId = 2 }),
		"terminated nobody":    system("actor.Terminated", &actor.Terminated{}, quorum),
		"terminated elsewhere": system("actor.Terminated", &actor.Terminated{}, here),
		// and these reach what is not theirs
		"negative type":   of(func(b *remote.MessageBatch) { b.Envelopes[0].TypeId = -1 }),
		"negative target": of(func(b *remote.MessageBatch) { b.Envelopes[0].Target = -1 }),
		"json":            of(func(b *remote.MessageBatch) { b.Envelopes[0].SerializerId = 1 }),
		"no targets":      of(func(b *remote.MessageBatch) { b.Targets = nil }),
		"another actor":   of(func(b *remote.MessageBatch) { b.Targets[0] = here }),
		"activator":       of(func(b *remote.MessageBatch) { b.Targets[0].Id = "activator" }),
		"local name":      of(func(b *remote.MessageBatch) { b.Targets[0].Address = "nonhost" }),
		"relay":           of(func(b *remote.MessageBatch) { b.Targets[0].Address = "127.0.0.1:9" }),
		"a sender":        of(func(b *remote.MessageBatch) { b.Senders = []*actor.PID{actor.NewPID("127.0.0.1:9", "x")} }),
		"sender index":    of(func(b *remote.MessageBatch) { b.Envelopes[0].Sender = 1 }),
		"a header": of(func(b *remote.MessageBatch) {
			b.Envelopes[0].MessageHeader = &remote.MessageHeader{HeaderData: map[string]string{"a": "b"}}
		}),
		"stop":            system("actor.Stop", &actor.Stop{}, here),
		"stop the stream": system("actor.Stop", &actor.Stop{}, quorum),
		"poison":          system("actor.PoisonPill", &actor.PoisonPill{}, here),
		"watch":           system("actor.Watch", &actor.Watch{Watcher: actor.NewPID("127.0.0.1:9", "x")}, here),
		"not a value":     of(func(b *remote.MessageBatch) { b.Envelopes[0].MessageData = []byte{1, 2, 3} }),
		"an empty value":  of(func(b *remote.MessageBatch) { b.Envelopes[0].MessageData = []byte{0x0a, 0} }),
		"nothing":         of(func(b *remote.MessageBatch) { b.Envelopes[0].MessageData = nil }),
		"two values":      of(func(b *remote.MessageBatch) { b.Envelopes[0].MessageData = []byte{0x0a, 1, 1, 0x0a, 1, 1} }),
		"an empty batch, then garbage": of(func(b *remote.MessageBatch) {
			b.Envelopes = append([]*remote.MessageEnvelope{{}}, b.Envelopes...)
		}),
		"a frame first":    framed(header(kindMessages, 5, 1, 0), nil),
		"a long hello":     framed(append([]byte{kindHello}, make([]byte, wire.MaxHello)...), nil),
		"a bad hello":      framed([]byte{kindHello, 0xdd, 0xff, 0xff, 0xff, 0xff}, nil),
		"an unknown frame": framed([]byte{200}, nil),
		"disconnect":       {MessageType: &remote.RemoteMessage_DisconnectRequest{DisconnectRequest: &remote.DisconnectRequest{}}},
		"an answer":        {MessageType: &remote.RemoteMessage_ConnectResponse{ConnectResponse: &remote.ConnectResponse{}}},
		"no message":       {},
		"a client":         {MessageType: &remote.RemoteMessage_ConnectRequest{ConnectRequest: &remote.ConnectRequest{ConnectionType: &remote.ConnectRequest_ClientConnection{ClientConnection: &remote.ClientConnection{}}}}},
		"an empty request": {MessageType: &remote.RemoteMessage_ConnectRequest{}},
	} {
		for _, first := range []bool{true, false} {
			before := a.net.Counters().BadFrames.Load()
			x := attack(t, a.net.Addr().String(), insecure.NewCredentials())
			messages := []*remote.RemoteMessage{m}
			if !first {
				messages = []*remote.RemoteMessage{connectRequest(), m}
			}
			if st := x.refused(messages...); st.Code() != codes.FailedPrecondition {
				t.Errorf("%s: %v", name, st)
			}
			if n := a.net.Counters().BadFrames.Load(); n != before+1 {
				t.Errorf("%s is counted %d times", name, n-before)
			}
		}
	}
	exchange(t, a, b)
	a.system.Root.Send(victim, "alive?")
	eventually(t, "the victim lives", func() bool { return reached.Load() > 0 })
	if n := reached.Load(); n != 1 {
		t.Errorf("%d messages reached it", n)
	}
	if len(a.links[2].downs) > 0 {
		t.Error("the link went down")
	}
	if n := strings.Count(a.log.String(), "stream refused"); n == 0 || n > 20 {
		t.Errorf("%d lines in the log", n)
	}
	if strings.Contains(a.log.String(), "panic") || strings.Contains(a.log.String(), "proto.actor") {
		t.Errorf("it got as far as Remote:\n%s", a.log.String())
	}
}

// TestGuard_UnaryCallsAreRefused: the implementations panic.
func TestGuard_UnaryCallsAreRefused(t *testing.T) {
	t.Parallel()
	_, a, b := pair(t, setup{})
	conn, err := grpc.NewClient("passthrough:///"+a.net.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client := remote.NewRemotingClient(conn)
	ctx := context.Background()
	_, err1 := client.ListProcesses(ctx, &remote.ListProcessesRequest{})
	_, err2 := client.GetProcessDiagnostics(ctx, &remote.GetProcessDiagnosticsRequest{})
	for _, err := range []error{err1, err2} {
		if status.Code(err) != codes.Unimplemented {
			t.Error(err)
		}
	}
	exchange(t, a, b)
}

// TestGuard_AnImpostorDoesNotDisturb: a valid Hello of a server that is up
// elsewhere gets as far as being refused, and its frames nowhere.
func TestGuard_AnImpostorDoesNotDisturb(t *testing.T) {
	t.Parallel()
	_, a, b := pair(t, setup{})
	x := attack(t, a.net.Addr().String(), insecure.NewCredentials())
	st := x.refused(connectRequest(), framed(validHello(), nil), framed(header(kindGoodbye, 5, 1, 0), nil))
	if !strings.Contains(st.Message(), "id 2 is in use") {
		t.Error(st)
	}
	exchange(t, a, b)
	if len(a.links[2].downs) > 0 {
		t.Error("the link went down")
	}
}

// TestGuard_RecoversWhatRemoteDoes: should a message pass the checks and make
// Remote panic all the same, the process lives.
func TestGuard_RecoversWhatRemoteDoes(t *testing.T) {
	t.Parallel()
	_, a, _ := pair(t, setup{})
	conn, other := net.Pipe()
	defer other.Close()
	who := &admitted{Conn: conn, n: a.net}
	if err := a.net.admit(who); err == nil {
		t.Fatal("a pipe is nobody's address")
	}
	who.expiry = time.NewTimer(time.Hour)
	ctx := peer.NewContext(context.Background(), &peer.Peer{AuthInfo: who})
	err := a.net.guard(nil, &fakeStream{ctx: ctx}, nil, func(any, grpc.ServerStream) error { panic("a bug") })
	if status.Code(err) != codes.InvalidArgument {
		t.Error(err)
	}
	a.log.has(t, "a bug")
}

// TestLink_FramesOutOfPlaceBreakIt: gaps, repetitions, other links' numbers,
// pieces beyond the limit, and what is no frame at all.
func TestLink_FramesOutOfPlaceBreakIt(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(l *Link) []byte{
		"gap":        func(l *Link) []byte { return header(kindMessages, l.id, l.port.sent()+2, 0) },
		"repetition": func(l *Link) []byte { return header(kindMessages, l.id, l.port.sent(), 0) },
		"other link": func(l *Link) []byte { return header(kindMessages, l.id+1, l.port.sent()+1, 0) },
		"short":      func(l *Link) []byte { return header(kindMessages, l.id, l.port.sent()+1, 0)[:12] },
		"kind":       func(l *Link) []byte { return header(99, l.id, l.port.sent()+1, 0) },
		"length": func(l *Link) []byte {
			return append(header(kindMessages, l.id, l.port.sent()+1, 0), 0xff, 0xff, 0xff, 0xff, 0x7f)
		},
		"heartbeat": func(l *Link) []byte { return append(header(kindHeartbeat, l.id, l.port.sent()+1, 0), 1) },
		"foresight": func(l *Link) []byte {
			return beat{1 << 40, 1, false}.append(header(kindHeartbeat, l.id, l.port.sent()+1, 0))
		},
		"empty piece": func(l *Link) []byte { return header(kindPiece, l.id, l.port.sent()+1, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, a, b := pair(t, setup{})
			b.bare(1, f)
			receive(t, "down", a.links[2].downs)
			receive(t, "down", b.links[1].downs)
			meet(t, a, b)
			exchange(t, a, b)
			if n := len(a.links[2].got); n > 0 {
				t.Errorf("%d messages came", n)
			}
		})
	}
}

// bare sends a frame that the link would not.
func (s *station) bare(peer wire.ServerID, f func(*Link) []byte) {
	e, done := s.links[peer], make(chan struct{})
	onHello := func() { e.link.port.frame(f(e.link)); close(done) }
	e.onHello.Store(&onHello)
	s.send(peer, &connected{}) // has it say hello, on its own goroutine
	receive(s.t, "the frame goes out", done)
}

// fakeStream is a stream of which there is only who opened it.
type fakeStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (f *fakeStream) Context() context.Context { return f.ctx }
