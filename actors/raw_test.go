package actors

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"troupe/actors/config"
	"troupe/actors/metrics"
	"troupe/actors/session"
	"troupe/actors/tree"
	"troupe/persistence"
	"troupe/wire"
)

// patience bounds every wait of these tests.
const patience = 20 * time.Second

// startWith starts a server on a disk of the test's, and gives its counters.
func startWith(t *testing.T, cfg *config.Config, disk persistence.Options) (*Server, *metrics.Registry) {
	t.Helper()
	var registry *metrics.Registry
	s, err := Start(cfg, Options{Log: zerolog.Nop(), Persistence: disk,
		Words: func(_ *config.Config, r *metrics.Registry) session.Words { registry = r; return figures{} }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	select {
	case <-s.Serving():
	case <-s.Done():
		t.Fatalf("ended: %v", s.Err())
	case <-time.After(patience):
		t.Fatal("does not serve")
	}
	return s, registry
}

// until polls a condition.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for !condition() {
		select {
		case <-deadline:
			t.Fatalf("not within %v: %s", patience, what)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// raw is a client that may send anything.
type raw struct {
	*testing.T
	*net.TCPConn
	in *bufio.Reader
}

func dialRaw(t *testing.T, s *Server) *raw {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &raw{t, c.(*net.TCPConn), bufio.NewReader(c)}
}

func (r *raw) send(b []byte) {
	r.Helper()
	if _, err := r.TCPConn.Write(b); err != nil {
		r.Fatal(err)
	}
}

// frame reads one frame; nil when the server has closed.
func (r *raw) frame() []byte {
	r.Helper()
	var size [4]byte
	if _, err := io.ReadFull(r.in, size[:]); err != nil {
		if isClosed(err) {
			return nil
		}
		r.Fatal(err)
	}
	b := make([]byte, binary.BigEndian.Uint32(size[:]))
	if _, err := io.ReadFull(r.in, b); err != nil {
		r.Fatalf("in the middle of a frame: %v", err)
	}
	return b
}

func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// closed checks that nothing more comes but the end.
func (r *raw) closed(what string) {
	r.Helper()
	if b := r.frame(); b != nil {
		r.Errorf("%s: %d bytes come: %x", what, len(b), b)
	}
}

func helloBytes(q wire.ConnectRequest) []byte {
	var e wire.Encoder
	e.ConnectRequestFrame(&q)
	return e.Bytes()
}

func requestBytes(xid wire.Xid, q wire.Request) []byte {
	var e wire.Encoder
	e.RequestFrame(xid, q)
	return e.Bytes()
}

// greeting reads the answer to a connect request; nil when there is none.
func (r *raw) greeting() *wire.ConnectResponse {
	r.Helper()
	b := r.frame()
	if b == nil {
		return nil
	}
	h, err := wire.DecodeConnectResponse(b)
	if err != nil {
		r.Fatal(err)
	}
	return h
}

// hello begins a session.
func (r *raw) hello() *wire.ConnectResponse {
	r.Helper()
	r.send(helloBytes(wire.ConnectRequest{Timeout: 10000, Password: make([]byte, 16)}))
	h := r.greeting()
	if h == nil || h.Session == 0 {
		r.Fatalf("no session: %+v", h)
	}
	return h
}

// reply reads a reply's header, and leaves the body to be decoded.
func (r *raw) reply() (wire.ReplyHeader, *wire.Decoder) {
	r.Helper()
	b := r.frame()
	if b == nil {
		r.Fatal("closed instead of a reply")
	}
	d := wire.NewDecoder(b)
	h := d.ReplyHeader()
	if d.Err() != nil {
		r.Fatal(d.Err())
	}
	return h, d
}

// skip reads a reply's header and passes over the body, whose length it tells.
func (r *raw) skip() (wire.ReplyHeader, int) {
	r.Helper()
	b := make([]byte, 4+wire.ReplyHeaderSize)
	if _, err := io.ReadFull(r.in, b); err != nil {
		r.Fatal(err)
	}
	n := int(binary.BigEndian.Uint32(b)) - wire.ReplyHeaderSize
	if _, err := r.in.Discard(n); err != nil {
		r.Fatal(err)
	}
	return wire.NewDecoder(b[4:]).ReplyHeader(), n
}

// ask sends a request and wants a certain answer.
func (r *raw) ask(xid wire.Xid, q wire.Request, want wire.ErrorCode) wire.ReplyHeader {
	r.Helper()
	r.send(requestBytes(xid, q))
	h, _ := r.reply()
	if h.Xid != xid || h.Err != want {
		r.Fatalf("%v: %+v, want %v", q.Op(), h, want)
	}
	return h
}

func rawCreate(path string, data []byte) *wire.Create {
	return &wire.Create{Kind: wire.OpCreate, Path: path, Data: data, ACL: wire.OpenACL}
}

// figures answers the word figs with what a server holds.
type figures struct{}

func (figures) Needs(word string) (bool, bool) { return word == "figs", false }

func (figures) Answer(word string, _ []byte, d *tree.Description) []byte {
	if word != "figs" {
		return nil
	}
	return fmt.Appendf(nil, "%d nodes, %d ephemerals, %d sessions, %d bytes, zxid %v, digest %x", d.Nodes, d.Ephemerals, d.Sessions,
		d.DataSize, d.Applied, d.Digest)
}

func figuresOf(t *testing.T, s *Server) string {
	t.Helper()
	r := dialRaw(t, s)
	r.send([]byte("figs"))
	b, err := io.ReadAll(r.in)
	if err != nil || len(b) == 0 {
		t.Fatalf("%q, %v", b, err)
	}
	return string(b)
}
