package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"

	"github.com/vmihailenco/msgpack/v5"
)

// ErrNewer says that something was written by a newer version of Troupe.
var ErrNewer = errors.New("written by a newer version")

// Packer encodes records, znodes and sessions in msgpack without reflection,
// keeping its encoder between calls. It is owned by one goroutine.
type Packer struct {
	out     appender
	enc     *msgpack.Encoder
	inner   *Packer // for what is packed inside of a message
	scratch []byte  // of inner's
}

// appender is a growing buffer with the two methods the encoder wants.
type appender struct{ b []byte }

func (a *appender) Write(p []byte) (int, error) { a.b = append(a.b, p...); return len(p), nil }
func (a *appender) WriteByte(c byte) error      { a.b = append(a.b, c); return nil }

// NewPacker makes a Packer.
func NewPacker() *Packer {
	p := &Packer{}
	p.enc = msgpack.NewEncoder(&p.out)
	return p
}

// begin starts an array of n elements appended to dst. Writing to an appender
// cannot fail, so the encoder's errors need no look.
func (p *Packer) begin(dst []byte, n int) {
	p.out.b = dst
	_ = p.enc.EncodeArrayLen(n)
}

func (p *Packer) end() []byte {
	b := p.out.b
	p.out.b = nil
	return b
}

func (p *Packer) uint(v uint64)   { _ = p.enc.EncodeUint(v) }
func (p *Packer) int(v int64)     { _ = p.enc.EncodeInt(v) }
func (p *Packer) bytes(b []byte)  { _ = p.enc.EncodeBytes(b) }
func (p *Packer) string(s string) { _ = p.enc.EncodeString(s) }
func (p *Packer) array(n int)     { _ = p.enc.EncodeArrayLen(n) }

// unpacker reads what a Packer wrote. Lengths are compared with the bytes that
// are left before anything is allocated; the first error sticks.
type unpacker struct {
	all []byte
	in  bytes.Reader // over all; the decoder reads nothing ahead of what it decodes
	dec *msgpack.Decoder
	err error
}

// unpackerPool has some that are kept, since a decoder costs more than most of what it decodes.
var unpackerPool = sync.Pool{New: func() any {
	u := &unpacker{}
	u.dec = msgpack.NewDecoder(&u.in)
	return u
}}

func newUnpacker(b []byte) *unpacker {
	u := unpackerPool.Get().(*unpacker)
	u.err, u.all = nil, b
	u.in.Reset(b)
	u.dec.Reset(&u.in)
	return u
}

func (u *unpacker) fail(err error) {
	if u.err == nil && err != nil {
		u.err = err
	}
}

func (u *unpacker) uint(max uint64) uint64 {
	if u.err != nil {
		return 0
	}
	v, err := u.dec.DecodeUint64()
	u.fail(err)
	if v > max {
		u.fail(fmt.Errorf("number %d is over %d", v, max))
		return 0
	}
	return v
}

func (u *unpacker) int(min, max int64) int64 {
	if u.err != nil {
		return 0
	}
	v, err := u.dec.DecodeInt64()
	u.fail(err)
	if v < min || v > max {
		u.fail(fmt.Errorf("number %d is not in [%d, %d]", v, min, max))
		return 0
	}
	return v
}

func (u *unpacker) int32() int32   { return int32(u.int(math.MinInt32, math.MaxInt32)) }
func (u *unpacker) int64() int64   { return u.int(math.MinInt64, math.MaxInt64) }
func (u *unpacker) uint64() uint64 { return u.uint(math.MaxUint64) }

// length checks a decoded length against the bytes left, min per element.
func (u *unpacker) length(n int, err error, min int) int {
	u.fail(err)
	if u.err == nil && n > u.in.Len()/min {
		u.fail(fmt.Errorf("%w: %d declared, %d bytes left", ErrShort, n, u.in.Len()))
	}
	if u.err != nil {
		return 0
	}
	return n
}

// bytes reads a byte string into fresh memory; nil stays nil.
func (u *unpacker) bytes() []byte {
	if u.err != nil {
		return nil
	}
	n, err := u.dec.DecodeBytesLen()
	if n = u.length(n, err, 1); n < 0 || u.err != nil {
		return nil
	}
	return append(make([]byte, 0, n), u.take(n)...)
}

// take passes over n bytes, which are there, and must not be kept.
func (u *unpacker) take(n int) []byte {
	at := len(u.all) - u.in.Len()
	_, err := u.in.Seek(int64(n), io.SeekCurrent)
	u.fail(err)
	return u.all[at : at+n]
}

// common are strings of which there would be one in every znode.
var common = map[string]string{"world": "world", "anyone": "anyone", "ip": "ip", "digest": "digest", "auth": "auth", "x509": "x509", "sasl": "sasl"}

func (u *unpacker) string() string {
	if u.err != nil {
		return ""
	}
	n, err := u.dec.DecodeBytesLen()
	if n = u.length(n, err, 1); n <= 0 || u.err != nil {
		return ""
	}
	b := u.take(n)
	if s, is := common[string(b)]; is {
		return s
	}
	return string(b)
}

// array reads an array's length; elements take at least min bytes each.
func (u *unpacker) array(min int) int {
	if u.err != nil {
		return 0
	}
	n, err := u.dec.DecodeArrayLen()
	return max(0, u.length(n, err, min))
}

// begin reads the array header and the version, which comes first in all we
// write.
func (u *unpacker) begin(want int, version uint64) {
	if n := u.array(1); u.err == nil && n < 1 {
		u.fail(fmt.Errorf("%w: empty array", ErrShort))
	} else if v := u.uint64(); u.err == nil && v > version {
		u.fail(fmt.Errorf("%w: version %d, this one reads up to %d", ErrNewer, v, version))
	} else if u.err == nil && (v == 0 || n != want) {
		u.fail(fmt.Errorf("version %d in an array of %d, %d expected", v, n, want))
	}
}

// end checks that nothing is left. The unpacker is not used after it.
func (u *unpacker) end() error {
	if u.err == nil && u.in.Len() > 0 {
		u.fail(fmt.Errorf("%d bytes left over", u.in.Len()))
	}
	err := u.err
	u.in.Reset(nil)
	u.all = nil
	unpackerPool.Put(u)
	return err
}
