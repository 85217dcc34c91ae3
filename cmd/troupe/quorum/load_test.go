package quorum

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"troupe/bench/client"
	"troupe/wire"
)

const (
	loadRoot    = "/load"
	outstanding = 8 // requests that a writer keeps under way
	loadTimeout = 60 * time.Second
	silence     = 500 * time.Millisecond // of a server, until a writer that connects tries the next
	impatience  = 3 * time.Second        // until a writer leaves a server that does not answer
)

// request is one write and how it ended.
type request struct {
	number  int    // in the order in which the session sent them, over all its connections
	conn    int    // number of the connection
	data    string // unique
	set     int32  // of the counter: with this version; -1 for a create
	known   bool   // there was a reply
	refused error  // what the reply said, if it was not success
	path    string // of the znode created
	zxid    wire.Zxid
}

// writer is one session that writes.
type writer struct {
	root     string
	servers  []string
	padding  string
	requests []*request
	conns    int
	sets     int32 // version of the counter, once all that is under way has happened
	id       wire.SessionID
	password []byte
	seen     wire.Zxid
	acked    *atomic.Int64
	err      error // what must not happen
	doing    atomic.Pointer[string]
}

// load is the writers.
type load struct {
	*testing.T
	writers []*writer
	cancel  context.CancelFunc
	works   sync.WaitGroup
	acked   atomic.Int64
}

// load has writers work, spread over the servers, until it is ended; each write has at least so many bytes.
func (e *ensemble) load(writers, bytes int) *load {
	e.Helper()
	ctx, cancel := context.WithCancel(e.ctx)
	l := &load{T: e.T, cancel: cancel}
	conn := e.session(e.leader(), loadTimeout)
	if _, err := conn.Create(ctx, loadRoot, nil, wire.OpenACL, wire.ModePersistent); err != nil && !errors.Is(err, wire.NodeExists) {
		e.Fatal(err)
	}
	for i := range writers {
		w := &writer{root: fmt.Sprintf("%s/w%d-%d", loadRoot, time.Now().UnixNano(), i), servers: e.Addrs(i % len(e.Servers)),
			padding: strings.Repeat("x", bytes), acked: &l.acked}
		for _, path := range []string{w.root, w.counter()} {
			_, err := conn.Create(ctx, path, nil, wire.OpenACL, wire.ModePersistent)
			e.must(err)
		}
		l.writers = append(l.writers, w)
	}
	e.must(conn.Close(ctx))
	for _, w := range l.writers {
		l.works.Go(func() { w.work(ctx) })
	}
	e.Cleanup(cancel)
	return l
}

func (w *writer) counter() string { return w.root + "/counter" }

// work writes over one connection after the other.
func (w *writer) work(ctx context.Context) {
	defer func() { w.does(fmt.Sprint("ended: ", w.err)) }()
	for ctx.Err() == nil && w.err == nil {
		conn, err := w.connect(ctx)
		if err != nil {
			if errors.Is(err, client.ErrSessionExpired) {
				w.err = fmt.Errorf("%s: its session %v is gone", w.root, w.id)
			}
			continue
		}
		w.does("catches up on " + conn.Server())
		if w.caughtUp(ctx, conn) {
			w.does("writes on " + conn.Server())
			w.write(ctx, conn)
		}
		conn.Abandon()
	}
}

// connect goes to the next server.
func (w *writer) connect(ctx context.Context) (*client.Conn, error) {
	server := w.servers[0]
	w.servers = append(w.servers[1:], server)
	w.does("connects to " + server)
	conn, err := client.Dial(ctx, client.Options{Servers: []string{server}, SessionTimeout: loadTimeout, ConnectTimeout: silence,
		Session: w.id, Password: w.password, LastZxidSeen: w.seen})
	if err != nil {
		wait := time.NewTimer(interval)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-ctx.Done():
		}
		return nil, err
	}
	if w.id != 0 && w.id != conn.SessionID() {
		w.err = fmt.Errorf("%s: resumed %v, got %v", w.root, w.id, conn.SessionID())
	}
	w.id, w.password = conn.SessionID(), conn.Password()
	w.conns++
	return conn, nil
}

// caughtUp reads how many of the unknown sets of the counter have happened. What was under way on the
// connection before and has not happened by now never must.
func (w *writer) caughtUp(ctx context.Context, conn *client.Conn) bool {
	err := conn.Sync(ctx, w.counter())
	var stat wire.Stat
	if err == nil {
		_, stat, err = conn.Get(ctx, w.counter(), false)
	}
	if err != nil {
		if !errors.Is(err, client.ErrConnectionLost) && ctx.Err() == nil {
			w.err = fmt.Errorf("%s: %w", w.root, err)
		}
		return false
	}
	w.sets = stat.Version
	return true
}

// write keeps requests under way until the connection ends, its server has been silent for long, or the
// load ends.
func (w *writer) write(ctx context.Context, conn *client.Conn) {
	free := make(chan struct{}, outstanding)
	for ctx.Err() == nil && w.room(free, conn) {
		r, req := w.next()
		err := conn.Go(req, func(reply client.Reply) {
			r.end(reply)
			if r.known {
				w.acked.Add(1)
			}
			<-free
		})
		if err != nil {
			w.requests = w.requests[:len(w.requests)-1] // it was not sent
			break
		}
	}
	for range outstanding { // what is under way ends
		if !w.room(free, conn) {
			break
		}
	}
	conn.Abandon()
	w.seen = max(w.seen, conn.LastZxid())
}

// room waits until there may be one more request under way; false says that there are no replies any more.
func (w *writer) room(free chan<- struct{}, conn *client.Conn) bool {
	late := time.NewTimer(impatience)
	defer late.Stop()
	select {
	case free <- struct{}{}:
		return true
	case <-conn.Done():
	case <-late.C:
	}
	return false
}

// next is the next request: now and then a set of the counter, else a sequential create.
func (w *writer) next() (*request, wire.Request) {
	const often = 5
	n := len(w.requests)
	r := &request{number: n, conn: w.conns, data: fmt.Sprintf("%s %d ", w.root, n), set: -1}
	w.requests = append(w.requests, r)
	if n%often == 0 {
		r.set = w.sets
		w.sets++
		return r, &wire.SetData{Path: w.counter(), Data: []byte(r.data), Version: r.set}
	}
	return r, &wire.Create{Kind: wire.OpCreate, Path: w.root + "/s-", Data: []byte(r.data + w.padding),
		ACL: wire.OpenACL, Mode: wire.ModePersistentSequential}
}

// end notes the outcome.
func (r *request) end(reply client.Reply) {
	err := reply.Err()
	if errors.Is(err, client.ErrConnectionLost) {
		return
	}
	r.known, r.zxid, r.refused = true, reply.Zxid, err
	if err != nil {
		return
	}
	body, err := reply.Body()
	if err != nil {
		r.refused = err
	}
	if made, ok := body.(*wire.PathReply); ok {
		r.path = made.Path
	}
}

// more waits until some more writes were acknowledged.
func (l *load) more(n int64) {
	l.Helper()
	l.moreWithin(n, patience)
}

func (l *load) moreWithin(n int64, d time.Duration) {
	l.Helper()
	for want, deadline := l.acked.Load()+n, time.Now().Add(d); l.acked.Load() < want; time.Sleep(interval) {
		if time.Now().After(deadline) {
			l.Fatalf("after %v only %d of %d more writes were acknowledged%s", d, l.acked.Load()-want+n, n, l.doing())
		}
	}
}

// doing is what each writer is at.
func (l *load) doing() (text string) {
	for _, w := range l.writers {
		if doing := w.doing.Load(); doing != nil {
			text += fmt.Sprintf("\n%s: %s", w.root, *doing)
		}
	}
	return text
}

func (w *writer) does(what string) { w.doing.Store(&what) }

// end ends the load.
func (l *load) end() {
	l.Helper()
	l.cancel()
	l.works.Wait()
	for _, w := range l.writers {
		if w.err != nil {
			l.Error(w.err)
		}
	}
}

// account compares what was acknowledged with what is there.
func (l *load) account(tree snapshot) {
	l.Helper()
	var known, unknown, happened int
	for _, w := range l.writers {
		for _, c := range w.complaints(tree) {
			l.Error(c)
		}
		byData := w.created(tree)
		for _, r := range w.requests {
			switch _, there := byData[r.data]; {
			case r.known:
				known++
			case there:
				happened++
				fallthrough
			default:
				unknown++
			}
		}
	}
	l.Logf("%d writes acknowledged, %d unknown, of which %d creates happened", known, unknown, happened)
	if known == 0 {
		l.Error("there was no load")
	}
}

// created is what there is of a writer's creates, by their data.
func (w *writer) created(tree snapshot) map[string][]string {
	found := map[string][]string{}
	for path, n := range tree {
		if strings.HasPrefix(path, w.root+"/s-") {
			data := strings.TrimSuffix(n.data, w.padding)
			found[data] = append(found[data], path)
		}
	}
	return found
}

// complaints is all that is wrong with what is there of a writer's requests.
func (w *writer) complaints(tree snapshot) (all []string) {
	complain := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	found := w.created(tree)
	var last *request      // the last that happened, as far as known
	var lastZxid wire.Zxid // its zxid
	lost := map[int]bool{} // connections of which a request was lost
	for _, r := range w.requests {
		paths := found[r.data]
		delete(found, r.data)
		zxid := r.zxid
		switch {
		case r.known && r.refused != nil:
			complain("%q was refused: %v", r.data, r.refused)
			continue
		case r.set >= 0:
		case len(paths) > 1:
			complain("%q is there more than once: %q", r.data, paths)
		case len(paths) == 0 && r.known:
			complain("%q was acknowledged as %s at %v, and is not there", r.data, r.path, r.zxid)
		case len(paths) == 0:
			lost[r.conn] = true
		case r.known && (paths[0] != r.path || tree[paths[0]].stat.Czxid != r.zxid):
			complain("%q was acknowledged as %s at %v, and is %s at %v", r.data, r.path, r.zxid, paths[0], tree[paths[0]].stat.Czxid)
		default:
			zxid = tree[paths[0]].stat.Czxid
			if lost[r.conn] {
				complain("%q has happened, and one sent before it has not", r.data)
			}
		}
		if zxid == 0 {
			continue
		}
		if zxid <= lastZxid {
			complain("%q (connection %d) happened at %v, and %q (connection %d), sent before it, at %v",
				r.data, r.conn, zxid, last.data, last.conn, lastZxid)
		}
		last, lastZxid = r, zxid
	}
	for data, paths := range found {
		complain("%q has come from nowhere: %q", data, paths)
	}
	return append(all, w.miscounted(tree)...)
}

// miscounted is what is wrong with the counter: its version must be that of the last acknowledged set, or
// of one that came after and of which nobody knows, with the data of that one.
func (w *writer) miscounted(tree snapshot) []string {
	n, least := tree[w.counter()], int32(0)
	for _, r := range w.requests {
		if r.set >= 0 && r.known {
			least = max(least, r.set+1)
		}
	}
	made := func(r *request) bool { return r.set == n.stat.Version-1 && r.data == n.data }
	if n.stat.Version < least || n.stat.Version > 0 && !slices.ContainsFunc(w.requests, made) {
		return []string{fmt.Sprintf("%s is %q at version %d, acknowledged was %d", w.counter(), n.data, n.stat.Version, least)}
	}
	return nil
}
