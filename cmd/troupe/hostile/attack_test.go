package hostile

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"troupe/bench/client"
	"troupe/bench/process"
	"troupe/wire"
)

// attacker is one way to do harm.
type attacker struct {
	name    string
	prepare func(*testing.T, *client.Conn) // what an attack needs in the tree
	conns   int                            // at once
	every   time.Duration                  // all of them close and begin anew; 0: they stay
	send    func(w io.Writer, i int) error // what connection i sends
	mute    bool                           // it never reads
	lasts   time.Duration                  // 0: as all do

	// What must become of it.
	closed bool             // every connection is closed by the server, in time
	told   []wire.ErrorCode // of which the replies are, all of them at least once
	large  int              // bytes, of the longest reply at least
	memory int64            // MiB that the server has resident at most, in all
	slower float64          // times that the neighbour's p99 may be; 0: 2. More where all share the log, or the tree
}

// lasts is how long attacks do.
func lasts() time.Duration {
	if long {
		return 2 * time.Second
	}
	return 400 * time.Millisecond
}

// outcome is what became of an attacker's connections.
type outcome struct {
	mu      sync.Mutex
	conns   int
	closed  int // by the other side
	slowest time.Duration
	told    map[wire.ErrorCode]int
	expired int // sessions that were refused
	large   int
	refused error // a connect that failed
}

// run attacks an address until the time is over. With some patience it waits longer
// for what the server is to close or to answer.
func (a *attacker) run(ctx context.Context, addr string, lasts, patience time.Duration) *outcome {
	o := &outcome{told: make(map[wire.ErrorCode]int)}
	begun := time.Now()
	for every := cmp.Or(a.every, lasts); time.Since(begun) < lasts && ctx.Err() == nil; {
		round, cancel := context.WithTimeout(ctx, max(every, patience))
		pace := time.NewTimer(every)
		var wg sync.WaitGroup
		for i := range a.conns {
			wg.Go(func() {
				if process.Pause(round, every/2*time.Duration(i)/time.Duration(a.conns)) == nil { // they come one after the other
					a.connect(round, addr, i, o)
				}
			})
		}
		<-pace.C // connections that are closed early do not make a faster attacker
		for patience > 0 && round.Err() == nil && o.missing(a) != "" {
			_ = process.Pause(round, 5*time.Millisecond)
		}
		if !a.closed || patience == 0 {
			cancel()
		}
		wg.Wait()
		cancel()
	}
	return o
}

// missing is what nobody has been told yet.
func (o *outcome) missing(a *attacker) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, code := range a.told {
		if o.told[code] == 0 {
			return fmt.Sprintf("nobody was told %v: %v", code, o.told)
		}
	}
	if o.large < a.large {
		return fmt.Sprintf("the longest reply has %d bytes, which should be %d", o.large, a.large)
	}
	return ""
}

// connect is one connection from its beginning to its end.
func (a *attacker) connect(ctx context.Context, addr string, i int, o *outcome) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		if ctx.Err() == nil {
			o.mu.Lock()
			o.refused = err
			o.mu.Unlock()
		}
		return
	}
	begun := time.Now()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer func() { stop(); _ = conn.Close() }() // it may be closed already
	if a.mute {
		_ = conn.(*net.TCPConn).SetReadBuffer(4096) // a smaller one makes the attack stronger; no matter if not
		_ = a.send(conn, i)                         // it may be held back or cut off
		<-ctx.Done()
		return
	}
	var reading sync.WaitGroup
	reading.Go(func() { o.read(ctx, conn, begun) })
	_ = a.send(conn, i) // it may be cut off
	reading.Wait()
}

// read takes what the server answers, until one side closes.
func (o *outcome) read(ctx context.Context, conn net.Conn, begun time.Time) {
	o.mu.Lock()
	o.conns++
	o.mu.Unlock()
	in := bufio.NewReader(conn)
	first := true
	for {
		var size [4]byte
		_, err := io.ReadFull(in, size[:])
		n := int(binary.BigEndian.Uint32(size[:]))
		head := make([]byte, min(n, 64))
		if err == nil {
			_, err = io.ReadFull(in, head)
		}
		if err == nil {
			_, err = in.Discard(n - len(head))
		}
		o.mu.Lock()
		switch {
		case err != nil && ctx.Err() == nil && !errors.Is(err, net.ErrClosed):
			o.closed++
			o.slowest = max(o.slowest, time.Since(begun))
		case err != nil: // by the attacker itself
		case first:
			if h, err := wire.DecodeConnectResponse(head); err == nil && h.Session == 0 {
				o.expired++
			}
		default:
			o.told[wire.NewDecoder(head).ReplyHeader().Err]++
			o.large = max(o.large, n)
		}
		o.mu.Unlock()
		if first = false; err != nil {
			return
		}
	}
}

// check compares with what must become of it.
func (o *outcome) check(t *testing.T, a *attacker) {
	t.Helper()
	if o.refused != nil {
		t.Errorf("a connection was not taken: %v", o.refused)
	}
	if a.mute {
		return
	}
	o.checkEnd(t, a, soon)
	if m := o.missing(a); m != "" {
		t.Error(m)
	}
}

// checkEnd looks at how connections ended, and how soon.
func (o *outcome) checkEnd(t *testing.T, a *attacker, soon time.Duration) {
	t.Helper()
	if a.closed && o.closed != o.conns || !a.closed && o.closed > 0 {
		t.Errorf("%d of %d connections were closed by the server", o.closed, o.conns)
	}
	if o.slowest > soon {
		t.Errorf("it took %v until one was closed", o.slowest)
	}
}

// soon is how fast the server closes what it closes, the wait for a hello included.
const soon = 5 * time.Second

// String is the outcome in a few words.
func (o *outcome) String() string {
	replies := 0
	for _, n := range o.told {
		replies += n
	}
	switch {
	case o.conns == 0:
		return "held back"
	case o.closed > 0:
		return fmt.Sprintf("%d of %d closed, %d replies %v", o.closed, o.conns, replies, o.told)
	}
	return fmt.Sprintf("%d connections, %d replies %v", o.conns, replies, o.told)
}
