package client

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"troupe/wire"
)

const readBuffer = 64 << 10

// Reply is the outcome of a call. In a callback it is valid until the callback
// returns; Keep makes it last.
type Reply struct {
	wire.ReplyHeader
	op     wire.OpCode
	body   []byte
	chroot string
	lost   error
}

// Err is nil for a request that succeeded, the wire.ErrorCode for one that did
// not, and wraps ErrConnectionLost where no reply came.
func (r *Reply) Err() error {
	if r.lost != nil {
		return r.lost
	}
	if r.ReplyHeader.Err != wire.OK {
		return r.ReplyHeader.Err
	}
	return nil
}

// Body decodes the reply's body; nil for operations that have none. Byte slices
// in it are views, valid as long as the reply.
func (r *Reply) Body() (wire.Body, error) {
	if err := r.Err(); err != nil {
		return nil, err
	}
	body, err := wire.DecodeReply(r.op, wire.NewDecoder(r.body))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	return stripBody(r.chroot, r.op, body), nil
}

// Keep is r with memory of its own.
func (r Reply) Keep() Reply {
	r.body = bytes.Clone(r.body)
	return r
}

// source is the socket as the reader's buffer sees it. Before it waits for the
// server it lets go what callbacks have queued; a server silent for two thirds
// of the session's timeout is given up, in time to find another.
type source struct{ *Conn }

func (s source) Read(p []byte) (int, error) {
	s.turn(false)
	if err := s.socket.SetReadDeadline(time.Now().Add(s.timeout * 2 / 3)); err != nil {
		return 0, err
	}
	n, err := s.socket.Read(p)
	s.turn(true)
	return n, err
}

func (c *Conn) turn(reading bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reading = reading
	if !reading {
		c.wakeLocked()
	}
}

// read hands out what the server sends until the connection ends, then ends the
// calls that have no reply.
func (c *Conn) read() {
	defer close(c.done)
	in := bufio.NewReaderSize(source{c}, readBuffer)
	var err error
	for err == nil {
		err = c.readFrame(in)
	}
	c.fail(err)
	c.mu.Lock()
	lost := fmt.Errorf("%w: %w", ErrConnectionLost, c.lost)
	orphans := append(c.queue.drain(), c.aside...)
	c.aside = nil
	c.mu.Unlock()
	for _, o := range orphans {
		o.done(Reply{op: o.op, lost: lost})
	}
}

// readFrame reads and handles one frame: in the buffer if it fits there.
func (c *Conn) readFrame(in *bufio.Reader) error {
	head, err := in.Peek(4)
	if err != nil {
		return err
	}
	size := int(binary.BigEndian.Uint32(head))
	if size < wire.ReplyHeaderSize || size > c.opts.MaxFrame {
		return fmt.Errorf("%w: frame of %d bytes", ErrProtocol, size)
	}
	if 4+size > readBuffer {
		frame := make([]byte, 4+size)
		if _, err := io.ReadFull(in, frame); err != nil {
			return err
		}
		return c.handle(frame[4:])
	}
	frame, err := in.Peek(4 + size)
	if err != nil {
		return err
	}
	if err := c.handle(frame[4:]); err != nil {
		return err
	}
	_, err = in.Discard(4 + size)
	return err
}

// handle gives a frame to whom it is for.
func (c *Conn) handle(frame []byte) error {
	d := wire.NewDecoder(frame)
	header := d.ReplyHeader()
	if header.Xid == wire.XidWatchEvent {
		event := d.WatchEvent()
		if err := d.Err(); err != nil {
			return fmt.Errorf("%w: watch event: %w", ErrProtocol, err)
		}
		event.Path = stripPath(c.opts.Chroot, event.Path)
		c.opts.OnEvent(*event)
		return nil
	}
	call, err := c.take(header.Xid)
	if err != nil {
		return err
	}
	// Auth is answered with zxid 0, errors before any transaction with -1.
	if z := uint64(header.Zxid); int64(z) > 0 && z > c.lastZxid.Load() {
		c.lastZxid.Store(z)
	}
	call.done(Reply{ReplyHeader: header, op: call.op, body: d.Rest(), chroot: c.opts.Chroot})
	return nil
}

// take finds the call that a reply answers: the oldest one, or the oldest one
// with that special xid.
func (c *Conn) take(xid wire.Xid) (call, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if first, ok := c.queue.peek(); ok && first.xid == xid {
		c.queue.pop()
		return first, nil
	}
	for i, a := range c.aside {
		if a.xid == xid {
			c.aside = append(c.aside[:i], c.aside[i+1:]...)
			return a, nil
		}
	}
	return call{}, fmt.Errorf("%w: reply to xid %d, which is not the next awaited", ErrProtocol, xid)
}

// fifo is a queue of calls in a ring that grows.
type fifo struct {
	ring  []call
	first int
	n     int
}

func (f *fifo) push(c call) {
	if f.n == len(f.ring) {
		ring := make([]call, max(16, 2*len(f.ring)))
		n := copy(ring, f.ring[f.first:])
		copy(ring[n:], f.ring[:f.first])
		f.ring, f.first = ring, 0
	}
	f.ring[(f.first+f.n)&(len(f.ring)-1)] = c
	f.n++
}

func (f *fifo) peek() (call, bool) {
	if f.n == 0 {
		return call{}, false
	}
	return f.ring[f.first], true
}

func (f *fifo) pop() {
	f.ring[f.first] = call{}
	f.first = (f.first + 1) & (len(f.ring) - 1)
	f.n--
}

// drain takes all calls, oldest first.
func (f *fifo) drain() []call {
	all := make([]call, 0, f.n)
	for f.n > 0 {
		first, _ := f.peek()
		f.pop()
		all = append(all, first)
	}
	return all
}
