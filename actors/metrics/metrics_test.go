package metrics

import (
	"net/netip"
	"sync"
	"testing"
	"time"

	"troupe/wire"
)

func TestLatency(t *testing.T) {
	var l Latency
	if f := l.Figures(); f != (Figures{}) {
		t.Errorf("of nothing: %+v", f)
	}
	l.Observe(3*time.Millisecond, 2)
	l.Observe(9*time.Millisecond, 1)
	l.Observe(5*time.Millisecond, 1)
	want := Figures{Min: 3 * time.Millisecond, Max: 9 * time.Millisecond, Last: 5 * time.Millisecond, Avg: 5, Count: 4}
	if f := l.Figures(); f != want {
		t.Errorf("%+v", f)
	}
	l.Observe(0, 1)
	if f := l.Figures(); f.Min != 0 || f.Max != 9*time.Millisecond {
		t.Errorf("%+v", f)
	}
	if l.Reset(); l.Figures() != (Figures{}) {
		t.Errorf("after a reset: %+v", l.Figures())
	}
}

func TestLatency_FromManyGoroutines(t *testing.T) {
	var l Latency
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 1000 {
				l.Observe(time.Duration(1+i*1000+j)*time.Microsecond, 1)
			}
		})
	}
	wg.Wait()
	if f := l.Figures(); f.Count != 4000 || f.Min != time.Microsecond || f.Max != 4*time.Millisecond || f.Avg != 2.0005 {
		t.Errorf("%+v", f)
	}
}

func TestRegistry_Connections(t *testing.T) {
	r := NewRegistry()
	for _, id := range []uint64{3, 1, 2} {
		r.Open(id, netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(id))).Outstanding.Store(int64(10 * id))
	}
	r.Close(2)
	r.Close(99)
	list := r.Connections()
	if len(list) != 2 || list[0].Remote.Port() != 1 || list[1].Remote.Port() != 3 || r.Outstanding() != 40 {
		t.Errorf("%d connections, %d outstanding", len(list), r.Outstanding())
	}
	for _, c := range list {
		c.Received.Store(5)
		c.Sent.Store(6)
		c.Latency.Observe(time.Second, 1)
	}
	r.Received.Store(7)
	r.Sent.Store(8)
	r.Latency.Observe(time.Second, 1)
	r.ResetConnections()
	if c := list[0]; c.Received.Load() != 0 || c.Sent.Load() != 0 || c.Latency.Figures().Count != 0 || r.Received.Load() != 7 {
		t.Error("crst does not do what it should")
	}
	r.ResetServer()
	if r.Received.Load() != 0 || r.Sent.Load() != 0 || r.Latency.Figures().Count != 0 || r.Outstanding() != 40 {
		t.Error("srst does not do what it should")
	}
	r.ObserveApplied(wire.MakeZxid(1, 2), 3)
	if r.ObserveApplied(wire.MakeZxid(1, 4), 2); r.Applied.Load() != 5 || wire.Zxid(r.AppliedZxid.Load()) != wire.MakeZxid(1, 4) {
		t.Error("applied is miscounted")
	}
}

func TestRegistry_Role(t *testing.T) {
	r := NewRegistry()
	if r.Role() != "" || !r.RoleSince().IsZero() {
		t.Errorf("at first: %q since %v", r.Role(), r.RoleSince())
	}
	before := time.Now()
	r.SetRole("leader")
	if r.Role() != "leader" || r.RoleSince().Before(before) {
		t.Errorf("then: %q since %v", r.Role(), r.RoleSince())
	}
}

func TestSize(t *testing.T) {
	figures := func(s *Size) [3]int64 {
		last, least, most := s.Figures()
		return [3]int64{last, least, most}
	}
	var s Size
	if got := figures(&s); got != [3]int64{-1, -1, -1} {
		t.Errorf("of nothing: %v", got)
	}
	for _, n := range []int{48, 0, 200, 100} {
		s.Observe(n)
	}
	if got := figures(&s); got != [3]int64{100, 0, 200} {
		t.Errorf("got %v", got)
	}
	r := NewRegistry()
	r.Ensemble.ProposalSize.Observe(5)
	if r.ResetServer(); figures(&r.Ensemble.ProposalSize) != [3]int64{-1, -1, -1} {
		t.Error("srst does not reset it")
	}
}
