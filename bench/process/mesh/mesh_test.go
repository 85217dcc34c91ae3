package mesh

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"troupe/bench/process"
)

// echo is a server that sends back what it gets.
func echo(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c) // ends with the connection
			}()
		}
	}()
	return l.Addr().String()
}

// says sends a word and waits for it to come back, for so long.
func says(c net.Conn, word string, d time.Duration) error {
	if _, err := c.Write([]byte(word)); err != nil {
		return err
	}
	return hears(c, word, d)
}

func hears(c net.Conn, word string, d time.Duration) error {
	if err := c.SetReadDeadline(time.Now().Add(d)); err != nil {
		return err
	}
	got := make([]byte, len(word))
	if _, err := io.ReadFull(c, got); err != nil {
		return err
	}
	if string(got) != word {
		return errors.New("heard " + string(got))
	}
	return nil
}

// TestLink_HoldsBack: what passes a closed gate waits, in either direction, and is not lost; so do new
// connections and the ends of old ones.
func TestLink_HoldsBack(t *testing.T) {
	there, back := newGate(), newGate()
	l, err := newLink(echo(t), there, back)
	if err != nil {
		t.Fatal(err)
	}
	const soon, long = 100 * time.Millisecond, 10 * time.Second
	dial := func() *net.TCPConn {
		c, err := net.Dial("tcp", l.listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c.(*net.TCPConn)
	}
	c := dial()
	if err := says(c, "one", long); err != nil {
		t.Fatal(err)
	}
	for _, g := range []*gate{there, back} {
		g.set(false)
		if err := says(c, "two", soon); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("through a closed gate: %v", err)
		}
		late := dial()
		if err := says(late, "new", soon); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("a new connection through a closed gate: %v", err)
		}
		g.set(true)
		if err := errors.Join(hears(c, "two", long), hears(late, "new", long)); err != nil {
			t.Fatal(err)
		}
	}
	there.set(false)
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if err := hears(c, "x", soon); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the end of a connection through a closed gate: %v", err)
	}
	there.set(true)
	if err := hears(c, "x", long); !errors.Is(err, io.EOF) {
		t.Fatalf("the end of a connection: %v", err)
	}
	there.set(false)
	held := dial()
	if _, err := held.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := l.close(); err != nil { // does not wait for the gate
		t.Fatal(err)
	}
}

// TestNew_Files: each server has its own lines and the addresses of the links to the others.
func TestNew_Files(t *testing.T) {
	dir := t.TempDir()
	spec := Spec{EnsembleSpec: process.EnsembleSpec{Kind: process.Troupe, Dir: dir, Servers: 2, Observers: 1,
		Config: []string{"syncLimit=3"}}, Cuttable: true, Each: func(server int) []string {
		return [][]string{{"tickTime=100"}, {"initLimit="}, nil}[server]
	}}
	e, err := New(spec)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := e.Kill(); err != nil {
			t.Error(err)
		}
	}()
	first, second, third := e.lines(0), e.lines(1), e.lines(2)
	for i, c := range []struct {
		lines []string
		want  string
		has   bool
	}{
		{first, "tickTime=100", true}, {second, "tickTime=100", false}, {first, "initLimit=10", true},
		{second, "initLimit=10", false}, {first, "syncLimit=3", true}, {first, "syncLimit=5", false},
		{third, "peerType=observer", true}, {first, "peerType=observer", false},
		{first, e.line(0, 0), true}, {second, e.line(0, 0), false}, {second, e.line(1, 0), true},
	} {
		if slices.Contains(c.lines, c.want) != c.has {
			t.Errorf("%d: %q: %t in\n%s", i, c.want, !c.has, strings.Join(c.lines, "\n"))
		}
	}
	if id, err := os.ReadFile(filepath.Join(e.Dir(1), "data", "myid")); err != nil || string(id) != "2\n" {
		t.Errorf("myid %q, %v", id, err)
	}
	if err := os.WriteFile(filepath.Join(e.Dir(1), "data", "other"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := e.Wipe(1); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(filepath.Join(e.Dir(1), "data"))
	if err != nil || len(left) != 1 || left[0].Name() != "myid" {
		t.Errorf("after a wipe: %v, %v", left, err)
	}
	if a := e.Addrs(1); len(a) != 3 || a[0] != e.Addr(1) || a[2] != e.Addr(0) {
		t.Errorf("addresses %v", a)
	}
}
