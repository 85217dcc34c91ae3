package scenario

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"troupe/bench/client"
	"troupe/wire"
)

// atOnce is how many sessions connect or end at a time.
const atOnce = 100

// connect opens sessions, spread over the addresses. Those it returns are open,
// also beside an error.
func connect(ctx context.Context, addrs []string, n int, o client.Options) (open []*client.Conn, err error) {
	conns, errs := make([]*client.Conn, n), make([]error, n)
	sideBySide(n, func(i int) {
		own := o
		own.Servers = addrs[i%len(addrs):][:1]
		conns[i], errs[i] = client.Dial(ctx, own)
	})
	return slices.DeleteFunc(conns, func(c *client.Conn) bool { return c == nil }), errors.Join(errs...)
}

// disconnect ends sessions.
func disconnect(ctx context.Context, conns []*client.Conn) error {
	errs := make([]error, len(conns))
	sideBySide(len(conns), func(i int) { errs[i] = conns[i].Close(ctx) })
	return errors.Join(errs...)
}

// sideBySide does something n times, atOnce of them at a time.
func sideBySide(n int, do func(i int)) {
	var all sync.WaitGroup
	for first := range min(n, atOnce) {
		all.Go(func() {
			for i := first; i < n; i += atOnce {
				do(i)
			}
		})
	}
	all.Wait()
}

// each sends a request on every connection and waits for all replies.
func each(ctx context.Context, conns []*client.Conn, request func(i int) wire.Request) error {
	replies := make(chan error, len(conns))
	for i, c := range conns {
		if err := c.Go(request(i), func(r client.Reply) { replies <- r.Err() }); err != nil {
			return err
		}
	}
	for range conns {
		select {
		case err := <-replies:
			if err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// pass lets time pass, of which some scenarios are made.
func pass(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
