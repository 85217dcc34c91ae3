package stock_test

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// proxy stands between one client and the servers: each of the client's connections goes to the
// next server, which may be the same. It can cut the client's connection, and it knows the client's
// session, which not every client tells.
type proxy struct {
	t        *testing.T
	servers  []string
	listener net.Listener

	mu    sync.Mutex
	next  int  // counts connections
	shut  bool // no new connections
	conns []net.Conn
	known session
}

// session is what it takes to resume one.
type session struct {
	id       uint64
	password [16]byte
}

// interpose starts a proxy to the servers at these addresses.
func interpose(t *testing.T, addrs ...string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, servers: addrs, listener: listener}
	t.Cleanup(func() {
		listener.Close()
		p.cut()
	})
	go p.accept()
	return p
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // the test is over
		}
		server, err := net.Dial("tcp", p.turn())
		if err != nil {
			client.Close()
			continue
		}
		p.mu.Lock()
		if p.shut {
			client.Close()
			server.Close()
		} else {
			p.conns = append(p.conns, client, server)
			go relay(server, client)
			go p.learn(client, server)
		}
		p.mu.Unlock()
	}
}

// turn is the server whose turn it is.
func (p *proxy) turn() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	return p.servers[(p.next-1)%len(p.servers)]
}

// relay copies until either side ends, and ends both.
func relay(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	_, _ = io.Copy(to, from) // how a connection ends is the client's business
}

// learn relays the server's side and notes the session in its first frame, the connect response:
// length, protocol version, timeout, session id, length of the password, password.
func (p *proxy) learn(client, server net.Conn) {
	var reply [4 + 4 + 4 + 8 + 4 + 16]byte
	if _, err := io.ReadFull(server, reply[:]); err == nil {
		var s session
		s.id = binary.BigEndian.Uint64(reply[12:])
		copy(s.password[:], reply[24:])
		p.mu.Lock()
		if s.id != 0 {
			p.known = s
		}
		p.mu.Unlock()
		_, _ = client.Write(reply[:]) // as for relay
	}
	relay(client, server)
}

// cut closes the client's connections. It may come back at once.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.Close()
	}
	p.conns = nil
}

// refuse cuts the client's connections and, until allowed, every new one.
func (p *proxy) refuse(shut bool) {
	p.mu.Lock()
	p.shut = shut
	p.mu.Unlock()
	if shut {
		p.cut()
	}
}

func (p *proxy) session() session {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.known
}

// endSession closes the client's session behind its back: the server takes whoever knows the
// password for the client. The client learns it when it comes back.
func (p *proxy) endSession() {
	p.t.Helper()
	p.refuse(true)
	defer p.refuse(false)
	conn, err := net.DialTimeout("tcp", p.turn(), patience)
	if err != nil {
		p.t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		p.t.Fatal(err)
	}
	s := p.session()
	var b []byte
	b = binary.BigEndian.AppendUint32(b, 4+8+4+8+4+16) // the connect request
	b = binary.BigEndian.AppendUint32(b, 0)            // protocol version
	b = binary.BigEndian.AppendUint64(b, 0)            // last zxid seen
	b = binary.BigEndian.AppendUint32(b, 10_000)       // timeout, ms
	b = binary.BigEndian.AppendUint64(b, s.id)
	b = binary.BigEndian.AppendUint32(b, 16)
	b = append(b, s.password[:]...)
	b = binary.BigEndian.AppendUint32(b, 8) // the header of a closeSession
	b = binary.BigEndian.AppendUint32(b, 1)
	b = binary.BigEndian.AppendUint32(b, 0xFFFFFFF5)
	if _, err := conn.Write(b); err != nil {
		p.t.Fatal(err)
	}
	// 40 bytes of connect response, 20 of reply, and the end.
	got, err := io.ReadAll(conn)
	if err != nil || len(got) != 60 || binary.BigEndian.Uint64(got[12:]) != s.id {
		p.t.Fatalf("closing session %x for its client: got % x, %v", s.id, got, err)
	}
}

// spread is one address whose connections go to one server and the other by turns.
func spread(t *testing.T, s *servers) string {
	if s.here == s.there {
		return s.here
	}
	return interpose(t, s.here, s.there).addr()
}
