package crash

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"troupe/bench/client"
	"troupe/wire"
)

const (
	longTimeout = 60 * time.Second // of sessions that are to outlive the test
	window      = 16               // requests that a worker keeps outstanding
)

// worker is one session after the other, always with many requests under way.
type worker struct {
	addr  string
	root  string
	gen   generator
	base  *state
	ops   []*op // of this round
	conn  *client.Conn
	id    wire.SessionID // of the present session; 0 without one
	passw []byte
	seen  wire.Zxid
}

// load sends requests until the connection ends for good.
func (w *worker) load(ctx context.Context) {
	free := make(chan struct{}, window)
	for {
		select {
		case <-w.conn.Done():
			return
		case free <- struct{}{}:
		}
		o := &op{session: w.id, req: w.gen.next(w.id)}
		done := make(chan struct{})
		err := w.conn.Go(o.req, func(r client.Reply) {
			o.ended(r)
			<-free
			close(done)
		})
		if err != nil {
			return // it was not sent
		}
		w.ops = append(w.ops, o)
		if o.req.Op() != wire.OpCloseSession {
			continue
		}
		<-done
		if w.conn.Abandon(); !o.known {
			return
		}
		w.id = 0
		if w.open(ctx) != nil {
			return // the server was killed meanwhile
		}
	}
}

// open begins a new session.
func (w *worker) open(ctx context.Context) error { return w.dial(ctx, client.Options{}) }

// resume comes back to the session, if there is one and it is still alive.
func (w *worker) resume(ctx context.Context) (alive bool, err error) {
	if w.id == 0 {
		return false, nil
	}
	for _, o := range w.ops {
		w.seen = max(w.seen, o.zxid)
	}
	err = w.dial(ctx, client.Options{Session: w.id, Password: w.passw, LastZxidSeen: w.seen})
	if errors.Is(err, client.ErrSessionExpired) {
		w.id = 0
		return false, nil
	}
	return err == nil, err
}

func (w *worker) dial(ctx context.Context, o client.Options) error {
	o.Servers, o.SessionTimeout = []string{w.addr}, longTimeout
	conn, err := client.Dial(ctx, o)
	if err != nil {
		return err
	}
	w.conn, w.id, w.passw = conn, conn.SessionID(), conn.Password()
	return nil
}

func newWorker(addr, root string, seed uint64) *worker {
	return &worker{addr: addr, root: root,
		gen: generator{rng: rand.New(rand.NewPCG(seed, 1)), root: root}}
}
