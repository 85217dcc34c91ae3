package ceiling

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"troupe/bench/client"
	"troupe/wire"
)

func dial(t *testing.T, valueSize int) (c *client.Conn, dir string) {
	t.Helper()
	dir = t.TempDir()
	s, err := Open(dir, valueSize)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	t.Cleanup(func() {
		l.Close()
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	c, err = client.Dial(t.Context(), client.Options{Servers: []string{l.Addr().String()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Abandon)
	return c, dir
}

func TestServer_AnswersAsLongAsARealOne(t *testing.T) {
	c, dir := dial(t, 1000)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if made, err := c.Create(ctx, "/a", make([]byte, 1000), wire.OpenACL, wire.ModePersistent); err != nil || made != "/a" {
		t.Fatalf("%q, %v", made, err)
	}
	if data, stat, err := c.Get(ctx, "/a", false); err != nil || len(data) != 1000 || stat.DataLength != 1000 {
		t.Fatalf("%d bytes, %+v, %v", len(data), stat, err)
	}
	if _, err := c.Set(ctx, "/a", make([]byte, 1000), 0); err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(ctx, "/a", 0); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(ctx); err != nil {
		t.Fatal(err)
	}
	// Every write is in the journal by the time it is answered.
	journal := kept(t, dir)
	for _, least := range []int{1000, 1000} {
		n := 4 + int(binary.BigEndian.Uint32(journal))
		if n < least {
			t.Fatalf("a frame of %d bytes in the journal", n)
		}
		journal = journal[n:]
	}
}

// TestServer_TellsWhoWatches, once, and nobody else.
func TestServer_TellsWhoWatches(t *testing.T) {
	s, err := Open(t.TempDir(), 10)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go s.Serve(l)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	events := make(chan int, 100)
	var all []*client.Conn
	for i := range 3 {
		c, err := client.Dial(ctx, client.Options{Servers: []string{l.Addr().String()}, OnEvent: func(e wire.WatchEvent) {
			if e.Path != "/a" || e.Type != wire.EventNodeDataChanged {
				t.Errorf("%+v", e)
			}
			events <- i
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Abandon()
		all = append(all, c)
	}
	for i, watched := range []string{"/a", "/b", "/a"} {
		if _, _, err := all[i].Get(ctx, watched, true); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if _, err := all[0].Set(ctx, "/a", nil, -1); err != nil {
			t.Fatal(err)
		}
	}
	if sum := <-events + <-events; sum != 2 {
		t.Errorf("told were %d in all", sum)
	}
	if err := all[2].Close(ctx); err != nil {
		t.Fatal(err)
	}
	if len(events) != 0 {
		t.Error("told more than once")
	}
}

// kept is the journal: what was committed, and zeros.
func kept(t *testing.T, dir string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, journalName))
	if err != nil || len(b) != journalSize {
		t.Fatalf("a journal of %d bytes, %v", len(b), err)
	}
	return b
}

func TestServer_PipelinedRepliesComeInOrder(t *testing.T) {
	c, _ := dial(t, 10)
	const calls = 2000
	done := make(chan struct{})
	var seen int // only the connection's reader touches it
	for i := range calls {
		var req wire.Request = &wire.GetData{Path: "/a"}
		if i%3 == 0 {
			req = &wire.SetData{Path: "/a", Data: []byte("x"), Version: -1}
		}
		err := c.Go(req, func(r client.Reply) {
			if err := r.Err(); err != nil {
				t.Error(err)
			}
			if seen++; seen == calls {
				close(done)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("not all were answered")
	}
}

func TestJournal_KeepsWhatEachCommitBrings(t *testing.T) {
	dir := t.TempDir()
	j, err := openJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	const writers, each = 8, 50
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range each {
				if err := j.commit([]byte("12345")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got := bytes.TrimRight(kept(t, dir), "\x00"); !bytes.Equal(got, bytes.Repeat([]byte("12345"), writers*each)) {
		t.Fatalf("%d bytes, which end in %q", len(got), got[max(0, len(got)-20):])
	}
	j.end = journalSize - 3
	if err := j.commit([]byte("again")); err != nil || !bytes.HasPrefix(kept(t, dir), []byte("again12345")) {
		t.Fatalf("at the end: %v", err)
	}
	if err := j.file.Close(); err != nil {
		t.Fatal(err)
	}
	if err := j.commit([]byte("1")); err == nil {
		t.Fatal("a write to a closed file was acknowledged")
	}
}
