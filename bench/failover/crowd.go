package failover

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"troupe/bench/client"
	"troupe/wire"
)

const (
	sessionTimeout = 10 * time.Second
	// retryPause is short enough not to show in the figures, and long enough not to keep the servers busy.
	retryPause = 5 * time.Millisecond
	// connectTimeout is how long a server that accepts and says nothing keeps a session from the next.
	connectTimeout = 100 * time.Millisecond
	root           = "/failover"
)

// write is one write that ended: when it was asked for, and when its outcome was known.
type write struct {
	server       string // address of the one that the session was connected to
	begun, ended time.Time
	err          error // nil is a success
}

// crowd is sessions that write, one request after the other each.
type crowd struct {
	cancel context.CancelFunc
	works  sync.WaitGroup

	mu     sync.Mutex
	writes []write
	next   chan struct{} // closed, and replaced, with every success
}

// gather connects the sessions, spread over the servers, and has them write until the crowd is dismissed.
func gather(ctx context.Context, addrs []string, o *Options) (*crowd, error) {
	ctx, cancel := context.WithCancel(ctx)
	c := &crowd{cancel: cancel, next: make(chan struct{})}
	data := make([]byte, o.Value)
	for i := range o.Sessions {
		first := i % len(addrs)
		session, err := client.Open(client.Options{Servers: slices.Concat(addrs[first:], addrs[:first]),
			SessionTimeout: sessionTimeout, ConnectTimeout: connectTimeout, RetryPause: retryPause}, nil)
		if err == nil {
			err = ready(ctx, session, path(i))
		}
		if err != nil {
			cancel()
			c.works.Wait()
			return nil, err
		}
		c.works.Go(func() { c.work(ctx, session, path(i), data) })
	}
	return c, nil
}

func path(session int) string { return fmt.Sprintf("%s/writer%d", root, session) }

// ready makes the znode that a session writes to.
func ready(ctx context.Context, session *client.Session, path string) error {
	for _, p := range []string{root, path} {
		_, err := session.Create(ctx, p, nil, wire.OpenACL, wire.ModePersistent)
		if err != nil && !errors.Is(err, wire.NodeExists) {
			return fmt.Errorf("prepare to write: %w", err)
		}
	}
	return nil
}

func (c *crowd) work(ctx context.Context, session *client.Session, path string, data []byte) {
	for ctx.Err() == nil {
		w := write{}
		if conn, err := session.Wait(ctx); err == nil {
			w.server = conn.Server()
		}
		w.begun = time.Now()
		_, w.err = session.Set(ctx, path, data, client.AnyVersion)
		if w.ended = time.Now(); ctx.Err() == nil {
			c.note(w)
		}
		if errors.Is(w.err, client.ErrSessionExpired) {
			break
		}
	}
	// The round is over; a session that cannot be closed will expire.
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = session.Close(late)
}

func (c *crowd) note(w write) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writes = append(c.writes, w)
	if w.err == nil {
		close(c.next)
		c.next = make(chan struct{})
	}
}

// successAfter waits for a write that was begun after a moment and succeeded.
func (c *crowd) successAfter(ctx context.Context, moment time.Time) error {
	for {
		c.mu.Lock()
		n, next := len(c.writes), c.next
		found := n > 0 && c.writes[n-1].err == nil && c.writes[n-1].begun.After(moment)
		c.mu.Unlock()
		if found {
			return nil
		}
		select {
		case <-next:
		case <-ctx.Done():
			return fmt.Errorf("no write succeeds: %w", context.Cause(ctx))
		}
	}
}

// dismiss ends the sessions and returns what they wrote, in the order in which it ended.
func (c *crowd) dismiss() []write {
	c.cancel()
	c.works.Wait()
	slices.SortStableFunc(c.writes, func(a, b write) int { return a.ended.Compare(b.ended) })
	return c.writes
}
