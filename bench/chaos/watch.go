package chaos

import (
	"context"
	"sync"
	"time"

	"troupe/bench/process"
)

// Seat is who said at a moment that it leads: the number of a server, 0 if none
// did, or if more than one did.
type Seat struct {
	At     time.Duration `json:"at"` // nanoseconds from the start of the run
	Leader int           `json:"leader"`
}

const (
	seatEvery    = 100 * time.Millisecond
	seatPatience = 80 * time.Millisecond // for a server to answer
)

// lookout asks the servers who leads, again and again, until the context ends.
// The last entry of seats is at most a moment old.
type lookout struct {
	began time.Time
	addrs []string

	mu    sync.Mutex
	seats []Seat
}

func (l *lookout) watch(ctx context.Context) {
	tick := time.NewTicker(seatEvery)
	defer tick.Stop()
	for {
		seat := Seat{time.Since(l.began), l.ask(ctx)}
		l.mu.Lock()
		l.seats = append(l.seats, seat)
		l.mu.Unlock()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (l *lookout) ask(ctx context.Context) (leader int) {
	ctx, cancel := context.WithTimeout(ctx, seatPatience)
	defer cancel()
	leads := make([]bool, len(l.addrs))
	var asking sync.WaitGroup
	for i, addr := range l.addrs {
		asking.Go(func() {
			mode, err := process.Mode(ctx, addr)
			leads[i] = err == nil && mode == "leader" // one that does not answer leads nobody
		})
	}
	asking.Wait()
	for i, yes := range leads {
		if yes && leader != 0 {
			return 0
		} else if yes {
			leader = i + 1
		}
	}
	return leader
}

// all is a copy.
func (l *lookout) all() []Seat {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Seat(nil), l.seats...)
}
