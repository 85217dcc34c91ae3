package client

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"troupe/wire"
)

// Defaults of Options.
const (
	DefaultPort           = "2181"
	DefaultSessionTimeout = 10 * time.Second
	DefaultMaxFrame       = 64 << 20
)

// Options say where to connect and as whom. Only Servers is needed.
type Options struct {
	// Servers are addresses host:port, tried in this order.
	Servers []string
	// Chroot is prefixed to every path and taken off every path that comes
	// back; "" is none.
	Chroot string
	// SessionTimeout is what the server is asked for; Conn.SessionTimeout is
	// what it granted.
	SessionTimeout time.Duration
	// ConnectTimeout bounds connect and handshake with one server. 0 is a third
	// of SessionTimeout shared among the servers, at least a second: a session
	// outlives a round of servers that accept and say nothing.
	ConnectTimeout time.Duration
	// RetryPause is how long a Session waits after a failed attempt to connect
	// before it tries the next server. 0 is 50 ms, and longer from failure to
	// failure up to a second. A connection that was lost is followed by an
	// attempt at once.
	RetryPause time.Duration
	// Session and Password resume a session; Session 0 begins one.
	Session  wire.SessionID
	Password []byte
	// LastZxidSeen is told to the server, which refuses clients that have seen
	// more than it has.
	LastZxidSeen wire.Zxid
	// ReadOnly allows a server that is cut off from its quorum.
	ReadOnly bool
	// OldHello leaves the readOnly byte out of the handshake, as clients before
	// 3.4 did.
	OldHello bool
	// MaxFrame is the longest reply accepted, in bytes.
	MaxFrame int
	// OnEvent is called with every watch event, in order with the replies. It
	// runs where callbacks run and must not block.
	OnEvent func(wire.WatchEvent)
}

// ParseServers reads a connect string, "host:port,host:port/chroot". Ports may
// be left out.
func ParseServers(connect string) (servers []string, chroot string, err error) {
	hosts, path, found := strings.Cut(connect, "/")
	if chroot = strings.TrimRight(path, "/"); found && chroot != "" {
		chroot = "/" + chroot
		if !wire.ValidPath(chroot) {
			return nil, "", fmt.Errorf("connect string %q: invalid chroot %q", connect, chroot)
		}
	}
	for host := range strings.SplitSeq(hosts, ",") {
		if host = strings.TrimSpace(host); host == "" {
			continue
		}
		if _, _, err := net.SplitHostPort(host); err != nil {
			host = net.JoinHostPort(strings.Trim(host, "[]"), DefaultPort)
		}
		servers = append(servers, host)
	}
	if len(servers) == 0 {
		return nil, "", fmt.Errorf("connect string %q names no server", connect)
	}
	return servers, chroot, nil
}

func (o Options) withDefaults() (Options, error) {
	if len(o.Servers) == 0 {
		return o, errors.New("no servers to connect to")
	}
	if o.Chroot == "/" {
		o.Chroot = ""
	}
	if o.Chroot != "" && !wire.ValidPath(o.Chroot) {
		return o, fmt.Errorf("invalid chroot %q", o.Chroot)
	}
	if o.SessionTimeout == 0 {
		o.SessionTimeout = DefaultSessionTimeout
	}
	if o.ConnectTimeout == 0 {
		o.ConnectTimeout = max(o.SessionTimeout/time.Duration(3*len(o.Servers)), time.Second)
	}
	if o.MaxFrame == 0 {
		o.MaxFrame = DefaultMaxFrame
	}
	if o.OnEvent == nil {
		o.OnEvent = func(wire.WatchEvent) {}
	}
	return o, nil
}
