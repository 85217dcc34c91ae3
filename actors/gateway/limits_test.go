package gateway

import (
	"fmt"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"testing"
)

func TestLimits_PerAddressAndInAll(t *testing.T) {
	a, b := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	for _, c := range []struct {
		perIP, total int
		ask          []netip.Addr
		want         string
	}{
		{0, 0, []netip.Addr{a, a, a, b}, "++++"}, {1, 0, []netip.Addr{a, a, b, b}, "+-+-"},
		{2, 3, []netip.Addr{a, a, a, b, b}, "++-+-"}, {0, 1, []netip.Addr{a, b}, "+-"},
	} {
		l := newLimits(c.perIP, c.total)
		got, in := "", []netip.Addr{}
		for _, ip := range c.ask {
			if l.admit(ip) {
				got += "+"
				in = append(in, ip)
			} else {
				got += "-"
			}
		}
		if got != c.want {
			t.Errorf("%d per address, %d in all: %s, want %s", c.perIP, c.total, got, c.want)
		}
		for _, ip := range in {
			l.leave(ip)
			if !l.admit(ip) {
				t.Error("a freed place is not free")
			}
			l.leave(ip)
		}
		if l.open != 0 || len(l.byIP) != 0 {
			t.Errorf("%d open, %v", l.open, l.byIP)
		}
	}
}

func TestLimits_FromManyGoroutines(t *testing.T) {
	l := newLimits(5, 8)
	var wg sync.WaitGroup
	for i := range 8 {
		ip := netip.MustParseAddr(fmt.Sprintf("10.0.0.%d", i%2))
		wg.Go(func() {
			for range 1000 {
				if l.admit(ip) {
					l.leave(ip)
				}
			}
		})
	}
	wg.Wait()
	if l.open != 0 || len(l.byIP) != 0 {
		t.Errorf("%d open, %v", l.open, l.byIP)
	}
}

func TestTemporary(t *testing.T) {
	wrap := func(err error) error { return &os.SyscallError{Syscall: "accept", Err: err} }
	for err, want := range map[error]bool{syscall.EMFILE: true, syscall.ENFILE: true, syscall.ECONNABORTED: true,
		syscall.ENOBUFS: true, syscall.ENOMEM: true, syscall.ENOSPC: true, syscall.EINVAL: false, syscall.EBADF: false} {
		if temporary(wrap(err)) != want {
			t.Errorf("%v: %v", err, temporary(err))
		}
	}
}
