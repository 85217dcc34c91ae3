package ceiling

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"troupe/bench/client"
	"troupe/wire"
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// TestJournal_IsKeptByPeers: what is committed is in the files of a majority, and
// in time in all.
func TestJournal_IsKeptByPeers(t *testing.T) {
	dirs, addrs, ended := []string{t.TempDir()}, []string(nil), make(chan error, 2)
	var listeners []net.Listener
	for range 2 {
		dir, l := t.TempDir(), listen(t)
		go func() { ended <- ServePeer(dir, l) }()
		dirs, addrs, listeners = append(dirs, dir), append(addrs, l.Addr().String()), append(listeners, l)
	}
	s, err := Open(dirs[0], 10, addrs...)
	if err != nil {
		t.Fatal(err)
	}
	var want []byte
	for i := range 50 {
		entry := bytes.Repeat([]byte{byte(i)}, 1+i*100)
		if err := s.journal.commit(entry); err != nil {
			t.Fatal(err)
		}
		want = append(want, entry...)
		if n := holders(t, dirs, want); n < 2 {
			t.Fatalf("entry %d is at %d of 3 servers", i, n)
		}
	}
	deadline := time.Now().Add(10 * time.Second)
	for tick := time.NewTicker(time.Millisecond); holders(t, dirs, want) < 3; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("one peer does not catch up")
		}
	}
	if err := s.journal.peers.close(); err != nil {
		t.Fatal(err)
	}
	for _, l := range listeners {
		l.Close()
	}
	for range listeners {
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	}
	if err := s.journal.commit([]byte("x")); err == nil {
		t.Error("a write was acknowledged without a peer")
	}
}

// holders is how many journals begin with these bytes.
func holders(t *testing.T, dirs []string, want []byte) (n int) {
	t.Helper()
	for _, dir := range dirs {
		b, err := os.ReadFile(filepath.Join(dir, journalName))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.HasPrefix(b, want) {
			n++
		}
	}
	return n
}

// TestServer_AnswersWritesWhenAPeerHasThem: not before, and reads all the time.
func TestServer_AnswersWritesWhenAPeerHasThem(t *testing.T) {
	silent, peer := listen(t), listen(t)
	s, err := Open(t.TempDir(), 10, silent.Addr().String(), peer.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	l := listen(t)
	go func() { _ = s.Serve(l) }() // until the listener is closed
	var conns [2]*client.Conn
	for i := range conns {
		if conns[i], err = client.Dial(t.Context(), client.Options{Servers: []string{l.Addr().String()}}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(conns[i].Abandon)
	}
	socket, err := peer.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	answered := make(chan error, 1)
	if err := conns[0].Go(&wire.SetData{Path: "/a", Version: -1}, func(r client.Reply) { answered <- r.Err() }); err != nil {
		t.Fatal(err)
	}
	if _, err := readBatch(bufio.NewReader(socket), nil); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if _, _, err := conns[1].Get(t.Context(), "/a", false); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case err := <-answered:
		t.Fatalf("answered without a majority: %v", err)
	default:
	}
	if _, err := socket.Write(binary.BigEndian.AppendUint64(nil, 1)); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-answered:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("not answered, though a majority has it")
	}
}
