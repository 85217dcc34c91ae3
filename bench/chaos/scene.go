package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"time"

	"troupe/bench/process"
	"troupe/bench/process/lan"
	"troupe/bench/process/mesh"
)

// scene is where the faults of one step happen.
type scene struct {
	*mesh.Ensemble
	ctx    context.Context
	leader int // when the step began
	rnd    *rand.Rand
	hit    []int
	ended  []int        // those that are to be started again
	rotten map[int]bool // those with damage that they may not have found yet, also from steps before
	// What repairs: first all that holds servers up, the last of it first, then what
	// starts them.
	lift, revive []func() error
}

func newScene(ctx context.Context, e *mesh.Ensemble, rotten map[int]bool, seed uint64) (*scene, error) {
	leader, err := e.Leader(ctx)
	return &scene{Ensemble: e, ctx: ctx, leader: leader, rotten: rotten, rnd: rand.New(rand.NewPCG(seed, 0))}, err
}

func (s *scene) between(low, high time.Duration) time.Duration {
	return low + time.Duration(s.rnd.Int64N(int64(high-low)))
}

// victims picks who is hit.
func (s *scene) victims(w who) []int {
	picked := w(s)
	for _, v := range picked {
		if !slices.Contains(s.hit, v) {
			s.hit = append(s.hit, v)
		}
	}
	return picked
}

// repair undoes what was done and waits until every server serves.
func (s *scene) repair() error {
	slices.Reverse(s.lift)
	for _, undo := range append(s.lift, s.revive...) {
		if err := undo(); err != nil {
			return err
		}
	}
	for i, server := range s.Servers {
		if err := server.WaitServing(s.ctx); err != nil {
			return fmt.Errorf("server.%d does not serve again: %w", i+1, err)
		}
	}
	return nil
}

// restart starts servers again once they have ended. Another fault of the same step
// may have done so by then.
func (s *scene) restart(which ...int) func() error {
	var ending []*process.Server
	for _, v := range which {
		ending = append(ending, s.Servers[v])
	}
	return func() error {
		for _, server := range ending {
			if err := server.WaitExited(s.ctx); err != nil {
				return err
			}
		}
		return s.start(which...)
	}
}

// fresh are those of some servers that nothing has ended before in this step, and
// that are to be started again once, whatever ends them.
func (s *scene) fresh(some []int) (fresh []int) {
	for _, v := range some {
		if !slices.Contains(s.ended, v) {
			fresh = append(fresh, v)
		}
	}
	s.ended = append(s.ended, fresh...)
	return fresh
}

func (s *scene) signal(which []int, sig syscall.Signal) (err error) {
	for _, v := range which {
		err = errors.Join(err, s.Servers[v].Signal(sig))
	}
	return err
}

func end(w who, sig syscall.Signal) func(*scene) error {
	return func(s *scene) error {
		v := s.victims(w)
		if fresh := s.fresh(v); len(fresh) > 0 {
			s.revive = append(s.revive, s.restart(fresh...))
		}
		return s.signal(v, sig)
	}
}

func pause(w who) func(*scene) error {
	return func(s *scene) error {
		v := s.victims(w)
		s.lift = append(s.lift, func() error { return s.signal(v, syscall.SIGCONT) })
		return s.signal(v, syscall.SIGSTOP)
	}
}

// healed has all paths open again at the end.
func (s *scene) healed() { s.lift = append(s.lift, func() error { s.Heal(); return nil }) }

// others calls f for each pair of one of some servers and another server.
func (s *scene) others(some []int, f func(one, other int)) {
	for _, one := range some {
		for other := range s.Servers {
			if !slices.Contains(some, other) {
				f(one, other)
			}
		}
	}
}

func (s *scene) cut(some []int, ways [2]bool) {
	s.others(some, func(one, other int) {
		if ways[0] {
			s.Cut(other, one)
		}
		if ways[1] {
			s.Cut(one, other)
		}
	})
}

func cut(w who, ways [2]bool) func(*scene) error {
	return func(s *scene) error {
		s.healed()
		s.cut(s.victims(w), ways)
		return nil
	}
}

// bridge leaves one server that both halves hear; it may be the leader.
func bridge(s *scene) error {
	all := s.victims(everybody)
	s.rnd.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	s.healed()
	half := (len(all) - 1) / 2
	for _, one := range all[1 : 1+half] {
		for _, other := range all[1+half:] {
			s.Cut(one, other)
			s.Cut(other, one)
		}
	}
	return nil
}

// flap cuts a server off and heals the network, again and again.
func flap(s *scene) error {
	const shortest, longest = 20 * time.Millisecond, 400 * time.Millisecond
	v := s.victims(func(s *scene) []int { return []int{s.rnd.IntN(len(s.Servers))} })
	ctx, stop := context.WithCancel(s.ctx)
	stopped := make(chan struct{})
	rnd := scene{rnd: rand.New(rand.NewPCG(s.rnd.Uint64(), 0))} // for another goroutine
	go func() {
		defer close(stopped)
		for process.Pause(ctx, rnd.between(shortest, longest)) == nil {
			s.cut(v, both)
			if process.Pause(ctx, rnd.between(shortest, longest)) != nil {
				return
			}
			s.Heal()
		}
	}()
	s.lift = append(s.lift, func() error { stop(); <-stopped; s.Heal(); return nil })
	return nil
}

// worsen has the packets that some servers send to others get through as path says.
func worsen(w who, path func(*scene) lan.Path) func(*scene) error {
	return func(s *scene) error {
		s.healed()
		p := path(s)
		for _, from := range s.victims(w) {
			for to := range s.Servers {
				s.Worsen(from, to, p)
			}
		}
		return nil
	}
}

func lateLink(s *scene) error {
	s.healed()
	v := s.victims(follower)[0]
	s.Worsen(s.leader, v, lan.Path{Delay: s.between(200*time.Millisecond, 2*time.Second)})
	return nil
}

// away ends a server and waits until it has ended.
func (s *scene) away(sig syscall.Signal, which ...int) error {
	err := s.signal(which, sig)
	for _, v := range which {
		err = errors.Join(err, s.Servers[v].WaitExited(s.ctx))
	}
	return err
}

func wipe(s *scene) error {
	v := s.victims(follower)[0]
	s.revive = append(s.revive, s.restart(v))
	if err := s.away(syscall.SIGKILL, v); err != nil {
		return err
	}
	delete(s.rotten, v)
	return s.Wipe(v)
}

// order ends a follower now and all others at the end of the step, and starts
// either it or them before the rest.
func order(olderFirst bool) func(*scene) error {
	const head = 500 * time.Millisecond
	return func(s *scene) error {
		older, newest := s.victims(follower), []int(nil)
		for _, v := range s.victims(everybody) {
			if v != older[0] {
				newest = append(newest, v)
			}
		}
		s.revive = append(s.revive, func() error {
			if err := s.away(syscall.SIGKILL, newest...); err != nil {
				return err
			}
			first := newest
			if olderFirst {
				first = older
			}
			return errors.Join(s.Launch(s.ctx, first...), process.Pause(s.ctx, head), s.start())
		})
		return s.away(syscall.SIGKILL, older...)
	}
}

func roll(s *scene) error {
	for _, v := range s.victims(everybody) {
		if err := s.away(syscall.SIGTERM, v); err != nil {
			return err
		}
		if err := s.start(v); err != nil {
			return err
		}
	}
	return nil
}
