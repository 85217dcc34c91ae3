package link

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

// connectAgain is when an attempt to connect gets another one beside it. Linux
// sends the packet that opens a connection a second time after a second: servers
// that had been cut off would wait for that once they can be reached.
const connectAgain = 50 * time.Millisecond

// errFar is the end of an attempt to reach a server that is too far away for a
// link to last. What is on such a connection may come long after the network has
// become faster, so another attempt has to take its place.
var errFar = errors.New("too far away")

// attempt connects with one packet there and one back in the time that a link may
// be silent; to resolve a name may take longer.
func (n *Network) attempt(ctx context.Context, d net.Dialer, address string) (net.Conn, error) {
	near, giveUp := context.WithCancel(ctx)
	defer giveUp()
	if n.o.PeerTimeout > 0 {
		d.ControlContext = func(context.Context, string, string, syscall.RawConn) error {
			time.AfterFunc(n.o.PeerTimeout, giveUp)
			return nil
		}
	}
	c, err := d.DialContext(near, "tcp", address)
	if err != nil && near.Err() != nil && ctx.Err() == nil {
		err = errFar
	}
	return c, err
}

// connect makes attempts until one of them succeeds, or fails by itself, or the
// context ends. All others are given up.
func connect(ctx context.Context, again time.Duration, attempt func(context.Context) (net.Conn, error)) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type outcome struct {
		conn net.Conn
		err  error
	}
	first := make(chan outcome)
	try := func() {
		conn, err := attempt(ctx)
		if errors.Is(err, errFar) {
			return
		}
		select {
		case first <- outcome{conn, err}:
		case <-ctx.Done():
			if err == nil {
				_ = conn.Close() // nobody has used it
			}
		}
	}
	for tick := time.NewTicker(again); ; {
		go try()
		select {
		case o := <-first:
			tick.Stop()
			return o.conn, o.err
		case <-ctx.Done():
			tick.Stop()
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
}
