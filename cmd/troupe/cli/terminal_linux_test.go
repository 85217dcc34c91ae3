package cli

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"troupe/wire"
)

// pty is a terminal and the person at it.
type pty struct {
	t              *testing.T
	person, device *os.File

	mu   sync.Mutex
	seen string
}

func openPty(t *testing.T) *pty {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo terminals here: %v", err)
	}
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	device, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(device.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: 120}); err != nil {
		t.Fatal(err)
	}
	p := &pty{t: t, person: person, device: device}
	var wg sync.WaitGroup
	wg.Go(p.watch)
	t.Cleanup(func() { device.Close(); wg.Wait(); person.Close() })
	return p
}

func (p *pty) watch() {
	buf := make([]byte, 4096)
	for {
		n, err := p.person.Read(buf)
		if err != nil {
			return
		}
		p.mu.Lock()
		p.seen += string(buf[:n])
		p.mu.Unlock()
	}
}

func (p *pty) typed(keys string) {
	p.t.Helper()
	if _, err := p.person.WriteString(keys); err != nil {
		p.t.Fatal(err)
	}
}

// expect waits until text is on the screen, and forgets all up to it.
func (p *pty) expect(text string) {
	p.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; {
		p.mu.Lock()
		if _, after, found := strings.Cut(p.seen, text); found {
			p.seen = after
			p.mu.Unlock()
			return
		}
		seen := p.seen
		p.mu.Unlock()
		if time.Now().After(deadline) {
			p.t.Fatalf("never saw %q; the screen has %q", text, seen)
		}
		time.Sleep(time.Millisecond)
	}
}

// modes is how the terminal is set.
func (p *pty) modes() unix.Termios {
	p.t.Helper()
	modes, err := unix.IoctlGetTermios(int(p.device.Fd()), unix.TCGETS)
	if err != nil {
		p.t.Fatal(err)
	}
	return *modes
}

// smallServer has a root with children, and says yes to all else.
type smallServer struct {
	net.Listener
	mu   sync.Mutex
	conn net.Conn
}

func startSmallServer(t *testing.T) *smallServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &smallServer{Listener: l}
	var wg sync.WaitGroup
	wg.Go(func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		s.mu.Lock()
		s.conn = conn
		s.mu.Unlock()
		for s.serve(conn) == nil {
		}
	})
	t.Cleanup(func() {
		l.Close()
		s.mu.Lock()
		if s.conn != nil {
			s.conn.Close()
		}
		s.mu.Unlock()
		wg.Wait()
	})
	return s
}

func (s *smallServer) serve(conn net.Conn) error {
	frame, err := readFrame(conn)
	if err != nil {
		return err
	}
	var e wire.Encoder
	d := wire.NewDecoder(frame[4:])
	xid, op := wire.Xid(d.Int32()), wire.OpCode(d.Int32())
	if xid == 0 { // the protocol version of a connect
		e.ConnectResponseFrame(&wire.ConnectResponse{Timeout: 30000, Session: 1, Password: make([]byte, 16), HasReadOnly: true})
	} else {
		req, err := wire.DecodeRequest(op, d.Rest())
		if err != nil {
			return err
		}
		e.ReplyFrame(smallReply(xid, req))
	}
	_, err = conn.Write(e.Bytes())
	return err
}

func smallReply(xid wire.Xid, req wire.Request) *wire.Reply {
	r := &wire.Reply{ReplyHeader: wire.ReplyHeader{Xid: xid, Zxid: 1}}
	switch q := req.(type) {
	case *wire.Create:
		r.Body = &wire.PathReply{Path: q.Path}
	case *wire.GetData:
		r.Body = &wire.DataReply{Data: []byte("evil \x1b[31m data")}
	case *wire.GetChildren:
		names := []string{"beta", "alpha", "alphabet"}
		if q.Path != "/" {
			names = nil
		}
		r.Body = &wire.NamesStatReply{Names: names}
	}
	return r
}

func (s *smallServer) event(t *testing.T, path string) {
	t.Helper()
	var e wire.Encoder
	e.ReplyFrame(&wire.Reply{ReplyHeader: wire.ReplyHeader{Xid: wire.XidWatchEvent},
		Body: &wire.WatchEvent{Type: wire.EventNodeDataChanged, State: wire.StateSyncConnected, Path: path}})
	if _, err := s.conn.Write(e.Bytes()); err != nil {
		t.Fatal(err)
	}
}

func TestTerminal(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	server, p := startSmallServer(t), openPty(t)
	before := p.modes()
	ended := make(chan error, 1)
	go func() {
		ended <- run(t.Context(), settings{server: server.Addr().String(), timeout: 30 * time.Second}, nil, p.device, p.device, p.device)
	}()
	p.expect("(CONNECTED) 0] ")

	p.typed("cr\t")
	p.expect("create ")
	p.typed("/x 'two words'\r")
	p.expect("Created /x")
	p.expect("(CONNECTED) 1] ")

	p.typed("get -w /al\t")
	p.expect("pha") // all that is certain
	p.typed("\t")
	p.expect("alpha  alphabet")
	p.expect("get -w /alpha")
	p.typed("\r")
	p.expect(`evil \x1b[31m data`)
	p.expect("(CONNECTED) 2] ")

	p.typed("half a line")
	p.expect("half a line")
	server.event(t, "/alpha")
	p.expect("type:NodeDataChanged path:/alpha\r\n")
	p.expect("(CONNECTED) 2] half a line") // the line is there again
	p.typed("\x03")
	p.expect("^C\r\n")
	p.expect("(CONNECTED) 2] ")

	p.typed("\x1b[A\x1b[A\r") // up, up: the first line again
	p.expect("create /x 'two words'")
	p.expect("Created /x")
	p.typed("nonsense\r")
	p.expect("Command not found: nonsense")
	p.typed("addauth digest me:secret\r")
	p.expect("(CONNECTED) 5] ")
	p.typed("\x04")
	if err := <-ended; err != nil {
		t.Fatal(err)
	}

	if p.modes() != before {
		t.Error("the terminal was not left as it was found")
	}
	kept, err := os.ReadFile(filepath.Join(home, historyName))
	if err != nil {
		t.Fatal(err)
	}
	if want := "create /x 'two words'\nget -w /alpha\ncreate /x 'two words'\nnonsense\n"; string(kept) != want {
		t.Errorf("history is %q, want %q", kept, want)
	}
}
