package session

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"

	"troupe/wire"
)

const (
	firstBuffer = 4 << 10  // what an idle connection holds
	keepBuffer  = 64 << 10 // a larger one is let go when it is empty
	maxBatch    = 128      // requests in one message
	wordSize    = 4
)

// errFrame says that a client sent something that ends its connection.
var errFrame = errors.New("bad frame")

// reader reads a socket and tells the actor what came.
type reader struct {
	conn     net.Conn
	send     func(any)
	window   *Window
	maxFrame int
	hello    time.Duration // how long a client may take to say hello
	buf      []byte        // buf[:filled] has been read and not been used
	filled   int
}

// run reads until the connection breaks.
func (r *reader) run() {
	r.buf = make([]byte, firstBuffer)
	err := r.greet()
	for err == nil {
		err = r.requests()
	}
	r.send(&Broken{err})
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
		if _, err := r.conn.Read(r.buf); err != nil {
			return err
		}
	}
}

// requests reads until there is a whole frame, and hands on all that are there.
func (r *reader) requests() error {
	for whole, err := r.whole(); !whole; whole, err = r.whole() {
		if err != nil {
			return err
		}
		if err := r.read(); err != nil {
			return err
		}
	}
	at := time.Now()
	for whole := true; whole; whole, _ = r.whole() {
		frames, err := r.cut()
		if len(frames) > 0 {
			if !r.window.Acquire(len(frames)) {
				return net.ErrClosed
			}
			r.send(&Frames{at, frames})
		}
		if err != nil {
			return err
		}
	}
	return nil
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
// own, and decodes them.
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
	chunk := append([]byte(nil), r.buf[:end]...)
	r.consume(end)
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

func (r *reader) read() error {
	if r.filled == len(r.buf) {
		r.buf = append(r.buf, make([]byte, len(r.buf))...)
	}
	n, err := r.conn.Read(r.buf[r.filled:])
	r.filled += n
	if n > 0 {
		return nil
	}
	return err
}

// consume drops the first n bytes of the buffer.
func (r *reader) consume(n int) {
	r.filled = copy(r.buf, r.buf[n:r.filled])
	if r.filled == 0 && len(r.buf) > keepBuffer {
		r.buf = make([]byte, firstBuffer)
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
