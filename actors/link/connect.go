package link

import (
	"context"
	"net"
	"time"
)

// connectAgain is when an attempt to connect gets another one beside it. Linux
// sends the packet that opens a connection a second time after a second: servers
// that had been cut off would wait for that once they can be reached.
const connectAgain = 50 * time.Millisecond

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
