package hostile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand"
	"strings"
	"testing"
	"time"

	"troupe/bench/client"
	"troupe/wire"
)

// megabyte is data that just fits in a frame.
var megabyte = make([]byte, 1_000_000)

func hello() []byte {
	return helloOf(wire.ConnectRequest{Timeout: 20000, Password: make([]byte, wire.PasswordSize), HasReadOnly: true})
}

func helloOf(q wire.ConnectRequest) []byte {
	var e wire.Encoder
	e.ConnectRequestFrame(&q)
	return e.Bytes()
}

func request(xid int, q wire.Request) []byte {
	var e wire.Encoder
	e.RequestFrame(wire.Xid(xid), q)
	return e.Bytes()
}

// session is a hello and requests behind it.
func session(all ...wire.Request) []byte {
	b := hello()
	for i, q := range all {
		b = append(b, request(i+1, q)...)
	}
	return b
}

func create(path string, data []byte) *wire.Create {
	return &wire.Create{Kind: wire.OpCreate, Path: path, Data: data, ACL: wire.OpenACL}
}

// bytesOf sends the same on every connection.
func bytesOf(parts ...[]byte) func(io.Writer, int) error {
	all := bytes.Join(parts, nil)
	return func(w io.Writer, _ int) error {
		_, err := w.Write(all)
		return err
	}
}

// length is the length of a frame.
func length(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

func garbage(n int) []byte {
	b := make([]byte, n)
	rand.New(rand.NewSource(1)).Read(b)
	b[0] = 0xfe // no word, and no length
	return b
}

// endless sends a packet over and over, so many times at most.
func endless(first, packet []byte, most int, pace time.Duration) func(io.Writer, int) error {
	return func(w io.Writer, _ int) error {
		_, err := w.Write(first)
		tick := time.NewTicker(max(pace, 1))
		defer tick.Stop()
		for n := 0; err == nil && n < most; n++ {
			_, err = w.Write(packet)
			if pace > 0 {
				<-tick.C
			}
		}
		return err
	}
}

// repeat is a request so many times.
func repeat(n int, all ...wire.Request) []byte {
	var b []byte
	for i := range n {
		for k, q := range all {
			b = append(b, request(i*len(all)+k+1, q)...)
		}
	}
	return b
}

// do carries out requests that the attack needs, a million times perhaps.
func do(t *testing.T, c *client.Conn, n int, request func(i int) wire.Request) {
	t.Helper()
	const ahead = 32
	slots, failed := make(chan struct{}, ahead), make(chan error, 1)
	for i := range n {
		slots <- struct{}{}
		err := c.Go(request(i), func(r client.Reply) {
			if err := r.Err(); err != nil {
				select {
				case failed <- err:
				default:
				}
			}
			<-slots
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for range ahead {
		slots <- struct{}{}
	}
	select {
	case err := <-failed:
		t.Fatal(err)
	default:
	}
}

// large makes nodes of a megabyte, /large0 and so on.
func large(n int) func(*testing.T, *client.Conn) {
	return func(t *testing.T, c *client.Conn) {
		do(t, c, n, func(i int) wire.Request { return create(fmt.Sprintf("/large%d", i), megabyte) })
	}
}

const longName = 60 // bytes of a child's name

// crowd makes a parent with n children, /crowd.
func crowd(n int) func(*testing.T, *client.Conn) {
	return func(t *testing.T, c *client.Conn) {
		do(t, c, 1, func(int) wire.Request { return create("/crowd", nil) })
		const batch = 1000
		do(t, c, n/batch, func(i int) wire.Request {
			m := &wire.Multi{}
			for k := range batch {
				name := fmt.Sprintf("%0*d", longName, i*batch+k)
				m.Ops = append(m.Ops, create("/crowd/"+name, nil))
			}
			return m
		})
	}
}

// deep is a path of n components.
func deep(n int) string { return strings.Repeat("/d", n) }

// children is how many children a crowd has.
func children() int {
	if long {
		return 1_000_000
	}
	return 50_000
}
