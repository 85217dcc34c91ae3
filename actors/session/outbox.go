package session

import (
	"errors"
	"net"
	"syscall"
	"time"
)

// drainTimeout is how long the socket may take nothing at all before the client
// is cut off.
const drainTimeout = 30 * time.Second

// fill is how many bytes are made to wait for a socket that takes no more.
const fill = 128 << 10

// outbox writes to a socket without ever waiting for it. What the socket does
// not take is written by a goroutine, and what comes meanwhile waits.
type outbox struct {
	conn     net.Conn
	raw      syscall.RawConn // nil if the connection has none: then every write is the goroutine's
	send     func(any)
	patience time.Duration
	draining bool
	waiting  []byte
}

func newOutbox(conn net.Conn, send func(any)) *outbox {
	o := &outbox{conn: conn, send: send, patience: drainTimeout}
	if sc, ok := conn.(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			o.raw = raw
		}
	}
	return o
}

// room tells whether more should be written now.
func (o *outbox) room() bool { return !o.draining || len(o.waiting) < fill }

// write sends b, which it does not keep.
func (o *outbox) write(b []byte) error {
	if o.draining {
		o.waiting = append(o.waiting, b...)
		return nil
	}
	n, err := o.try(b)
	if err != nil || n == len(b) {
		return err
	}
	o.drain(append([]byte(nil), b[n:]...))
	return nil
}

// try writes what the socket takes at once.
func (o *outbox) try(b []byte) (n int, err error) {
	if o.raw == nil {
		return 0, nil
	}
	waitErr := o.raw.Write(func(fd uintptr) bool {
		for n < len(b) && err == nil {
			var m int
			if m, err = syscall.Write(int(fd), b[n:]); m > 0 {
				n += m
			}
			if errors.Is(err, syscall.EINTR) {
				err = nil
			}
		}
		return true
	})
	if errors.Is(err, syscall.EAGAIN) {
		err = nil
	}
	return n, errors.Join(err, waitErr)
}

func (o *outbox) drain(b []byte) {
	o.draining = true
	go func() {
		var err error
		for len(b) > 0 && err == nil {
			var n int
			if err = o.conn.SetWriteDeadline(time.Now().Add(o.patience)); err == nil {
				n, err = o.conn.Write(b[:min(len(b), 1<<20)])
			}
			b = b[n:]
		}
		if err == nil {
			err = o.conn.SetWriteDeadline(time.Time{}) // it holds for what is written later, too
		}
		o.send(&Drained{err})
	}()
}

// drained goes on with what has come meanwhile.
func (o *outbox) drained(err error) error {
	o.draining = false
	if err != nil || len(o.waiting) == 0 {
		return err
	}
	b := o.waiting
	o.waiting = nil
	o.drain(b)
	return nil
}
