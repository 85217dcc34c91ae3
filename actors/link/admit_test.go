package link

import (
	"bytes"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/credentials/insecure"

	"troupe/wire"
)

// raw connects to a station's port.
func raw(t *testing.T, s *station) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.net.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// hangsUp waits for the other side to end a connection.
func hangsUp(t *testing.T, c net.Conn) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := c.Read(make([]byte, 1024)); err != nil {
			var slow net.Error
			if errors.As(err, &slow) && slow.Timeout() {
				t.Fatal("it stays open")
			}
			return
		}
	}
}

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// settings is an empty HTTP/2 SETTINGS frame.
const settings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"

// TestAdmit_WhoShowsNothingIsCut, wherever it stops.
func TestAdmit_WhoShowsNothingIsCut(t *testing.T) {
	t.Parallel()
	o := setup{change: func(o *NetworkOptions) { o.unproven = 200 * time.Millisecond }}
	_, a, b := pair(t, o)
	for _, said := range []string{"", "P", preface, preface + settings} {
		c := raw(t, a)
		if _, err := c.Write([]byte(said)); err != nil {
			t.Fatal(err)
		}
		hangsUp(t, c)
	}
	x := attack(t, a.net.Addr().String(), insecure.NewCredentials())
	if st := x.refused(connectRequest()); st.Message() == "" {
		t.Error(st)
	}
	a.log.has(t, "it has not shown within")
	exchange(t, a, b)
	if len(a.links[2].downs) > 0 {
		t.Error("a link was cut")
	}
}

// TestAdmit_BoundsTheUnproven: however many connections strangers open, few of
// them are kept, and servers get in; also bytes are bounded.
func TestAdmit_BoundsTheUnproven(t *testing.T) {
	t.Parallel()
	f := newField()
	o := setup{security: secret(t, "open sesame")}
	f.place(2, "192.0.2.1:1") // so that who comes from here is a stranger
	a := f.listen(t, 1, []wire.ServerID{2, 3}, o)
	a.place()
	var all []net.Conn
	for range maxStrangers + 50 {
		all = append(all, raw(t, a))
	}
	eventually(t, "those that are too many are refused", func() bool { return a.net.Counters().Strangers.Load() == 50 })
	a.log.has(t, "too many connections", "connection refused")
	if waiting := a.net.gate.count(0); waiting != maxStrangers {
		t.Errorf("%d connections of strangers", waiting)
	}
	f.place(3, "127.0.0.1:1") // and now it is a server's
	b := f.listen(t, 3, []wire.ServerID{1}, o)
	eventually(t, "its address is known", func() bool {
		c := raw(t, a)
		defer c.Close()
		return a.net.gate.count(1) > 0
	})
	b.place()
	a.link(3, setup{})
	b.link(1, setup{})
	meet(t, a, b)
	exchange(t, a, b)
	for _, c := range all {
		_ = c.Close()
	}
	eventually(t, "all are forgotten", func() bool { return a.net.gate.count(0) == 0 && a.net.gate.count(1) == 0 })
}

// count is how many unproven connections there are.
func (g *gate) count(place int) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.waiting[place]
}

// TestAdmit_BoundsTheirBytes, however they are wrapped.
func TestAdmit_BoundsTheirBytes(t *testing.T) {
	t.Parallel()
	_, a, b := pair(t, setup{})
	c := raw(t, a)
	// HTTP/2 frames of an unknown kind, which are skipped.
	junk := append([]byte{0, 0x40, 0, 0xee, 0, 0, 0, 0, 0}, make([]byte, 0x4000)...)
	if _, err := c.Write([]byte(preface + settings)); err != nil {
		t.Fatal(err)
	}
	var err error
	for i := 0; err == nil; i++ {
		if i > 10_000 {
			t.Fatal("it reads on")
		}
		_, err = c.Write(junk)
	}
	x := attack(t, a.net.Addr().String(), insecure.NewCredentials())
	if st := x.refused(framed(append([]byte{kindHello}, make([]byte, 2<<20)...), nil)); !strings.Contains(st.String(), "Unavailable") {
		t.Error(st)
	}
	exchange(t, a, b)
}

// TestListen_SaysWhatIsWrongWithThePort, and waits for one that is about to be
// free.
func TestListen_SaysWhatIsWrongWithThePort(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for bind, want := range map[string]string{taken.Addr().String(): "address already in use", "127.0.0.1": "missing port", "192.0.2.1:0": "cannot assign", "127.0.0.1:99999": "invalid port"} {
		o := NetworkOptions{System: newSystem(), Self: 1, Bind: bind, Log: discard}
		if n, err := Listen(o); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "quorum port") {
			t.Errorf("%s: %v, %v", bind, n, err)
		}
	}
	time.AfterFunc(300*time.Millisecond, func() { _ = taken.Close() })
	n, err := Listen(NetworkOptions{System: newSystem(), Self: 1, Bind: taken.Addr().String(), Log: discard})
	if err != nil {
		t.Fatal(err)
	}
	if n.Addr().String() != taken.Addr().String() {
		t.Error(n.Addr())
	}
	n.Close()
}

// TestNetwork_ClosesQuickly, whatever is under way: a link that is up, dials
// that wait, connections that say nothing; and the port is free.
func TestNetwork_ClosesQuickly(t *testing.T) {
	t.Parallel()
	f := newField()
	a := f.stand(t, 1, []wire.ServerID{2, 3, 4}, setup{})
	b := f.stand(t, 2, []wire.ServerID{1, 3, 4}, setup{})
	meet(t, a, b)
	f.blackhole(1, 4, true)
	f.place(4, "127.0.0.1:1")
	silent := raw(t, a)
	began := time.Now()
	a.close()
	if d := time.Since(began); d > time.Second {
		t.Errorf("it took %v", d)
	}
	hangsUp(t, silent)
	receive(t, "down", a.links[2].downs)
	receive(t, "down", b.links[1].downs)
	l, err := net.Listen("tcp", a.net.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
}

// TestNetwork_DialsFromItsOwnAddress where it is told to.
func TestNetwork_DialsFromItsOwnAddress(t *testing.T) {
	t.Parallel()
	f := newField()
	o := setup{change: func(o *NetworkOptions) {
		o.Dial = nil
		if o.Self == 2 {
			o.LocalAddress = "127.0.0.5"
		}
	}}
	a, b := f.stand(t, 1, []wire.ServerID{2}, o), f.stand(t, 2, []wire.ServerID{1}, o)
	meet(t, a, b)
	if from := a.links[2].link.in.conn.RemoteAddr().String(); !strings.HasPrefix(from, "127.0.0.5:") {
		t.Error(from)
	}
}

func TestComplaints_AreFew(t *testing.T) {
	t.Parallel()
	var c complaints
	told := 0
	for i := range byte(200) {
		for range 3 {
			if c.news(string(bytes.Repeat([]byte{i}, 3))) {
				told++
			}
		}
	}
	if told != maxComplaints {
		t.Error(told)
	}
}

// TestAdmit_SilentAttempts are no news: a server makes several and keeps one.
func TestAdmit_SilentAttempts(t *testing.T) {
	t.Parallel()
	for _, o := range []setup{{}, {security: secret(t, "open sesame")}} {
		f := newField()
		a := f.listen(t, 1, []wire.ServerID{2}, o)
		f.place(2, "127.0.0.1:1")
		a.place()
		for range 3 {
			c := raw(t, a)
			eventually(t, "it is let in", func() bool { return a.net.gate.count(0)+a.net.gate.count(1) == 1 })
			_ = c.Close()
			eventually(t, "it is forgotten", func() bool { return a.net.gate.count(0)+a.net.gate.count(1) == 0 })
		}
		if _, err := raw(t, a).Write([]byte("stat")); err != nil {
			t.Fatal(err)
		}
		a.log.has(t, "connection refused")
		if n := a.net.Counters().Strangers.Load(); n != 1 || strings.Contains(a.log.String(), "EOF") {
			t.Errorf("%d are strangers: %s", n, a.log)
		}
	}
}
