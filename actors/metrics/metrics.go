// Package metrics is the one registry of counters: what mntr, stat and cons
// print. Counters are atomics, written where things happen and read by whoever
// asks; nothing decides by them.
package metrics

import (
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"troupe/wire"
)

// Registry holds the counters of a server.
type Registry struct {
	Started  time.Time
	Received atomic.Int64 // packets from clients
	Sent     atomic.Int64 // packets to clients, watch events included
	Latency  Latency      // of requests, from socket to socket

	Proposals       atomic.Int64 // records ordered
	Applied         atomic.Int64 // records applied
	AppliedZxid     atomic.Uint64
	SessionsExpired atomic.Int64
	Rejected        atomic.Int64 // connections over a limit
	Unread          atomic.Int64 // connections closed because the client did not read
	BadFrames       atomic.Int64 // connections closed for what they sent
	AuthFailed      atomic.Int64
	Incarnations    atomic.Int64 // times the replica was built
	LargeReplies    atomic.Int64 // replies over jute.maxbuffer

	Ensemble Ensemble
	position atomic.Pointer[position]

	mu    sync.Mutex
	conns map[uint64]*Connection
}

// NewRegistry starts the counters.
func NewRegistry() *Registry {
	return &Registry{Started: time.Now(), conns: make(map[uint64]*Connection)}
}

// Latency sums up durations.
type Latency struct{ count, total, min, max, last atomic.Int64 } // microseconds; min is one more than it says

// Observe adds n requests that took d each.
func (l *Latency) Observe(d time.Duration, n int) {
	us := d.Microseconds()
	l.count.Add(int64(n))
	l.total.Add(us * int64(n))
	l.last.Store(us)
	for old := l.min.Load(); (old == 0 || us+1 < old) && !l.min.CompareAndSwap(old, us+1); old = l.min.Load() {
	}
	for old := l.max.Load(); us > old && !l.max.CompareAndSwap(old, us); old = l.max.Load() {
	}
}

// Figures are what a Latency comes to.
type Figures struct {
	Min, Max, Last time.Duration
	Avg            float64 // milliseconds
	Count          int64
}

// Figures reads l.
func (l *Latency) Figures() Figures {
	f := Figures{Count: l.count.Load(), Max: time.Duration(l.max.Load()) * time.Microsecond,
		Last: time.Duration(l.last.Load()) * time.Microsecond}
	if m := l.min.Load(); m > 0 {
		f.Min = time.Duration(m-1) * time.Microsecond
	}
	if f.Count > 0 {
		f.Avg = float64(l.total.Load()) / float64(f.Count) / 1000
	}
	return f
}

// Reset starts anew.
func (l *Latency) Reset() {
	for _, v := range []*atomic.Int64{&l.count, &l.total, &l.min, &l.max, &l.last} {
		v.Store(0)
	}
}

// Connection is what is known of one client connection.
type Connection struct {
	Remote      netip.AddrPort
	Established time.Time
	Received    atomic.Int64
	Sent        atomic.Int64
	Outstanding atomic.Int64
	Session     atomic.Int64
	Timeout     atomic.Int32 // milliseconds
	LastOp      atomic.Int32
	LastXid     atomic.Int32
	LastZxid    atomic.Uint64
	LastReply   atomic.Int64 // milliseconds since 1970
	Latency     Latency
}

// Open enters a connection.
func (r *Registry) Open(id uint64, remote netip.AddrPort) *Connection {
	c := &Connection{Remote: remote, Established: time.Now()}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns[id] = c
	return c
}

// Close takes a connection out.
func (r *Registry) Close(id uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, id)
}

// Connections lists the open connections in the order they came.
func (r *Registry) Connections() []*Connection {
	r.mu.Lock()
	defer r.mu.Unlock()
	ids := make([]uint64, 0, len(r.conns))
	for id := range r.conns {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	list := make([]*Connection, len(ids))
	for i, id := range ids {
		list[i] = r.conns[id]
	}
	return list
}

// Outstanding is the number of requests that have no reply yet.
func (r *Registry) Outstanding() (n int64) {
	for _, c := range r.Connections() {
		n += c.Outstanding.Load()
	}
	return n
}

// ResetServer is srst: the server's own counters start anew.
func (r *Registry) ResetServer() {
	r.Received.Store(0)
	r.Sent.Store(0)
	r.Latency.Reset()
	r.Ensemble.ProposalSize.Reset()
}

// ResetConnections is crst: every connection's counters start anew.
func (r *Registry) ResetConnections() {
	for _, c := range r.Connections() {
		c.Received.Store(0)
		c.Sent.Store(0)
		c.Latency.Reset()
	}
}

// ObserveApplied counts records applied up to a zxid.
func (r *Registry) ObserveApplied(z wire.Zxid, n int) {
	r.Applied.Add(int64(n))
	r.AppliedZxid.Store(uint64(z))
}
