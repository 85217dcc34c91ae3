package cli

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
)

// A tape is a conversation: "connect" begins a connection, ">" is a frame from
// the client, "<" one from the server, in hexadecimal.

func readFrame(r io.Reader) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	frame := make([]byte, 4+binary.BigEndian.Uint32(size[:]))
	copy(frame, size[:])
	_, err := io.ReadFull(r, frame[4:])
	return frame, err
}

// recorder is a proxy that writes down what goes through it.
type recorder struct {
	l      net.Listener
	server string
	wg     sync.WaitGroup

	mu    sync.Mutex
	lines []string
}

func record(t *testing.T, server string) *recorder {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{l: l, server: server}
	r.wg.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			r.serve(client)
		}
	})
	t.Cleanup(func() { l.Close(); r.wg.Wait() })
	return r
}

func (r *recorder) addr() string { return r.l.Addr().String() }

// serve carries one connection to its end: the shell has one at a time.
func (r *recorder) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", r.server)
	if err != nil {
		return
	}
	defer server.Close()
	r.write("connect", nil)
	var wg sync.WaitGroup
	carry := func(mark string, from, to net.Conn) {
		in := bufio.NewReader(from)
		for {
			frame, err := readFrame(in)
			if err != nil {
				to.Close()
				return
			}
			r.write(mark, frame)
			if _, err := to.Write(frame); err != nil {
				return
			}
		}
	}
	wg.Go(func() { carry(">", client, server) })
	wg.Go(func() { carry("<", server, client) })
	wg.Wait()
}

func (r *recorder) write(mark string, frame []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, strings.TrimSpace(mark+" "+hex.EncodeToString(frame)))
}

func (r *recorder) save(t *testing.T, name string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := os.WriteFile(name, []byte(strings.Join(r.lines, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// replay serves a tape and fails the test when the client departs from it. It
// returns the address.
func replay(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for _, part := range strings.Split(string(b), "connect\n")[1:] {
			conn, err := l.Accept()
			if err != nil {
				t.Errorf("the client did not come back: %v", err)
				return
			}
			if err := play(conn, strings.Split(strings.TrimSpace(part), "\n")); err != nil {
				t.Error(err)
				l.Close()
				return
			}
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return l.Addr().String()
}

func play(conn net.Conn, lines []string) error {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for i, line := range lines {
		frame, err := hex.DecodeString(line[2:])
		if err != nil {
			return err
		}
		if line[0] == '<' {
			if _, err := conn.Write(frame); err != nil {
				return err
			}
			continue
		}
		got, err := readFrame(in)
		if err != nil {
			return fmt.Errorf("line %d: the client left: %w", i, err)
		}
		if !bytes.Equal(got, frame) {
			return fmt.Errorf("line %d: the client sent\n%q, recorded was\n%q", i, got, frame)
		}
	}
	return nil
}
