package session

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"troupe/wire"
)

const (
	largeFrame = 64 << 10 // from here on a frame waits for room before it is read
	maxBatch   = 128      // requests in one message
	maxHello   = 1 << 10  // a connect request has 45 bytes
	wordSize   = 4
)

// A large frame takes room that others wait for: it has to come whole in a time
// that a slow line needs.
const (
	frameTimeout = 5 * time.Second
	slowLine     = 128 << 10 // bytes a second
)

// aliveEvery is how often a client is said to live while its reader waits.
const aliveEvery = 200 * time.Millisecond

// restful is how long a client says nothing if it is an idle one.
const restful = time.Second

// errFrame says that a client sent something that ends its connection.
var errFrame = errors.New("bad frame")

// reader reads a socket and tells the actor what came.
type reader struct {
	conn     net.Conn
	send     func(any)
	window   *Window
	maxFrame int
	hello    time.Duration         // how long a client may take to say hello
	raw      syscall.RawConn       // nil if the connection has none
	try      func(fd uintptr) bool // attempt
	hold     *buffer               // nil while there is nothing in it, if the connection can wait without
	buf      []byte                // hold.bytes; buf[:filled] has been read and not been used
	filled   int
	size     int       // of the next buffer
	reserved int       // bytes of the large frame that the buffer begins with
	failed   error     // of the read that ended a wait
	last     time.Time // when requests came
	idle     bool      // before that, for long
	ended    bool      // the connection; guarded by the poller
	fd       int       // at which the poller has it, or had
}

func newReader(o *Options, window *Window, send func(any)) *reader {
	r := &reader{conn: o.Conn, send: send, window: window, maxFrame: o.MaxFrame, hello: o.HelloTimeout, size: firstBuffer}
	r.try = r.attempt
	if sc, ok := o.Conn.(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			r.raw = raw
		}
	}
	return r
}

// run reads until the connection breaks.
func (r *reader) run() {
	err := r.greet()
	r.idle = true
	r.goOn(err)
}

// goOn reads on. A client that was idle will be so again, and is left to the poller
// meanwhile: a goroutine and its stack are a third of what an idle connection would cost.
func (r *reader) goOn(err error) {
	for err == nil {
		if r.idle && r.filled == 0 && r.rest() {
			return
		}
		err = r.requests()
	}
	r.send(&Broken{err})
}

// wake goes on when something has come, in a goroutine.
func (r *reader) wake() {
	r.idle = false
	r.goOn(nil)
}

// greet reads a four-letter word or the connect request.
func (r *reader) greet() error {
	if err := r.conn.SetReadDeadline(time.Now().Add(r.hello)); err != nil {
		return err
	}
	if err := r.need(wordSize); err != nil {
		return err
	}
	if word := string(r.buf[:wordSize]); isWord(word) {
		return r.word(word)
	}
	n, err := r.frameLength()
	if err == nil && n > maxHello {
		err = fmt.Errorf("%w: a connect request of %d bytes", errFrame, n)
	}
	if err != nil {
		return err
	}
	if err := r.need(wordSize + n); err != nil {
		return err
	}
	r.send(&Hello{append([]byte(nil), r.buf[wordSize:wordSize+n]...)})
	r.consume(wordSize + n)
	return r.conn.SetReadDeadline(time.Time{})
}

func (r *reader) word(word string) error {
	var arg []byte
	if word == "stmk" {
		if err := r.need(wordSize + 8); err != nil {
			return err
		}
		arg = append(arg, r.buf[wordSize:wordSize+8]...)
	}
	r.send(&Word{word, arg})
	r.consume(r.filled)
	for { // the client may close its side before it has the answer
		if err := r.read(); err != nil {
			return err
		}
		r.consume(r.filled)
	}
}

// requests reads until there is a whole frame, and hands on all that are there.
func (r *reader) requests() error {
	for whole, err := r.whole(); !whole; whole, err = r.whole() {
		if err == nil {
			err = r.reserve()
		}
		if err == nil {
			err = r.read()
		}
		if err != nil {
			return err
		}
	}
	if r.reserved > 0 {
		if err := r.conn.SetReadDeadline(time.Time{}); err != nil {
			return err
		}
	}
	at := time.Now()
	r.idle, r.last = at.Sub(r.last) > restful, at
	for whole := true; whole; whole, _ = r.whole() {
		large := r.reserved
		frames, err := r.cut()
		if len(frames) > 0 {
			extra := 0
			for i := range frames {
				extra += max(work(frames[i].Request)-1, 0)
			}
			if !r.window.Acquire(len(frames) + extra) {
				return net.ErrClosed
			}
			r.send(&Frames{at, frames, large, extra})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// work is how many operations a request is: who waits behind a thousand of them does
// not care whether they came as one multi.
func work(q wire.Request) int {
	switch q := q.(type) {
	case *wire.Multi:
		return len(q.Ops)
	case *wire.MultiRead:
		return len(q.Ops)
	case *wire.SetWatches:
		return len(q.Data) + len(q.Exist) + len(q.Child) + len(q.Persistent) + len(q.Recursive)
	}
	return 1
}

// reserve waits for room for a large frame that has begun, all of it at once: two
// halves would wait for each other. The client lives meanwhile, since what it
// sends cannot be heard.
func (r *reader) reserve() error {
	if r.reserved > 0 || r.filled < wordSize {
		return nil
	}
	n, _ := r.frameLength() // has been looked at
	if wordSize+n < largeFrame {
		return nil
	}
	if !r.window.Reserve(wordSize+n, func() { r.send(&Alive{time.Now()}) }) {
		return net.ErrClosed
	}
	r.reserved = wordSize + n
	return r.conn.SetReadDeadline(time.Now().Add(frameTimeout + time.Duration(n)*time.Second/slowLine))
}

// whole tells whether the buffer starts with a whole frame.
func (r *reader) whole() (bool, error) {
	if r.filled < wordSize {
		return false, nil
	}
	n, err := r.frameLength()
	return err == nil && r.filled >= wordSize+n, err
}

func (r *reader) frameLength() (int, error) {
	n := int(int32(binary.BigEndian.Uint32(r.buf)))
	if n < 0 || n > r.maxFrame {
		return 0, fmt.Errorf("%w: length %d, at most %d is taken (jute.maxbuffer)", errFrame, n, r.maxFrame)
	}
	return n, nil
}

// cut takes up to maxBatch whole frames out of the buffer, into memory of their
// own, and decodes them. A large frame is alone, and takes the buffer with it.
func (r *reader) cut() ([]Frame, error) {
	end, count := 0, 0
	for count < maxBatch && r.filled-end >= wordSize {
		n := int(int32(binary.BigEndian.Uint32(r.buf[end:])))
		if n < 0 || n > r.maxFrame || r.filled-end-wordSize < n {
			break
		}
		end += wordSize + n
		count++
	}
	var chunk []byte
	if r.reserved > 0 {
		chunk, r.hold, r.buf, r.filled, r.reserved = r.buf[:end], nil, nil, 0, 0
	} else {
		chunk = append([]byte(nil), r.buf[:end]...)
		r.consume(end)
	}
	frames := make([]Frame, 0, count)
	for len(chunk) > 0 {
		n := int(binary.BigEndian.Uint32(chunk)) + wordSize
		f, err := decode(chunk[wordSize:n:n])
		if err != nil {
			return frames, err
		}
		frames = append(frames, f)
		chunk = chunk[n:]
	}
	return frames, nil
}

// decode reads a request's header and, if it can be, its body.
func decode(frame []byte) (Frame, error) {
	d := wire.NewDecoder(frame)
	f := Frame{Xid: wire.Xid(d.Int32()), Op: wire.OpCode(d.Int32()), Body: d.Rest()}
	if d.Err() != nil {
		return f, fmt.Errorf("%w: no request header: %w", errFrame, d.Err())
	}
	if f.Op == wire.OpDeleteContainer || f.Op == wire.OpCreateSession {
		return f, nil // not for clients: the actor answers without a look at the body
	}
	f.Request, f.Err = wire.DecodeRequest(f.Op, f.Body)
	return f, nil
}

// need reads until n bytes are there. The buffer grows as they come, not as they
// are announced.
func (r *reader) need(n int) error {
	for r.filled < n {
		if err := r.read(); err != nil {
			return err
		}
	}
	return nil
}

// read reads what there is. The buffer is never larger than a large frame, so that
// such a frame fills it.
func (r *reader) read() error {
	switch {
	case r.hold == nil && r.raw != nil:
		return r.wait()
	case r.hold == nil:
		r.have(take(r.size))
	case r.filled == len(r.buf) && r.reserved > 0:
		r.grow(min(2*len(r.buf), r.reserved))
	case r.filled == len(r.buf):
		r.grow(2 * len(r.buf))
	}
	n, err := r.conn.Read(r.buf[r.filled:])
	r.filled += n
	if n > 0 {
		return nil
	}
	return err
}

// wait waits for the first bytes, without a buffer.
func (r *reader) wait() error {
	if err := r.raw.Read(r.try); err != nil {
		return err
	}
	return r.failed
}

// attempt reads what there is on the socket; false if that is nothing.
func (r *reader) attempt(fd uintptr) (done bool) {
	b := take(r.size)
	if r.filled, done, r.failed = readNow(fd, b.bytes); r.filled == 0 {
		give(b)
		return done
	}
	r.have(b)
	return true
}

// readNow reads what there is on a socket. It is not done if there is nothing yet.
func readNow(fd uintptr, b []byte) (n int, done bool, err error) {
	for {
		n, err = syscall.Read(int(fd), b)
		switch {
		case err == nil && n > 0:
			return n, true, nil
		case err == nil:
			return 0, true, io.EOF
		case errors.Is(err, syscall.EAGAIN):
			return 0, false, nil
		case !errors.Is(err, syscall.EINTR):
			return 0, true, os.NewSyscallError("read", err)
		}
	}
}

// have goes on with a buffer.
func (r *reader) have(b *buffer) {
	r.hold, r.buf = b, b.bytes
}

func (r *reader) grow(size int) {
	b := take(size)
	copy(b.bytes, r.buf[:r.filled])
	give(r.hold)
	r.have(b)
	r.size = min(size, keepBuffer)
}

// consume drops the first n bytes of the buffer, and the buffer with the last.
func (r *reader) consume(n int) {
	if r.filled = copy(r.buf, r.buf[n:r.filled]); r.filled == 0 && r.hold != nil {
		give(r.hold)
		r.hold, r.buf = nil, nil
	}
}

// isWord tells whether a connection starts with a four-letter word: as a length,
// lower-case letters are over a gigabyte.
func isWord(s string) bool {
	for i := range len(s) {
		if s[i] < 'a' || s[i] > 'z' {
			return false
		}
	}
	return true
}
