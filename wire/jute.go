package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"
)

// ErrShort says that a record's declared lengths run past its bytes.
var ErrShort = errors.New("record is shorter than it declares")

// Encoder appends jute-encoded values (big endian, length-prefixed) to a
// buffer it owns. The zero value is ready.
type Encoder struct{ buf []byte }

// NewEncoder appends to buf, which it takes over.
func NewEncoder(buf []byte) *Encoder { return &Encoder{buf: buf} }

// Bytes is what has been encoded so far; it is valid until the next append.
func (e *Encoder) Bytes() []byte { return e.buf }

// Len is the number of bytes encoded so far.
func (e *Encoder) Len() int { return len(e.buf) }

// Reset forgets what was encoded and keeps the buffer.
func (e *Encoder) Reset() { e.buf = e.buf[:0] }

// Int32 appends a jute int.
func (e *Encoder) Int32(v int32) { e.buf = binary.BigEndian.AppendUint32(e.buf, uint32(v)) }

// Int64 appends a jute long.
func (e *Encoder) Int64(v int64) { e.buf = binary.BigEndian.AppendUint64(e.buf, uint64(v)) }

// Bool appends a jute boolean.
func (e *Encoder) Bool(v bool) {
	b := byte(0)
	if v {
		b = 1
	}
	e.buf = append(e.buf, b)
}

// Buffer appends a jute buffer; nil is told apart from empty.
func (e *Encoder) Buffer(b []byte) {
	e.bufferLength(b)
	e.buf = append(e.buf, b...)
}

func (e *Encoder) bufferLength(b []byte) {
	if b == nil {
		e.Int32(-1)
		return
	}
	e.Int32(int32(len(b)))
}

// String appends a jute ustring.
func (e *Encoder) String(s string) {
	e.Int32(int32(len(s)))
	e.buf = append(e.buf, s...)
}

// Strings appends a jute vector of ustrings.
func (e *Encoder) Strings(v []string) {
	e.Int32(int32(len(v)))
	for _, s := range v {
		e.String(s)
	}
}

// BeginFrame leaves room for a frame's length and returns the mark that
// EndFrame needs to fill it in.
func (e *Encoder) BeginFrame() (mark int) {
	mark = len(e.buf)
	e.Int32(0)
	return mark
}

// EndFrame writes the length of what followed BeginFrame.
func (e *Encoder) EndFrame(mark int) {
	binary.BigEndian.PutUint32(e.buf[mark:], uint32(len(e.buf)-mark-4))
}

// Decoder reads jute values from one frame. The first error sticks and every
// later read gives a zero value, so callers check Err once, at the end. Bytes
// left over are no error, as in the original.
type Decoder struct {
	buf []byte
	err error
}

// NewDecoder reads from b without copying it.
func NewDecoder(b []byte) *Decoder { return &Decoder{buf: b} }

// Err is the first error met, or nil.
func (d *Decoder) Err() error { return d.err }

// Left is the number of bytes not read yet.
func (d *Decoder) Left() int { return len(d.buf) }

// Rest is the bytes not read yet, as a view.
func (d *Decoder) Rest() []byte { return d.buf }

func (d *Decoder) take(n int) []byte {
	if d.err != nil {
		return nil
	}
	if n < 0 || n > len(d.buf) {
		d.err = fmt.Errorf("%w: %d bytes wanted, %d left", ErrShort, n, len(d.buf))
		d.buf = nil
		return nil
	}
	b := d.buf[:n:n]
	d.buf = d.buf[n:]
	return b
}

// Int32 reads a jute int.
func (d *Decoder) Int32() int32 {
	if b := d.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

// Int64 reads a jute long.
func (d *Decoder) Int64() int64 {
	if b := d.take(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

// Bool reads a jute boolean: any byte but 0 is true.
func (d *Decoder) Bool() bool {
	b := d.take(1)
	return b != nil && b[0] != 0
}

// Buffer reads a jute buffer as a view into the frame; nil for length -1.
func (d *Decoder) Buffer() []byte {
	n := d.Int32()
	if n == -1 || d.err != nil {
		return nil
	}
	return d.take(int(n))
}

// String reads a jute ustring, "" for null. What is not UTF-8 is replaced, as
// Java does.
func (d *Decoder) String() string {
	s, _ := d.nullString()
	return s
}

// nullString is String that tells null from empty.
func (d *Decoder) nullString() (s string, null bool) {
	n := d.Int32()
	if n == -1 || d.err != nil {
		return "", true
	}
	s = string(d.take(int(n)))
	if !utf8.ValidString(s) {
		s = string([]rune(s))
	}
	return s, false
}

// Count reads a vector's length. Elements take at least min bytes each, which
// bounds what a caller may allocate; null and negative lengths are no elements.
func (d *Decoder) Count(min int) int {
	n := int(d.Int32())
	if n <= 0 || d.err != nil {
		return 0
	}
	if n > len(d.buf)/min {
		d.err = fmt.Errorf("%w: vector of %d in %d bytes", ErrShort, n, len(d.buf))
		d.buf = nil
		return 0
	}
	return n
}

// Strings reads a vector of ustrings.
func (d *Decoder) Strings() []string {
	n := d.Count(4)
	if n == 0 {
		return nil
	}
	v := make([]string, n)
	for i := range v {
		v[i] = d.String()
	}
	return v
}
