package lan

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// mtu is large, so that it costs little to have packets forwarded by a process.
const mtu = 65000

const tunDevice = "/dev/net/tun"

// newHost makes a host: number 0 in the namespace of this process, others each in a
// new one.
func newHost(number int) (h *host, err error) {
	if number == 0 {
		h = new(host)
		h.tun, err = newInterface(number)
		return h, err
	}
	made := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: the thread is of no use to others any more
		h, err = newNamespace(number)
		close(made)
	}()
	<-made
	return h, err
}

// newNamespace moves this thread to a new namespace, and makes it a host.
func newNamespace(number int) (*host, error) {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return nil, fmt.Errorf("a network namespace: %w", err)
	}
	namespace, err := os.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()))
	if err != nil {
		return nil, err
	}
	tun, err := newInterface(number)
	if err != nil {
		return nil, errors.Join(err, namespace.Close())
	}
	return &host{tun, namespace}, nil
}

// newInterface makes this thread's namespace the host's: with loopback, and with
// an interface whose packets are read from the file.
func newInterface(number int) (*os.File, error) {
	fd, err := unix.Open(tunDevice, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", tunDevice, err)
	}
	if err := configure(fd, number); err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), tunDevice), nil // it can be polled only now
}

func configure(tun, number int) error {
	const name = "lan0"
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	var failed error
	set := func(fd int, device string, request uint, value func(*unix.Ifreq) error) {
		if failed != nil {
			return
		}
		q, err := unix.NewIfreq(device)
		if err == nil {
			err = value(q)
		}
		if err == nil {
			err = unix.IoctlIfreq(fd, request, q)
		}
		if err != nil {
			failed = fmt.Errorf("set up interface %s (%#x): %w", device, request, err)
		}
	}
	flags := func(f uint16) func(*unix.Ifreq) error {
		return func(q *unix.Ifreq) error { q.SetUint16(f); return nil }
	}
	address := func(ip string) func(*unix.Ifreq) error {
		return func(q *unix.Ifreq) error { return q.SetInet4Addr(net.ParseIP(ip).To4()) }
	}
	set(tun, name, unix.TUNSETIFF, flags(unix.IFF_TUN|unix.IFF_NO_PI))
	set(socket, name, unix.SIOCSIFADDR, address(IP(number)))
	set(socket, name, unix.SIOCSIFNETMASK, address("255.255.255.0"))
	set(socket, name, unix.SIOCSIFMTU, func(q *unix.Ifreq) error { q.SetUint32(mtu); return nil })
	set(socket, name, unix.SIOCSIFFLAGS, flags(unix.IFF_UP|unix.IFF_RUNNING))
	set(socket, "lo", unix.SIOCSIFFLAGS, flags(unix.IFF_UP|unix.IFF_RUNNING))
	return failed
}

// Enter moves the calling goroutine's thread, which it has locked, to a host. The
// goroutine is not to give the thread back. What it starts runs there.
func (l *LAN) Enter(host int) error {
	if err := unix.Setns(int(l.hosts[host].namespace.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter the network of server.%d: %w", host, err)
	}
	return nil
}

func (h *host) close() error {
	err := h.tun.Close()
	if h.namespace != nil {
		err = errors.Join(err, h.namespace.Close())
	}
	return err
}
