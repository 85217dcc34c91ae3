package metrics

import (
	"sync/atomic"
	"time"
)

// Ensemble is what a member of an ensemble knows of it. What only a leader
// knows stays what it was once it leads no more; nobody is shown it then.
type Ensemble struct {
	Elections atomic.Int64 // times that this server looked for a leader
	Leader    atomic.Int64 // the number of the leader it follows, 0 without one

	// What the leader knows.
	SyncedFollowers atomic.Int64 // learners with a vote that are up to date
	SyncedObservers atomic.Int64 // learners without one that are
	Learners        atomic.Int64 // all that are connected
	PendingSyncs    atomic.Int64 // syncs that wait for their round
	ProposalSize    Size
}

// Size keeps the last, least and greatest of sizes. It is for one writer.
type Size struct{ last, least, most atomic.Int64 } // one more than they say; 0 is none yet

// Observe adds a size in bytes.
func (s *Size) Observe(bytes int) {
	v := int64(bytes) + 1
	s.last.Store(v)
	if least := s.least.Load(); least == 0 || v < least {
		s.least.Store(v)
	}
	s.most.Store(max(s.most.Load(), v))
}

// Figures are the last, least and greatest size in bytes, -1 before the first.
func (s *Size) Figures() (last, least, most int64) {
	return s.last.Load() - 1, s.least.Load() - 1, s.most.Load() - 1
}

// Reset starts anew.
func (s *Size) Reset() {
	for _, v := range []*atomic.Int64{&s.last, &s.least, &s.most} {
		v.Store(0)
	}
}

// position is what a server is, and since when.
type position struct {
	role  string
	since time.Time
}

// SetRole says what the server is now: standalone, leader, follower, observer,
// or "" while it serves nobody.
func (r *Registry) SetRole(role string) { r.position.Store(&position{role, time.Now()}) }

// Role is what the server is now, "" while it serves nobody.
func (r *Registry) Role() string {
	if p := r.position.Load(); p != nil {
		return p.role
	}
	return ""
}

// RoleSince is when the present role began; the zero time before the first.
func (r *Registry) RoleSince() time.Time {
	if p := r.position.Load(); p != nil {
		return p.since
	}
	return time.Time{}
}
