package actors

import (
	"bytes"
	"math/rand"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"troupe/bench/client"
	"troupe/persistence"
	"troupe/wire"
)

// stillServes checks that a server serves a client from its hello to its close.
func stillServes(t *testing.T, s *Server) {
	t.Helper()
	r := dialRaw(t, s)
	r.hello()
	r.ask(1, &wire.Exists{Path: "/zookeeper"}, wire.OK)
	r.ask(2, &wire.CloseSession{}, wire.OK)
	r.closed("after closeSession")
}

func TestHostile_FirstBytes(t *testing.T) {
	s, registry := startWith(t, testConfig(t), persistence.Options{})
	good := helloBytes(wire.ConnectRequest{Timeout: 1000, Password: make([]byte, 16), HasReadOnly: true})
	garbage := make([]byte, 5000)
	rand.New(rand.NewSource(1)).Read(garbage)
	change := func(at int, b ...byte) []byte {
		c := bytes.Clone(good)
		copy(c[at:], b)
		return c
	}
	for name, c := range map[string]struct {
		bytes []byte
		half  bool // closes its side after it
	}{
		"nothing":                    {nil, true},
		"three bytes":                {[]byte{0, 0, 0}, true},
		"a length":                   {good[:4], true},
		"half a hello":               {good[:len(good)/2], true},
		"garbage":                    {append([]byte{0xfe}, garbage...), false},
		"length 0":                   {[]byte{0, 0, 0, 0}, false},
		"length -1":                  {[]byte{0xff, 0xff, 0xff, 0xff}, false},
		"length -2^31":               {append([]byte{0x80, 0, 0, 0}, garbage...), false},
		"length 2^31-1":              {[]byte{0x7f, 0xff, 0xff, 0xff}, false},
		"length over jute.maxbuffer": {[]byte{0, 0x10, 0, 0}, false},
		"seven bytes":                {[]byte{0, 0, 0, 7, 1, 2, 3, 4, 5, 6, 7}, false},
		"a request, no hello":        {requestBytes(1, &wire.Ping{}), false},
		"a password of -2":           {change(28, 0xff, 0xff, 0xff, 0xfe), false},
		"a password of 2^31-1":       {change(28, 0x7f, 0xff, 0xff, 0xff), false},
		"a password of a byte more":  {change(28, 0, 0, 0, 18), false},
		"a word nobody knows":        {[]byte("abcd"), false},
	} {
		r := dialRaw(t, s)
		_, _ = r.TCPConn.Write(c.bytes) // the server may have closed before it has all
		if c.half {
			if err := r.CloseWrite(); err != nil {
				t.Fatal(err)
			}
		}
		r.closed(name)
	}
	stillServes(t, s)
	until(t, "all connections are gone", func() bool { return len(registry.Connections()) == 0 })
	if n := registry.BadFrames.Load(); n < 10 {
		t.Errorf("%d bad frames are counted", n)
	}
}

// TestHostile_LaterBytes: the connection is closed, the session lives.
func TestHostile_LaterBytes(t *testing.T) {
	s, _ := startWith(t, testConfig(t), persistence.Options{})
	for name, b := range map[string][]byte{
		"length 0":                   {0, 0, 0, 0},
		"length -1":                  {0xff, 0xff, 0xff, 0xff},
		"length 2^31-1":              {0x7f, 0xff, 0xff, 0xff, 1, 2, 3},
		"length over jute.maxbuffer": {0, 0x10, 0, 0},
		"no header":                  {0, 0, 0, 3, 1, 2, 3},
		"half a header":              {0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0},
		"a header, no xid":           {0, 0, 0, 4, 0, 0, 0, 11},
	} {
		r := dialRaw(t, s)
		h := r.hello()
		r.ask(1, &wire.Exists{Path: "/"}, wire.OK)
		r.send(b)
		r.closed(name)
		again := dialRaw(t, s)
		again.send(helloBytes(wire.ConnectRequest{Timeout: 10000, Session: h.Session, Password: h.Password}))
		if g := again.greeting(); g == nil || g.Session != h.Session {
			t.Errorf("%s: the session came back as %+v", name, g)
		}
	}
}

// TestHostile_MalformedBodies cost nothing but their own reply; writes cost a zxid.
func TestHostile_MalformedBodies(t *testing.T) {
	s, _ := startWith(t, testConfig(t), persistence.Options{})
	r := dialRaw(t, s)
	r.hello()
	zxid := r.ask(1, &wire.SetData{Path: "/none"}, wire.NoNode).Zxid
	for op := wire.OpCode(-11); op < 120; op++ {
		if _, err := wire.DecodeRequest(op, nil); err == nil || op == wire.OpAuth || op == wire.OpSasl || op == wire.OpDeleteContainer ||
			op == wire.OpCreateSession || strings.Contains(err.Error(), "unknown") {
			continue
		}
		for _, body := range [][]byte{nil, {0}, {0x7f, 0xff, 0xff, 0xff}, {0xff, 0xff, 0xff, 0xfe, 0, 0}} {
			var e wire.Encoder
			m := e.BeginFrame()
			e.Int32(7)
			e.Int32(int32(op))
			for _, b := range body {
				e.Bool(b != 0)
			}
			e.EndFrame(m)
			b := e.Bytes()
			copy(b[len(b)-len(body):], body)
			r.send(b)
			h, _ := r.reply()
			want := zxid
			if op.IsWrite() && op != wire.OpReconfig {
				want++
			}
			if h.Xid != 7 || h.Err != wire.MarshallingError || h.Zxid != want {
				t.Fatalf("%v with a body of %x: %+v, want zxid %v", op, body, h, want)
			}
			zxid = h.Zxid
		}
	}
	r.ask(8, &wire.Exists{Path: "/"}, wire.OK)
}

func TestHostile_WhoNeverSaysHelloIsDropped(t *testing.T) {
	cfg := testConfig(t)
	cfg.SessionlessTimeout = 200 * time.Millisecond
	s, registry := startWith(t, cfg, persistence.Options{})
	good := dialRaw(t, s)
	good.hello()
	mute, slow := dialRaw(t, s), dialRaw(t, s)
	begin := time.Now()
	done := make(chan struct{})
	go func() { // a byte now and then does not help
		defer close(done)
		pace := time.NewTicker(30 * time.Millisecond)
		defer pace.Stop()
		for _, b := range helloBytes(wire.ConnectRequest{Password: make([]byte, 16)}) {
			<-pace.C
			if _, err := slow.TCPConn.Write([]byte{b}); err != nil {
				return
			}
		}
	}()
	mute.closed("a client that says nothing")
	if d := time.Since(begin); d < 150*time.Millisecond || d > 5*time.Second {
		t.Errorf("dropped after %v", d)
	}
	slow.closed("a client that takes too long to say it")
	<-done
	until(t, "both are gone", func() bool { return len(registry.Connections()) == 1 })
	good.ask(1, &wire.Exists{Path: "/"}, wire.OK)
}

// TestHostile_MaxClientCnxns: one too many is closed without a byte, and a place
// that is freed can be taken at once.
func TestHostile_MaxClientCnxns(t *testing.T) {
	cfg := testConfig(t)
	cfg.MaxClientCnxns = 2
	s, registry := startWith(t, cfg, persistence.Options{})
	a, b := dialRaw(t, s), dialRaw(t, s)
	a.hello()
	b.hello()
	for range 3 {
		dialRaw(t, s).closed("one too many")
	}
	if n := registry.Rejected.Load(); n != 3 {
		t.Errorf("%d rejections are counted", n)
	}
	a.ask(1, &wire.Exists{Path: "/"}, wire.OK)
	for i := range 100 {
		b.ask(1, &wire.CloseSession{}, wire.OK)
		b.closed("after closeSession")
		b.Close()
		b = dialRaw(t, s)
		b.send(helloBytes(wire.ConnectRequest{Timeout: 10000}))
		if h := b.greeting(); h == nil || h.Session == 0 {
			t.Fatalf("the place freed for connection %d is not free: %+v", i, h)
		}
	}
}

// TestHello_InPieces: however the bytes of the first requests come.
func TestHello_InPieces(t *testing.T) {
	s, _ := startWith(t, testConfig(t), persistence.Options{})
	stream := helloBytes(wire.ConnectRequest{Timeout: 10000, Password: make([]byte, 16), HasReadOnly: true})
	eph := rawCreate("/e", nil)
	eph.Mode = wire.ModeEphemeral
	for i, q := range []wire.Request{eph, &wire.GetData{Path: "/e"}, &wire.Sync{Path: "/e"}, &wire.Ping{}, &wire.CloseSession{}} {
		stream = append(stream, requestBytes(wire.Xid(i+1), q)...)
	}
	for _, piece := range []int{len(stream), 1, 7, 50} {
		r := dialRaw(t, s)
		for rest := stream; len(rest) > 0; rest = rest[min(piece, len(rest)):] {
			r.send(rest[:min(piece, len(rest))])
		}
		if h := r.greeting(); h == nil || h.Session == 0 || !h.HasReadOnly {
			t.Fatalf("pieces of %d: %+v", piece, h)
		}
		var last wire.Zxid
		for i, xid := range []wire.Xid{1, 2, 3, wire.XidPing, 5} {
			h, d := r.reply()
			if h.Xid != xid || h.Err != wire.OK || h.Zxid < last || i == 1 && d.Left() == 0 {
				t.Errorf("pieces of %d: reply %d is %+v", piece, i, h)
			}
			last = h.Zxid
		}
		r.closed("after closeSession")
		check := dialRaw(t, s)
		check.hello()
		check.ask(1, &wire.Exists{Path: "/e"}, wire.NoNode)
	}
}

func TestHello_LastZxidSeen(t *testing.T) {
	s, _ := startWith(t, testConfig(t), persistence.Options{})
	r := dialRaw(t, s)
	h := r.hello()
	zxid := r.ask(1, rawCreate("/a", nil), wire.OK).Zxid
	for seen, served := range map[wire.Zxid]bool{0: true, zxid: true, ^wire.Zxid(0): true, 1 << 63: true, zxid + 100: false, 1<<63 - 1: false} {
		c := dialRaw(t, s)
		c.send(helloBytes(wire.ConnectRequest{Timeout: 1000, LastZxidSeen: seen}))
		if g := c.greeting(); (g != nil) != served {
			t.Errorf("last seen %v at %v: %+v", seen, zxid, g)
		}
	}
	c := dialRaw(t, s)
	c.send(helloBytes(wire.ConnectRequest{LastZxidSeen: zxid + 100, Session: h.Session, Password: []byte("wrong")}))
	c.closed("ahead, with a wrong password: it must not be told that its session is gone")
	r.ask(2, &wire.Exists{Path: "/"}, wire.OK)
}

func TestHello_WrongPassword(t *testing.T) {
	s, _ := startWith(t, testConfig(t), persistence.Options{})
	r := dialRaw(t, s)
	h := r.hello()
	for _, q := range []wire.ConnectRequest{
		{Timeout: 1000, Session: h.Session, Password: make([]byte, 16)}, {Timeout: 1000, Session: h.Session},
		{Timeout: 1000, Session: h.Session + 1, Password: h.Password}, {Timeout: 1000, Session: -1, Password: h.Password, HasReadOnly: true},
	} {
		c := dialRaw(t, s)
		c.send(append(helloBytes(q), requestBytes(1, rawCreate("/never", nil))...))
		g := c.greeting()
		if g == nil || g.Session != 0 || g.Timeout != 0 || !bytes.Equal(g.Password, make([]byte, 16)) || g.HasReadOnly != q.HasReadOnly {
			t.Errorf("%+v: %+v", q, g)
		}
		c.closed("after the refusal")
	}
	r.ask(1, &wire.Exists{Path: "/never"}, wire.NoNode) // it is not disturbed
}

func TestHello_ResumeClosesTheOldConnection(t *testing.T) {
	s, _ := startWith(t, testConfig(t), persistence.Options{})
	r := dialRaw(t, s)
	h := r.hello()
	eph := rawCreate("/e", nil)
	eph.Mode = wire.ModeEphemeral
	r.ask(1, eph, wire.OK)
	r.ask(2, &wire.GetData{Path: "/e", Watch: true}, wire.OK)
	for range 5 {
		c := dialRaw(t, s)
		c.send(helloBytes(wire.ConnectRequest{Timeout: 2000, Session: h.Session, Password: h.Password}))
		if g := c.greeting(); g == nil || g.Session != h.Session || g.Timeout != 2000 || !bytes.Equal(g.Password, h.Password) {
			t.Fatalf("%+v", g)
		}
		r.closed("the session has moved")
		c.ask(1, &wire.SetData{Path: "/e", Version: -1}, wire.OK) // and its watches are gone
		r = c
	}
}

func TestSession_TimeoutsAreClamped(t *testing.T) {
	s, _ := startWith(t, testConfig(t), persistence.Options{})
	for asked, want := range map[int32]int32{0: 400, 1: 400, -5: 400, -1 << 31: 400, 5000: 5000, 1<<31 - 1: 60000} {
		r := dialRaw(t, s)
		r.send(helloBytes(wire.ConnectRequest{Timeout: asked}))
		if h := r.greeting(); h == nil || h.Timeout != want {
			t.Errorf("%d became %+v", asked, h)
		}
	}
}

func TestSession_WhatEndsAConnection(t *testing.T) {
	cfg := testConfig(t)
	cfg.EnsembleAuthNames = []string{"mine"}
	s, _ := startWith(t, cfg, persistence.Options{})
	for name, c := range map[string]struct {
		frame []byte
		want  *wire.ReplyHeader // nil: closed without a word
	}{
		"an unknown scheme": {requestBytes(wire.XidAuth, &wire.Auth{Scheme: "unknown", Auth: []byte("x")}), &wire.ReplyHeader{Xid: -4, Err: wire.AuthFailed}},
		"digest of null":    {requestBytes(5, &wire.Auth{Scheme: "digest"}), &wire.ReplyHeader{Xid: 5, Err: wire.AuthFailed}},
		"a wrong ensemble":  {requestBytes(5, &wire.Auth{Scheme: "ensemble", Auth: []byte("yours")}), nil},
		"malformed auth":    {[]byte{0, 0, 0, 10, 0, 0, 0, 5, 0, 0, 0, 100, 1, 2}, nil},
		"malformed sasl":    {[]byte{0, 0, 0, 10, 0, 0, 0, 5, 0, 0, 0, 102, 1, 2}, nil},
		"operation 999":     {[]byte{0, 0, 0, 8, 0, 0, 0, 5, 0, 0, 0x3, 0xe7}, &wire.ReplyHeader{Xid: 5, Zxid: ^wire.Zxid(0), Err: wire.Unimplemented}},
		"operation 0":       {make([]byte, 12), nil},
		"createSession":     {requestBytes(5, &wire.CreateSession{}), &wire.ReplyHeader{Xid: 5, Zxid: ^wire.Zxid(0), Err: wire.Unimplemented}},
		"closeSession":      {requestBytes(5, &wire.CloseSession{}), &wire.ReplyHeader{Xid: 5}},
	} {
		if name == "operation 0" {
			c.frame[3], c.want = 8, &wire.ReplyHeader{Zxid: ^wire.Zxid(0), Err: wire.Unimplemented}
		}
		r := dialRaw(t, s)
		h := r.hello()
		// What comes before is answered, what comes behind is not.
		before, behind := requestBytes(1, &wire.Exists{Path: "/"}), requestBytes(9, rawCreate("/behind", nil))
		if c.want == nil {
			before = nil
		}
		r.send(append(append(bytes.Clone(before), c.frame...), behind...))
		if c.want != nil {
			if g, _ := r.reply(); g.Xid != 1 || g.Err != wire.OK {
				t.Errorf("%s: before it comes %+v", name, g)
			}
			g, _ := r.reply()
			if name == "closeSession" {
				c.want.Zxid = g.Zxid
			}
			if g != *c.want {
				t.Errorf("%s: %+v", name, g)
			}
		}
		r.closed(name)
		again := dialRaw(t, s)
		again.send(helloBytes(wire.ConnectRequest{Timeout: 10000, Session: h.Session, Password: h.Password}))
		if g := again.greeting(); (g.Session == h.Session) != (name != "closeSession") {
			t.Errorf("%s: the session came back as %+v", name, g)
		}
	}
	r := dialRaw(t, s)
	r.hello()
	r.ask(1, &wire.Exists{Path: "/behind"}, wire.NoNode)
	r.ask(2, &wire.Auth{Scheme: "ensemble", Auth: []byte("mine")}, wire.OK)
	r.ask(3, &wire.Auth{Scheme: "digest", Auth: []byte("jo:pw")}, wire.OK)
	r.ask(4, &wire.Sasl{Token: []byte("x")}, wire.OK)
}

// TestSession_AuthTakesItsPlace: requests pipelined around an auth are judged as
// of where they stand.
func TestSession_AuthTakesItsPlace(t *testing.T) {
	s, _ := startWith(t, testConfig(t), persistence.Options{})
	r := dialRaw(t, s)
	r.hello()
	mine := rawCreate("/mine", nil)
	mine.ACL = []wire.ACL{{Perms: wire.PermAll, ID: wire.ID{Scheme: "auth"}}}
	var stream []byte
	for i, q := range []wire.Request{mine, &wire.Auth{Scheme: "digest", Auth: []byte("jo:pw")}, mine, &wire.GetData{Path: "/mine"},
		&wire.WhoAmI{}} {
		stream = append(stream, requestBytes(wire.Xid(i), q)...)
	}
	r.send(stream)
	for i, want := range []wire.ErrorCode{wire.InvalidACL, wire.OK, wire.OK, wire.OK, wire.OK} {
		if h, _ := r.reply(); h.Xid != wire.Xid(i) || h.Err != want {
			t.Errorf("reply %d: %+v", i, h)
		}
	}
	other := dialRaw(t, s)
	other.hello()
	other.ask(1, &wire.GetData{Path: "/mine"}, wire.NoAuth)
}

func TestSession_FramesUpToTheLimit(t *testing.T) {
	for _, limit := range []int{1<<20 - 1, 5 << 20} {
		cfg := testConfig(t)
		cfg.JuteMaxBuffer = limit
		s, _ := startWith(t, cfg, persistence.Options{})
		room := limit - (len(requestBytes(1, rawCreate("/a", nil))) - 4)
		r := dialRaw(t, s)
		r.hello()
		data := bytes.Repeat([]byte("x"), room)
		r.ask(1, rawCreate("/a", data), wire.OK)
		r.send(requestBytes(2, &wire.GetData{Path: "/a"}))
		if h, d := r.reply(); h.Err != wire.OK || !bytes.Equal(d.Buffer(), data) {
			t.Errorf("limit %d: %+v", limit, h)
		}
		_, _ = r.TCPConn.Write(requestBytes(3, rawCreate("/b", append(data, 'x')))) // it may be closed before all is written
		r.closed("a frame over the limit")
		stillServes(t, s)
	}
}

// TestHostile_NothingIsLeftOfConnections that come and go in every state.
func TestHostile_NothingIsLeftOfConnections(t *testing.T) {
	cfg := testConfig(t)
	cfg.MaxClientCnxns = 0
	s, registry := startWith(t, cfg, persistence.Options{})
	hello := helloBytes(wire.ConnectRequest{Timeout: 500, Password: make([]byte, 16)})
	for i := range 200 {
		r := dialRaw(t, s)
		switch i % 5 {
		case 1:
			r.send(hello[:i%len(hello)])
		case 2:
			r.send(hello)
		case 3:
			r.send(hello)
			r.greeting()
			r.send(requestBytes(1, &wire.SetData{Path: "/", Version: -1}))
		case 4:
			r.send(hello)
			r.greeting()
			r.send([]byte{0xff})
		}
		r.Close()
	}
	until(t, "all are gone", func() bool { return len(registry.Connections()) == 0 })
	readers := func() int {
		var b strings.Builder
		_ = pprof.Lookup("goroutine").WriteTo(&b, 2) // a Builder does not fail
		return strings.Count(b.String(), "session.(*reader).run")
	}
	until(t, "no reader is left", func() bool { return readers() == 0 })
	c := dial(t, s, client.Options{})
	ctx := within(t)
	until(t, "all sessions have expired", func() bool {
		if _, err := c.Exists(ctx, "/", false); err != nil {
			t.Fatal(err)
		}
		return registry.SessionsExpired.Load() >= 80
	})
}
