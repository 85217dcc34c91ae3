package link

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc/credentials"
)

// Before a connection has shown a valid Hello it costs little: there are few of
// them, each brings few bytes, and each ends soon. Those from the other servers'
// addresses have places of their own, which strangers cannot fill.
const (
	maxStrangers     = 128
	maxUnproven      = 128
	maxUnprovenBytes = 128 << 10
)

// gate counts the connections that others have opened to this server.
type gate struct {
	mu      sync.Mutex
	open    map[*admitted]bool
	waiting [2]int // unproven: strangers', the servers'
}

func (g *gate) closeAll() {
	g.mu.Lock()
	all := make([]*admitted, 0, len(g.open))
	for a := range g.open {
		all = append(all, a)
	}
	g.mu.Unlock()
	for _, a := range all {
		a.drop()
	}
}

// admitted is a connection that somebody has opened to this server. To gRPC it
// is also what is known of who it is.
type admitted struct {
	net.Conn
	credentials.CommonAuthInfo
	n        *Network
	place    int               // in gate.waiting
	leaf     *x509.Certificate // shown and proved, if that is how servers know each other
	read     atomic.Int64      // bytes, while unproven
	trusted  atomic.Bool
	shown    atomic.Bool // a valid Hello
	expiry   *time.Timer
	peeked   []byte // read already, to be read again
	released sync.Once
	dropped  sync.Once
}

// AuthType implements credentials.AuthInfo.
func (*admitted) AuthType() string { return "troupe" }

// String says from where it is, and whose address that is.
func (a *admitted) String() string { return a.n.names.describe(a.RemoteAddr()) }

// admit takes a connection, or says why not.
func (n *Network) admit(a *admitted) error {
	from, _ := netip.ParseAddrPort(a.RemoteAddr().String()) // the zero value is nobody's
	if n.names.has(from.Addr(), !n.o.Security.proves()) {
		a.place = 1
	} else if !n.o.Security.proves() {
		return errors.New("it is not from the address of a server in the list")
	}
	limit := [...]int{maxStrangers, maxUnproven}[a.place]
	n.gate.mu.Lock()
	defer n.gate.mu.Unlock()
	if n.done.Err() != nil {
		return net.ErrClosed
	}
	if n.gate.waiting[a.place] >= limit {
		return errors.New("too many connections that have not shown who they are")
	}
	n.gate.waiting[a.place]++
	n.gate.open[a] = true
	a.expiry = time.AfterFunc(n.o.unproven, a.expire)
	return nil
}

func (a *admitted) expire() {
	if a.shown.Load() {
		return
	}
	a.n.counters.Silent.Add(1)
	a.n.complain(a, "connection cut", fmt.Errorf("it has not shown within %v which server it is", a.n.o.unproven))
	a.drop()
}

// greeted notes a valid Hello; the link has still to take it.
func (a *admitted) greeted() { a.shown.Store(true) }

// proven lifts the bounds.
func (a *admitted) proven() {
	a.trusted.Store(true)
	a.release()
}

func (a *admitted) release() {
	a.released.Do(func() {
		a.n.gate.mu.Lock()
		a.expiry.Stop()
		a.n.gate.waiting[a.place]--
		a.n.gate.mu.Unlock()
	})
}

// drop closes the connection without a word.
func (a *admitted) drop() {
	a.dropped.Do(func() {
		a.release()
		a.n.gate.mu.Lock()
		delete(a.n.gate.open, a)
		a.n.gate.mu.Unlock()
		_ = a.Conn.Close() // it is of no use any more, whatever it says
	})
}

// Close implements net.Conn.
func (a *admitted) Close() error { a.drop(); return nil }

var errTooMuch = errors.New("too many bytes before it has shown which server it is")

// Read implements net.Conn.
func (a *admitted) Read(b []byte) (int, error) {
	if len(a.peeked) > 0 {
		n := copy(b, a.peeked)
		a.peeked = a.peeked[n:]
		return n, nil
	}
	n, err := a.Conn.Read(b)
	if err == nil && !a.trusted.Load() && a.read.Add(int64(n)) > maxUnprovenBytes {
		a.n.counters.Strangers.Add(1)
		a.drop()
		return 0, errTooMuch
	}
	return n, err
}

// transport is how gRPC gets its connections, on either side.
type transport struct{ n *Network }

// ServerHandshake implements credentials.TransportCredentials.
func (t transport) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	a := &admitted{Conn: raw, n: t.n}
	err := t.n.admit(a)
	var c net.Conn
	if err == nil {
		if c, err = t.accept(a); err != nil {
			a.drop()
		}
	}
	if err != nil {
		if t.n.done.Err() == nil && !a.gaveUp(err) {
			t.n.counters.Strangers.Add(1)
			t.n.complain(a, "connection refused", err)
		}
		return nil, nil, err
	}
	return c, a, nil
}

// gaveUp tells whether the other side has hung up without a word, as a server does
// on all but one of its attempts: see connect.
func (a *admitted) gaveUp(err error) bool {
	return a.read.Load() == 0 && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET))
}

func (t transport) accept(a *admitted) (net.Conn, error) {
	if !t.n.o.Security.proves() {
		return a, a.peek()
	}
	c := tls.Server(a, t.n.o.Security.config(false, ""))
	ctx, cancel := context.WithTimeout(t.n.done, t.n.o.unproven)
	defer cancel()
	if err := c.HandshakeContext(ctx); err != nil {
		return nil, explain(err)
	}
	if t.n.o.Security.roots != nil {
		a.leaf = c.ConnectionState().PeerCertificates[0]
	}
	return c, nil
}

// peek looks at how the other side begins.
func (a *admitted) peek() error {
	first := make([]byte, 1)
	if _, err := a.Conn.Read(first); err != nil {
		return fmt.Errorf("it says nothing: %w", err)
	}
	switch first[0] {
	case 'P': // of HTTP/2's preface
		a.peeked = first
		return nil
	case 0x16:
		return errors.New("it speaks TLS: it has a secret or certificates for quorum traffic, and this server has neither")
	}
	return errors.New("it does not speak as a server does")
}

// explain says what people should look at when TLS fails.
func explain(err error) error {
	var plain tls.RecordHeaderError
	switch {
	case errors.As(err, &plain):
		return fmt.Errorf("it does not speak TLS: has it the secret or certificates that this server has? %w", err)
	case strings.Contains(err.Error(), "remote error: tls"):
		return fmt.Errorf("it does not take this server's key or certificate: "+
			"compare the ensemble's secrets, or the certificates' authorities and hosts, of the two servers: %w", err)
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return fmt.Errorf("it hangs up instead of speaking TLS: has it the secret or certificates that this server has? %w", err)
	}
	return err
}

// ClientHandshake implements credentials.TransportCredentials.
func (t transport) ClientHandshake(ctx context.Context, name string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	p := t.n.portOf(name)
	if p == nil {
		return nil, nil, fmt.Errorf("no server is called %s", name)
	}
	if err := raw.SetReadDeadline(time.Now().Add(2 * p.patience())); err != nil {
		return nil, nil, err
	}
	if !t.n.o.Security.proves() {
		return &dialed{Conn: raw, p: p, hint: "it hangs up, or is silent: is this server's address in its list, " +
			"and has it a secret or certificates for quorum traffic?"}, plainInfo{}, nil
	}
	c := tls.Client(raw, t.n.o.Security.config(true, p.host()))
	if err := c.HandshakeContext(ctx); err != nil {
		err = explain(err)
		p.dialFailed(err)
		return nil, nil, err
	}
	return &dialed{Conn: c, p: p, hint: "it does not take this server's key or certificate: " +
		"compare the ensemble's secrets, or the certificates' authorities and hosts, of the two servers"}, plainInfo{}, nil
}

// plainInfo tells gRPC nothing.
type plainInfo struct{ credentials.CommonAuthInfo }

// AuthType implements credentials.AuthInfo.
func (plainInfo) AuthType() string { return "troupe" }

// Info implements credentials.TransportCredentials.
func (transport) Info() credentials.ProtocolInfo {
	return credentials.ProtocolInfo{SecurityProtocol: "troupe"}
}

// Clone implements credentials.TransportCredentials.
func (t transport) Clone() credentials.TransportCredentials { return t }

// OverrideServerName implements credentials.TransportCredentials.
func (transport) OverrideServerName(string) error { return nil }
