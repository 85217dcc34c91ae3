package session

import "sync"

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

// Window is one session's share: its own credits, and those it holds of what all
// sessions share.
type Window struct {
	own, all *Credits
	mu       sync.Mutex
	held     int // of all
	closed   bool
}

// NewWindow makes a window of n credits of its own.
func NewWindow(n int, all *Credits) *Window { return &Window{own: NewCredits(n), all: all} }

// Acquire waits until n requests may be outstanding; false once closed.
func (w *Window) Acquire(n int) bool {
	if !w.own.Acquire(n) || !w.all.Acquire(n) {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		w.all.Release(n)
		return false
	}
	w.held += n
	return true
}

// Replied gives back what all share, for n requests that have been worked off.
func (w *Window) Replied(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.held -= n
		w.all.Release(n)
	}
}

// Written gives back the session's own, for n replies that the socket has taken.
func (w *Window) Written(n int) { w.own.Release(n) }

// Close gives everything back and lets nobody in any more.
func (w *Window) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.all.Release(w.held)
	w.held = 0
	w.own.Close()
}
