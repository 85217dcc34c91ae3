package session

import (
	"sync"
	"time"
)

// Credits bounds how many requests are outstanding. Readers wait for them;
// whoever gives them back never does.
type Credits struct {
	mu     sync.Mutex
	freed  sync.Cond
	free   int
	closed bool
}

// NewCredits makes n credits.
func NewCredits(n int) *Credits {
	c := &Credits{free: n}
	c.freed.L = &c.mu
	return c
}

// Acquire takes n credits as soon as there is any: the last batch may overdraw,
// so that one larger than all credits can pass. It is false once closed.
func (c *Credits) Acquire(n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.free <= 0 && !c.closed {
		c.freed.Wait()
	}
	c.free -= n
	return !c.closed
}

// tryAcquire is Acquire that does not wait; false if that would be needed.
func (c *Credits) tryAcquire(n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.free <= 0 {
		return false
	}
	c.free -= n
	return true
}

// Release gives n credits back.
func (c *Credits) Release(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.free += n; c.free > 0 {
		c.freed.Broadcast()
	}
}

// Close lets all who wait go.
func (c *Credits) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.freed.Broadcast()
}

// Shared is what all sessions share.
type Shared struct {
	Requests *Credits // in work
	Large    *Credits // bytes of large requests, being read or in work
}

// NewShared makes credits for so many requests and bytes of large ones.
func NewShared(requests, large int) *Shared {
	return &Shared{Requests: NewCredits(requests), Large: NewCredits(large)}
}

// Window is one session's share: its own credits, and those it holds of what all
// sessions share.
type Window struct {
	own    *Credits
	all    *Shared
	mu     sync.Mutex
	held   int // requests of all
	large  int // bytes of all
	closed bool
}

// NewWindow makes a window of n credits of its own.
func NewWindow(n int, all *Shared) *Window { return &Window{own: NewCredits(n), all: all} }

// Acquire waits until n requests may be outstanding; false once closed.
func (w *Window) Acquire(n int) bool {
	return w.own.Acquire(n) && w.all.Requests.Acquire(n) && w.hold(n, 0)
}

// Reserve waits until a large request of so many bytes may be read; false once
// closed. While it waits it calls alive now and then.
func (w *Window) Reserve(bytes int, alive func()) bool {
	if !w.all.Large.tryAcquire(bytes) {
		stop := make(chan struct{})
		defer close(stop)
		go func() {
			for tick := time.NewTicker(aliveEvery); ; {
				select {
				case <-tick.C:
					if !w.shut() {
						alive()
					}
				case <-stop:
					tick.Stop()
					return
				}
			}
		}()
		w.all.Large.Acquire(bytes) // never closed
	}
	return w.hold(0, bytes)
}

func (w *Window) shut() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closed
}

// hold notes what has been taken of all, or gives it back once closed.
func (w *Window) hold(n, bytes int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		w.release(n, bytes)
		return false
	}
	w.held, w.large = w.held+n, w.large+bytes
	return true
}

func (w *Window) release(n, bytes int) {
	w.all.Requests.Release(n)
	if bytes > 0 {
		w.all.Large.Release(bytes)
	}
}

// Replied gives back what all share, for n requests that have been worked off, and
// the bytes of the large ones among them.
func (w *Window) Replied(n, bytes int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.held, w.large = w.held-n, w.large-bytes
		w.release(n, bytes)
	}
}

// Charge takes n more of the session's own credits, whether there are any or not.
func (w *Window) Charge(n int) { w.own.Release(-n) }

// Written gives back the session's own, for n replies that the socket has taken.
func (w *Window) Written(n int) { w.own.Release(n) }

// Shut lets nobody in any more. What has been taken of all stays taken.
func (w *Window) Shut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.own.Close()
}

// Close shuts the window and gives everything back.
func (w *Window) Close() {
	w.Shut()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.release(w.held, w.large)
	w.held, w.large = 0, 0
}
