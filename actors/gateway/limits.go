package gateway

import (
	"errors"
	"net/netip"
	"sync"
	"syscall"
)

// limits counts connections, by client address and in all. The accepting
// goroutine and the actor share it.
type limits struct {
	perIP, total int // 0: no limit
	mu           sync.Mutex
	open         int
	byIP         map[netip.Addr]int
}

func newLimits(perIP, total int) *limits {
	return &limits{perIP: perIP, total: total, byIP: make(map[netip.Addr]int)}
}

// admit counts a connection in, unless it is over a limit.
func (l *limits) admit(ip netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.perIP > 0 && l.byIP[ip] >= l.perIP || l.total > 0 && l.open >= l.total {
		return false
	}
	l.open++
	l.byIP[ip]++
	return true
}

// leave counts a connection out.
func (l *limits) leave(ip netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	if l.byIP[ip]--; l.byIP[ip] == 0 {
		delete(l.byIP, ip)
	}
}

// temporary tells whether accepting may work again by itself.
func temporary(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) ||
		errors.Is(err, syscall.ECONNABORTED) || errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.ENOMEM) ||
		errors.Is(err, syscall.ENOSPC) // epoll takes no more connections: fs.epoll.max_user_watches
}
