package load

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"troupe/bench/client"
	"troupe/wire"
)

const sessionTimeout = 30 * time.Second

// The phases of a run.
const (
	leadIn    int32 = iota // sessions work, and are not measured
	measuring              // what ends now counts
	ending                 // what is outstanding ends, and nothing new begins
)

// crowd is the sessions that load one server.
type crowd struct {
	sessions []*session
	phase    atomic.Int32
	from     time.Time  // when measuring began; set before the phase is
	ended    chan error // one for each session
	over     int        // sessions whose end has been taken from there
	pacer    *pacer     // of an open loop, until it is stopped
}

// session is one connection and the requests that it keeps outstanding. All but
// the connection belongs to the goroutine that reads it.
type session struct {
	crowd   *crowd
	conn    *client.Conn
	next    script
	open    int // slots that have not ended, in a closed loop
	latency latencies
	pace    *pace // nil in a closed loop
}

// slot is one of a session's outstanding requests after the other.
type slot struct {
	session *session
	begun   time.Time
	replied func(client.Reply)
}

// gather connects a session for each script, to one server after the other.
func gather(ctx context.Context, addrs []string, scripts []script) (*crowd, error) {
	c := &crowd{ended: make(chan error, len(scripts))}
	for i, next := range scripts {
		conn, err := client.Dial(ctx, client.Options{Servers: addrs[i%len(addrs):][:1], SessionTimeout: sessionTimeout})
		if err != nil {
			return nil, errors.Join(err, c.disperse(ctx))
		}
		c.sessions = append(c.sessions, &session{crowd: c, conn: conn, next: next, latency: newLatencies()})
	}
	return c, nil
}

// begin has every session keep so many requests outstanding, until its script
// ends or the phase does.
func (c *crowd) begin(outstanding int) error {
	for _, s := range c.sessions {
		s.open = outstanding
		// The first requests are sent where all later ones are: by the goroutine that reads
		// the connection, which the reply to a ping gets hold of.
		if err := s.conn.Go(&wire.Ping{}, s.start); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) start(r client.Reply) {
	if err := r.Err(); err != nil {
		s.crowd.ended <- err
		return
	}
	now := time.Now()
	for range s.open {
		slot := &slot{session: s}
		slot.replied = slot.reply
		slot.send(now)
	}
}

func (s *slot) send(now time.Time) {
	req := s.session.next()
	if req == nil {
		s.end(nil)
		return
	}
	s.begun = now
	if err := s.session.conn.Go(req, s.replied); err != nil {
		s.end(err)
	}
}

func (s *slot) reply(r client.Reply) {
	if err := r.Err(); err != nil {
		s.end(err)
		return
	}
	now := time.Now()
	switch s.session.crowd.phase.Load() {
	case measuring:
		s.session.latency.record(now.Sub(s.begun))
	case ending:
		s.end(nil)
		return
	}
	s.send(now)
}

// end gives the slot up; the session has ended with its last one, or with the
// first error.
func (s *slot) end(err error) {
	if s.session.open <= 0 {
		return // an error was reported already
	}
	if s.session.open--; err != nil {
		s.session.open = 0
	}
	if s.session.open == 0 {
		s.session.crowd.ended <- err
	}
}

// during lets the crowd work for a while, or until a session has nothing left to
// do, which is told, or fails.
func (c *crowd) during(ctx context.Context, d time.Duration) (exhausted bool, err error) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return false, nil
	case err := <-c.ended:
		c.over++
		return true, err
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
}

// wait waits until every session has ended.
func (c *crowd) wait(ctx context.Context) error {
	for ; c.over < len(c.sessions); c.over++ {
		select {
		case err := <-c.ended:
			if err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// disperse ends the sessions.
func (c *crowd) disperse(ctx context.Context) error {
	c.stop()
	var failures []error
	for _, s := range c.sessions {
		failures = append(failures, s.conn.Close(ctx))
	}
	return errors.Join(failures...)
}

// carryOut plays scripts to their end, as fast as it goes.
func carryOut(ctx context.Context, addrs []string, outstanding int, scripts ...script) error {
	c, err := gather(ctx, addrs, scripts)
	if err != nil {
		return err
	}
	if err = c.begin(outstanding); err == nil {
		err = c.wait(ctx)
	}
	return first(err, c.disperse(ctx))
}

// first is the error that counts: where a run has failed, its sessions cannot be
// closed either, and say so fifty times.
func first(run, closing error) error {
	if run != nil {
		return run
	}
	return closing
}
