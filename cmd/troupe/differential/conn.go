package differential

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

const (
	replyTimeout = 20 * time.Second // far beyond any pause of a loaded machine
	maxFrame     = 64 << 20
)

// errClosed says that the server closed the connection.
var errClosed = errors.New("connection closed by the server")

// conn is one client connection, spoken raw.
type conn struct {
	tcp     net.Conn
	in      *bufio.Reader
	pending []request // sent and not answered yet, oldest first
	xid     int32     // of the last request that was numbered
	mute    bool      // not pinged after the steps of others
}

func dial(addr string) (*conn, error) {
	tcp, err := net.DialTimeout("tcp", addr, replyTimeout)
	if err != nil {
		return nil, err
	}
	return &conn{tcp: tcp, in: bufio.NewReaderSize(tcp, 64<<10)}, nil
}

// write sends bytes. A connection that the server has closed meanwhile is
// noticed when it is read.
func (c *conn) write(b []byte) error {
	if err := c.tcp.SetDeadline(time.Now().Add(replyTimeout)); err != nil {
		return err
	}
	if _, err := c.tcp.Write(b); err != nil && !closedByPeer(err) {
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

// frame reads one frame without its length.
func (c *conn) frame() ([]byte, error) {
	if err := c.tcp.SetReadDeadline(time.Now().Add(replyTimeout)); err != nil {
		return nil, err
	}
	var size [4]byte
	if _, err := io.ReadFull(c.in, size[:]); err != nil {
		return nil, readError(err)
	}
	n := int32(binary.BigEndian.Uint32(size[:]))
	if n < 0 || n > maxFrame {
		return nil, fmt.Errorf("frame of %d bytes", n)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(c.in, b); err != nil {
		return nil, readError(err)
	}
	return b, nil
}

func readError(err error) error {
	switch {
	case closedByPeer(err):
		return errClosed
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("nothing came for %v: %w", replyTimeout, err)
	}
	return fmt.Errorf("read: %w", err)
}

func closedByPeer(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// appendFrame appends a request with its length and header.
func appendFrame(b []byte, xid, op int32, body []byte) []byte {
	b = appendInt(b, int32(8+len(body)))
	b = appendInt(b, xid)
	b = appendInt(b, op)
	return append(b, body...)
}
