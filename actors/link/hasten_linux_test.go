package link

import (
	"net"
	"syscall"
	"testing"
	"time"
)

func TestHasten(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	wait := func() (us int) {
		raw, err := c.(*net.TCPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		if ctl := raw.Control(func(fd uintptr) { us, err = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpRtoMin) }); ctl != nil {
			t.Fatal(ctl)
		}
		if err != nil {
			t.Skipf("this kernel's TCP waits as long as it likes: %v", err)
		}
		return us
	}
	const tick = 10 * time.Millisecond // the kernel rounds up, to at most this
	before := wait()
	if hasten(c); wait() >= before || wait() > int((shortestWait+tick).Microseconds()) {
		t.Errorf("waits %d us, %d before", wait(), before)
	}
}
