package scenario

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"troupe/bench/client"
	"troupe/wire"
)

const lockPath = "/lock"

// locks has clients contend for one lock by the usual recipe: a sequential
// ephemeral of each, watching the one before it.
func locks(ctx context.Context, w *World) (figures []Figure, err error) {
	var crowd []*contender
	defer func() {
		for _, c := range crowd {
			err = errors.Join(err, c.Close(ctx))
		}
	}()
	for i := range w.Contenders {
		c := &contender{told: make(chan struct{}, 1)}
		if c.Conn, err = client.Dial(ctx, client.Options{Servers: w.Addrs[i%len(w.Servers):][:1], OnEvent: c.event}); err != nil {
			return nil, err
		}
		crowd = append(crowd, c)
	}
	if _, err := crowd[0].Create(ctx, lockPath, nil, wire.OpenACL, wire.ModePersistent); err != nil {
		return nil, err
	}
	var l lock
	working, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var all sync.WaitGroup
	for _, c := range crowd {
		all.Go(func() {
			if err := c.work(working, &l); err != nil {
				fail(err)
			}
		})
	}
	handed := l.count(working, w.For)
	l.closed.Store(true)
	all.Wait()
	if err := context.Cause(working); err != nil {
		return nil, err
	}
	if handed == 0 {
		return nil, fmt.Errorf("nobody had the lock within %v", w.For)
	}
	return []Figure{{fmt.Sprintf("%d contenders: from hand to hand", w.Contenders), "ms", millis(w.For) / float64(handed)}}, nil
}

// lock is what its contenders do with it.
type lock struct {
	holders, handed atomic.Int64
	closed          atomic.Bool // nobody takes it any more
}

// count is how often the lock changes hands in so much time, after a quarter of it.
func (l *lock) count(ctx context.Context, long time.Duration) int64 {
	if pass(ctx, long/4) != nil {
		return 0
	}
	before := l.handed.Load()
	if pass(ctx, long) != nil {
		return 0
	}
	return l.handed.Load() - before
}

// contender is a client that wants the lock again and again.
type contender struct {
	*client.Conn
	told chan struct{} // that a watch has fired

}

func (c *contender) event(wire.WatchEvent) {
	select {
	case c.told <- struct{}{}:
	default:
	}
}

// work takes the lock and gives it back until it is closed.
func (c *contender) work(ctx context.Context, l *lock) error {
	for !l.closed.Load() {
		own, err := c.Create(ctx, lockPath+"/n-", nil, wire.OpenACL, wire.ModeEphemeralSequential)
		if err != nil {
			return err
		}
		if err := c.await(ctx, path.Base(own)); err != nil {
			return err
		}
		if n := l.holders.Add(1); n > 1 {
			return fmt.Errorf("%d sessions hold the lock at once", n)
		}
		l.handed.Add(1)
		l.holders.Add(-1)
		if err := c.Delete(ctx, own, client.AnyVersion); err != nil {
			return err
		}
	}
	return nil
}

// await returns when no znode stands before one's own.
func (c *contender) await(ctx context.Context, own string) error {
	for {
		names, _, err := c.Children(ctx, lockPath, false)
		if err != nil {
			return err
		}
		slices.Sort(names)
		place := slices.Index(names, own)
		switch place {
		case 0:
			return nil
		case -1:
			return fmt.Errorf("%s is gone while its session lives", own)
		}
		_, _, err = c.Get(ctx, lockPath+"/"+names[place-1], true)
		if errors.Is(err, wire.NoNode) {
			continue
		}
		if err != nil {
			return err
		}
		select {
		case <-c.told:
		case <-c.Done():
			return c.Err()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
