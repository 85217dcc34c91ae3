package load

import (
	"sync"
	"sync/atomic"
	"time"

	"troupe/bench/client"
	"troupe/wire"
)

// pace is a session's timetable in an open loop: requests are due at fixed
// times, whatever has become of those before. One that finds all slots taken
// waits, and its latency counts from when it was due.
type pace struct {
	every time.Duration

	mu     sync.Mutex // guards what follows, and the session's script
	due    time.Time  // of the first request not sent
	owed   int        // requests that are due and not sent
	idle   []*slot
	slots  int
	closed bool // no request becomes due any more
	ended  bool // as the crowd has been told
}

// pacer makes requests due, at one session after the other.
type pacer struct {
	quit atomic.Bool
	done chan struct{}
}

// nap is how long the pacer sleeps at most before it looks whether to quit.
const nap = 20 * time.Millisecond

// beginPaced has the crowd begin so many requests a second.
func (c *crowd) beginPaced(rate float64, outstanding int) {
	interval := time.Duration(float64(time.Second) / rate)
	start := time.Now()
	for i, s := range c.sessions {
		s.pace = &pace{due: start.Add(time.Duration(i) * interval), every: time.Duration(len(c.sessions)) * interval, slots: outstanding}
		for range outstanding {
			s.pace.idle = append(s.pace.idle, newPacedSlot(s))
		}
	}
	c.pacer = &pacer{done: make(chan struct{})}
	go c.keepTime(start, interval)
}

func newPacedSlot(s *session) *slot {
	slot := &slot{session: s}
	slot.replied = slot.paced
	return slot
}

func (c *crowd) keepTime(start time.Time, interval time.Duration) {
	defer close(c.pacer.done)
	sharpen()
	for k := 0; !c.pacer.quit.Load(); {
		if wait := time.Until(start.Add(time.Duration(k) * interval)); wait > 0 {
			sleep(min(wait, nap))
			continue
		}
		c.sessions[k%len(c.sessions)].tick()
		k++
	}
}

// stop has no more requests become due. What is owed is still sent.
func (c *crowd) stop() {
	if c.pacer == nil {
		return
	}
	c.pacer.quit.Store(true)
	<-c.pacer.done
	c.pacer = nil
	for _, s := range c.sessions {
		s.advance(func(p *pace) { p.closed = true })
	}
}

// tick makes the session's next request due.
func (s *session) tick() { s.advance(func(p *pace) { p.owed++ }) }

// advance changes the timetable and does what then can be done.
func (s *session) advance(change func(*pace)) {
	s.pace.mu.Lock()
	change(s.pace)
	slot, req := s.take()
	over := s.over()
	s.pace.mu.Unlock()
	if over {
		s.crowd.ended <- nil
	}
	if slot == nil {
		return
	}
	if err := s.conn.Go(req, slot.replied); err != nil {
		s.fail(err)
	}
}

// take is the next request and a slot for it, nil if there is none.
func (s *session) take() (*slot, wire.Request) {
	p := s.pace
	if p.owed == 0 || len(p.idle) == 0 || p.ended {
		return nil, nil
	}
	req := s.next()
	if req == nil {
		p.owed, p.closed = 0, true
		return nil, nil
	}
	last := len(p.idle) - 1
	slot := p.idle[last]
	p.idle = p.idle[:last]
	slot.begun = p.due
	p.due = p.due.Add(p.every)
	p.owed--
	return slot, req
}

// over tells, once, that nothing is outstanding and nothing is to come.
func (s *session) over() bool {
	p := s.pace
	if p.ended || !p.closed || p.owed > 0 || len(p.idle) < p.slots {
		return false
	}
	p.ended = true
	return true
}

func (s *session) fail(err error) {
	s.pace.mu.Lock()
	told := s.pace.ended
	s.pace.ended = true
	s.pace.mu.Unlock()
	if !told {
		s.crowd.ended <- err
	}
}

// paced takes a reply in an open loop. What was due before the measured part
// began does not count, what was due in it does, however late it is.
func (s *slot) paced(r client.Reply) {
	if err := r.Err(); err != nil {
		s.session.fail(err)
		return
	}
	if c := s.session.crowd; c.phase.Load() == measuring && !s.begun.Before(c.from) {
		s.session.latency.record(time.Since(s.begun))
	}
	s.session.advance(func(p *pace) { p.idle = append(p.idle, s) })
}
