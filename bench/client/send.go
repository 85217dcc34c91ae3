package client

import (
	"context"
	"fmt"
	"math"
	"sync"

	"troupe/wire"
)

// call is a request that waits for its reply.
type call struct {
	xid  wire.Xid
	op   wire.OpCode
	done func(Reply)
}

// Go sends req and returns; done is called with the outcome, once, unless the
// error says that nothing was sent. What is sent by many Gos in a row shares
// socket writes. The caller bounds how much it has outstanding.
func (c *Conn) Go(req wire.Request, done func(Reply)) error { return c.submit(req, done, false) }

// Do sends req at once and waits for its reply. The error is the reply's
// ErrorCode, or says why there is no reply; see OutcomeUnknown. A context that
// ends stops the waiting, not the request.
func (c *Conn) Do(ctx context.Context, req wire.Request) (Reply, error) { return c.do(ctx, req, nil) }

// do is Do that shows the outcome to seen, if there is one, before any event or
// reply that comes later is handled.
func (c *Conn) do(ctx context.Context, req wire.Request, seen func(error)) (Reply, error) {
	w := waiters.Get().(*waiter)
	w.seen = seen
	if err := c.submit(req, w.done, true); err != nil {
		waiters.Put(w)
		return Reply{}, err
	}
	select {
	case reply := <-w.reply:
		waiters.Put(w)
		return reply, reply.Err()
	case <-ctx.Done():
		return Reply{}, context.Cause(ctx)
	}
}

// waiter is where a synchronous call waits. One that was not waited for to the
// end is not used again.
type waiter struct {
	reply chan Reply
	seen  func(error)
	done  func(Reply)
}

var waiters = sync.Pool{New: func() any {
	w := &waiter{reply: make(chan Reply, 1)}
	w.done = func(r Reply) {
		if w.seen != nil {
			w.seen(r.Err())
		}
		w.reply <- r.Keep()
	}
	return w
}}

// submit queues req and has it written: by the caller itself if direct and
// nobody else is writing, else by the flusher.
func (c *Conn) submit(req wire.Request, done func(Reply), direct bool) error {
	req = addChroot(c.opts.Chroot, req)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lost != nil {
		return fmt.Errorf("%w (%w)", ErrNotSent, c.lost)
	}
	xid := c.number(req.Op())
	c.out.RequestFrame(xid, req)
	if xid > 0 {
		c.queue.push(call{xid, req.Op(), done})
	} else {
		c.aside = append(c.aside, call{xid, req.Op(), done})
	}
	switch {
	case c.writing:
	case direct:
		c.writeLocked()
		c.wakeLocked()
	case !c.reading:
		c.wakeLocked()
	}
	return nil
}

// number gives a request its xid. Those that servers answer out of turn have
// one of their own.
func (c *Conn) number(op wire.OpCode) wire.Xid {
	switch op {
	case wire.OpPing:
		return wire.XidPing
	case wire.OpAuth:
		return wire.XidAuth
	case wire.OpSetWatches, wire.OpSetWatches2:
		return wire.XidSetWatches
	}
	if c.xid == math.MaxInt32 {
		c.xid = 0
	}
	c.xid++
	return c.xid
}

// writeLocked writes all that is queued, without the lock meanwhile. Nobody
// else may be writing.
func (c *Conn) writeLocked() {
	const keep = 1 << 20 // a buffer grown beyond this is not kept
	batch := c.out
	c.out, c.spare, c.writing = c.spare, nil, true
	c.mu.Unlock()
	_, err := c.socket.Write(batch.Bytes())
	c.mu.Lock()
	if batch.Len() > keep {
		batch = wire.NewEncoder(nil)
	}
	batch.Reset()
	c.spare, c.writing = batch, false
	if err != nil {
		c.failLocked(err)
	}
}

// wakeLocked has the flusher write what is queued.
func (c *Conn) wakeLocked() {
	if c.writing || c.out.Len() == 0 {
		return
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// flush writes what callers leave to it.
func (c *Conn) flush() {
	for {
		select {
		case <-c.done:
			return
		case <-c.wake:
			c.mu.Lock()
			for !c.writing && c.out.Len() > 0 && c.lost == nil {
				c.writeLocked()
			}
			c.mu.Unlock()
		}
	}
}
