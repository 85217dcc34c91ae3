package link

import (
	"net"
	"syscall"
	"time"
)

// tcpRtoMin is TCP_RTO_MIN_US, which Linux has since 6.15: how long TCP waits at
// least, in microseconds, before it sends again what nobody has confirmed.
const tcpRtoMin = 45

// shortestWait takes the place of the kernel's 200 ms: servers of an ensemble are
// near each other, and all writes wait behind a packet that is lost.
const shortestWait = 20 * time.Millisecond

// hasten has what is lost on a connection be sent again soon. Where the kernel
// cannot do that its own time holds; nothing depends on it.
func hasten(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		if raw, err := tcp.SyscallConn(); err == nil {
			_ = raw.Control(func(fd uintptr) {
				_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpRtoMin, int(shortestWait.Microseconds()))
			})
		}
	}
}
