package client

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"troupe/wire"
)

// Conn is one TCP connection and the session it carries. Its methods may be
// called from any goroutine.
type Conn struct {
	API
	socket  net.Conn
	server  string
	opts    Options
	hello   wire.ConnectResponse
	timeout time.Duration

	lastZxid atomic.Uint64
	wake     chan struct{} // tells the flusher that there is something to write
	done     chan struct{} // closed when the reader has ended every call

	mu      sync.Mutex
	out     *wire.Encoder // frames not written yet
	spare   *wire.Encoder // the other buffer, nil while it is being written
	writing bool          // somebody writes to the socket
	reading bool          // the reader works off what it has read, and flushes after
	xid     wire.Xid
	queue   fifo   // calls whose replies come in order
	aside   []call // calls with xids of their own, whose replies may overtake
	lost    error  // why the connection has ended
}

// Dial connects to the first of opts.Servers that answers, and begins or
// resumes a session there. ErrSessionExpired says that the session to be
// resumed is gone.
func Dial(ctx context.Context, opts Options) (*Conn, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	var failures []error
	for _, server := range opts.Servers {
		c, err := dialOne(ctx, server, opts)
		if err == nil {
			c.start()
			return c, nil
		}
		failures = append(failures, fmt.Errorf("connect to %s: %w", server, err))
		if errors.Is(err, ErrSessionExpired) || ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(failures...)
}

func dialOne(ctx context.Context, server string, opts Options) (*Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, opts.ConnectTimeout)
	defer cancel()
	socket, err := new(net.Dialer).DialContext(ctx, "tcp", server)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { socket.Close() })
	hello, err := handshake(socket, opts)
	if err == nil && !stop() {
		err = ctx.Err()
	}
	if err != nil {
		socket.Close()
		return nil, err
	}
	c := &Conn{socket: socket, server: server, opts: opts, hello: *hello,
		timeout: time.Duration(hello.Timeout) * time.Millisecond,
		wake:    make(chan struct{}, 1), done: make(chan struct{}),
		out: wire.NewEncoder(nil), spare: wire.NewEncoder(nil)}
	c.API = API{c}
	c.lastZxid.Store(uint64(opts.LastZxidSeen))
	return c, nil
}

// handshake sends the connect request and reads its answer.
func handshake(socket net.Conn, opts Options) (*wire.ConnectResponse, error) {
	password := opts.Password
	if password == nil {
		password = make([]byte, wire.PasswordSize)
	}
	var e wire.Encoder
	e.ConnectRequestFrame(&wire.ConnectRequest{LastZxidSeen: opts.LastZxidSeen,
		Timeout: int32(opts.SessionTimeout.Milliseconds()), Session: opts.Session,
		Password: password, ReadOnly: opts.ReadOnly, HasReadOnly: !opts.OldHello})
	if _, err := socket.Write(e.Bytes()); err != nil {
		return nil, err
	}
	// Read to the byte: what follows belongs to the reader.
	var size [4]byte
	if _, err := io.ReadFull(socket, size[:]); err != nil {
		return nil, fmt.Errorf("no answer to connect: %w", err)
	}
	const longest = 1 << 10
	n := binary.BigEndian.Uint32(size[:])
	if n > longest {
		return nil, fmt.Errorf("%w: answer to connect of %d bytes", ErrProtocol, n)
	}
	frame := make([]byte, n)
	if _, err := io.ReadFull(socket, frame); err != nil {
		return nil, fmt.Errorf("no answer to connect: %w", err)
	}
	hello, err := wire.DecodeConnectResponse(frame)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	if hello.Session == 0 || hello.Timeout <= 0 {
		return nil, ErrSessionExpired
	}
	return hello, nil
}

func (c *Conn) start() {
	go c.read()
	go c.flush()
	go c.ping()
}

// Server is the address connected to.
func (c *Conn) Server() string { return c.server }

// LocalAddr is this end's address.
func (c *Conn) LocalAddr() net.Addr { return c.socket.LocalAddr() }

// SessionID names the session.
func (c *Conn) SessionID() wire.SessionID { return c.hello.Session }

// Password is what resumes the session, together with its id.
func (c *Conn) Password() []byte { return c.hello.Password }

// SessionTimeout is what the server granted.
func (c *Conn) SessionTimeout() time.Duration { return c.timeout }

// ReadOnly tells whether the server serves reads only.
func (c *Conn) ReadOnly() bool { return c.hello.ReadOnly }

// LastZxid is the highest zxid that a reply has shown.
func (c *Conn) LastZxid() wire.Zxid { return wire.Zxid(c.lastZxid.Load()) }

// Done is closed when the connection has ended and every call with it.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err is why the connection has ended; nil while it stands.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lost
}

// Close ends the session, which removes its ephemerals, and the connection. If
// the server does not confirm, the session may live on until it times out, and
// Close says so.
func (c *Conn) Close(ctx context.Context) error {
	_, err := c.call(ctx, &wire.CloseSession{}, "")
	c.Abandon()
	return err
}

// Abandon ends the connection and leaves the session to its timeout, as a
// client that crashes does.
func (c *Conn) Abandon() {
	c.fail(ErrClosed)
	<-c.done
}

// fail ends the connection for a reason; the first one counts. The reader, woken
// by the closed socket, ends the calls.
func (c *Conn) fail(reason error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failLocked(reason)
}

func (c *Conn) failLocked(reason error) {
	if c.lost != nil {
		return
	}
	c.lost = reason
	// Nothing is left to do about a socket that fails to close.
	_ = c.socket.Close()
}

// ping keeps the session alive, and shows the reader that the server is.
func (c *Conn) ping() {
	ticker := time.NewTicker(max(c.timeout/3, time.Millisecond))
	defer ticker.Stop()
	for {
		select {
		case <-c.done:
			return
		case <-ticker.C:
			// A ping that cannot be sent means that the connection has ended.
			_ = c.submit(&wire.Ping{}, func(Reply) {}, true)
		}
	}
}
