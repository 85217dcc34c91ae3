package hostile

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"troupe/bench/client"
	"troupe/wire"
)

// neighbour is a well-behaved client that sets and gets, one after the other,
// beside whatever happens. A connection that ends ends it, too.
type neighbour struct {
	conn *client.Conn
	done sync.WaitGroup
	stop context.CancelFunc
	ops  atomic.Int64

	mu    sync.Mutex
	times []time.Duration // since forget
	err   error
}

// settle begins such a client at an address.
func settle(t *testing.T, addr string) *neighbour {
	t.Helper()
	conn, err := client.Dial(within(t), client.Options{Servers: []string{addr}, SessionTimeout: 6 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	n := &neighbour{conn: conn, stop: stop}
	t.Cleanup(func() { stop(); n.done.Wait(); conn.Abandon() })
	if _, err := conn.Create(ctx, "/neighbour", nil, wire.OpenACL, wire.ModePersistent); err != nil {
		t.Fatal(err)
	}
	n.done.Go(func() {
		for ctx.Err() == nil {
			if err := n.round(); err != nil {
				n.mu.Lock()
				n.err = err
				n.mu.Unlock()
				return
			}
		}
	})
	return n
}

// round is a set and a get that shows it.
func (n *neighbour) round() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	want := fmt.Sprint(n.ops.Load())
	begun := time.Now()
	if _, err := n.conn.Set(ctx, "/neighbour", []byte(want), int32(n.ops.Load())); err != nil {
		return err
	}
	set := time.Now()
	data, _, err := n.conn.Get(ctx, "/neighbour", false)
	if err != nil {
		return err
	}
	if string(data) != want {
		return fmt.Errorf("%q was set and %q is got", want, data)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.times = append(n.times, set.Sub(begun), time.Since(set))
	n.ops.Add(1)
	return nil
}

// forget begins to measure anew.
func (n *neighbour) forget() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.times = nil
}

// quantile is a quantile of the times since forget; 0 if there are none.
func (n *neighbour) quantile(q float64) time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(n.times))
	return sorted[int(q*float64(len(sorted)-1))]
}

// check wants it to be well, and to get on.
func (n *neighbour) check(t *testing.T) {
	t.Helper()
	was := n.ops.Load()
	until(t, func() error {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.err != nil || n.conn.Err() != nil {
			return nil
		}
		if n.ops.Load() < was+2 {
			return fmt.Errorf("the well-behaved client stands at %d operations", was)
		}
		return nil
	})
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.err != nil || n.conn.Err() != nil {
		t.Errorf("the well-behaved client beside it, after %d rounds: %v, connection: %v", n.ops.Load(), n.err, n.conn.Err())
	}
}
