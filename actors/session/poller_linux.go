package session

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// poller waits for the connections of idle clients, one goroutine for all. It has an
// epoll instance of its own, for which Go's poller waits, so that no thread does.
// What it has is told once, and then no more until it is admitted again.
type poller struct {
	epoll int
	file  *os.File // keeps epoll open

	mu      sync.Mutex
	waiting []*reader // by descriptor
}

var common struct {
	mu sync.Mutex
	*poller
}

// idlers is the poller of the process; nil as long as the system gives none.
func idlers() *poller {
	common.mu.Lock()
	defer common.mu.Unlock()
	if common.poller == nil {
		common.poller = newPoller()
	}
	return common.poller
}

func newPoller() *poller {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil
	}
	p := &poller{epoll: fd}
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd) // nothing is lost with it
		return nil
	}
	p.file = os.NewFile(uintptr(fd), "idle connections")
	raw, err := p.file.SyscallConn()
	if err := errors.Join(err, p.file.SetReadDeadline(time.Time{})); err != nil { // Go does not poll it
		_ = p.file.Close() // nothing is lost with it
		return nil
	}
	go p.run(raw)
	return p
}

// run wakes the readers for whose connections there is something.
func (p *poller) run(raw syscall.RawConn) {
	events := make([]unix.EpollEvent, 128)
	for {
		var n int
		var failed error
		err := raw.Read(func(fd uintptr) bool {
			for n, failed = unix.EpollWait(int(fd), events, 0); errors.Is(failed, unix.EINTR); {
				n, failed = unix.EpollWait(int(fd), events, 0)
			}
			return n != 0
		})
		if err = errors.Join(err, failed); err != nil {
			panic(fmt.Sprintf("waiting for idle connections: %v", err)) // no clients would be heard any more
		}
		for _, e := range events[:n] {
			if r := p.take(int(e.Fd)); r != nil {
				go r.wake()
			}
		}
		runtime.Gosched() // one after the other, so that few are there at once
	}
}

func (p *poller) take(fd int) *reader {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.waiting[fd]
	p.waiting[fd] = nil
	return r
}

// admit waits for a connection from now on; false if it has ended or cannot be waited for.
func (p *poller) admit(r *reader, fd int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.ended {
		return false
	}
	e := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLONESHOT, Fd: int32(fd)}
	err := unix.EpollCtl(p.epoll, unix.EPOLL_CTL_MOD, fd, &e)
	if errors.Is(err, unix.ENOENT) {
		err = unix.EpollCtl(p.epoll, unix.EPOLL_CTL_ADD, fd, &e)
	}
	if err != nil {
		return false
	}
	if more := fd + 1 - len(p.waiting); more > 0 {
		p.waiting = append(p.waiting, make([]*reader, more)...)
	}
	p.waiting[fd], r.fd = r, fd
	return true
}

// rest leaves the reader to the poller, which wakes it. If it is true, the reader is
// not the caller's any more.
func (r *reader) rest() bool {
	p, rests := idlers(), false
	if p == nil || r.raw == nil {
		return false
	}
	err := r.raw.Control(func(fd uintptr) { rests = p.admit(r, int(fd)) })
	return err == nil && rests
}

// end has a reader that rests forgotten, and rest no more. It comes before the connection
// is closed, whose descriptor is another's then.
func (r *reader) end() {
	p := idlers()
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	r.ended = true
	if r.fd < len(p.waiting) && p.waiting[r.fd] == r {
		p.waiting[r.fd] = nil
	}
}
