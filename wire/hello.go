package wire

import (
	"errors"
	"fmt"
)

// MaxHello bounds a packed Hello, in bytes.
const MaxHello = 64 << 10

// maxEnsemble bounds the length of an ensemble's id.
const maxEnsemble = 255

// Versions is a range of versions that a server can read and write, both ends
// included.
type Versions struct{ Low, High uint8 }

// Common is the highest version in both ranges; false if there is none.
func (v Versions) Common(o Versions) (uint8, bool) {
	high := min(v.High, o.High)
	return high, high >= max(v.Low, o.Low)
}

// String prints the range.
func (v Versions) String() string {
	if v.Low == v.High {
		return fmt.Sprint(v.Low)
	}
	return fmt.Sprintf("%d to %d", v.Low, v.High)
}

// Member is a server as a list of the ensemble has it.
type Member struct {
	ID    ServerID
	Voter bool
}

// Hello is what servers tell each other before anything else.
type Hello struct {
	Server      ServerID
	Incarnation uint64 // drawn when the process starts
	Ensemble    string // the ensemble's id; "" if it has none yet
	Members     []Member
	Link        Versions
	Record      Versions
	Eval        Versions
	MaxMessage  uint64 // longest message it takes, in bytes
	ID          uint64 // of the link, in this direction
	Echo        uint64 // ID of the last Hello from the other; 0 none
}

// helloFormat is the format of a Hello for good: later versions of Troupe add
// elements at the end, which earlier ones do not look at, so that servers of any
// two versions can tell each other why they do not fit.
const (
	helloFormat = 1
	helloFields = 14
)

// Hello appends a packed Hello to dst.
func (p *Packer) Hello(dst []byte, h *Hello) []byte {
	p.begin(dst, helloFields)
	p.uint(helloFormat)
	p.uint(uint64(h.Server))
	p.uint(h.Incarnation)
	p.string(h.Ensemble)
	p.array(2 * len(h.Members))
	for _, m := range h.Members {
		p.uint(uint64(m.ID))
		p.uint(flag(m.Voter))
	}
	for _, v := range [...]Versions{h.Link, h.Record, h.Eval} {
		p.uint(uint64(v.Low))
		p.uint(uint64(v.High))
	}
	p.uint(h.MaxMessage)
	p.uint(h.ID)
	p.uint(h.Echo)
	return p.end()
}

func flag(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// UnpackHello reads a Hello, into fresh memory.
func UnpackHello(b []byte) (Hello, error) {
	if len(b) > MaxHello {
		return Hello{}, fmt.Errorf("hello: %d bytes are over %d", len(b), MaxHello)
	}
	u := newUnpacker(b)
	n := u.array(1)
	if format := u.uint64(); u.err == nil && (format != helloFormat || n < helloFields) {
		u.fail(fmt.Errorf("format %d with %d elements", format, n))
	}
	h := Hello{Server: ServerID(u.uint(255)), Incarnation: u.uint64(), Ensemble: u.string()}
	if len(h.Ensemble) > maxEnsemble {
		u.fail(errors.New("the ensemble's id is too long"))
	}
	h.Members = u.members()
	for _, v := range [...]*Versions{&h.Link, &h.Record, &h.Eval} {
		*v = Versions{uint8(u.uint(255)), uint8(u.uint(255))}
	}
	h.MaxMessage, h.ID, h.Echo = u.uint64(), u.uint64(), u.uint64()
	err := u.err
	if n == helloFields {
		err = u.end()
	}
	if err != nil {
		return Hello{}, fmt.Errorf("hello: %w", err)
	}
	return h, nil
}

func (u *unpacker) members() []Member {
	n := u.array(1)
	if n%2 != 0 || n > 2*255 {
		u.fail(fmt.Errorf("%d elements in the list of members", n))
		return nil
	}
	var members []Member
	for range n / 2 {
		members = append(members, Member{ServerID(u.uint(255)), u.uint(1) == 1})
	}
	return members
}
