package chaos

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"troupe/bench/process"
)

const diskOK, clockOK = "disk ok", "clock ok"

// inject gives commands to servers, and later what takes their effect away. A
// server that ends of them is started again.
func inject(w who, hurt func(*scene) string, heal string) func(*scene) error {
	return func(s *scene) error {
		for _, v := range s.victims(w) {
			server := s.Servers[v]
			if heal != "" {
				s.lift = append(s.lift, func() error { return tell(server, heal) })
			}
			s.revive = append(s.revive, func() error { return s.nurse(v) })
			if err := tell(server, hurt(s)); err != nil {
				return err
			}
		}
		return nil
	}
}

// tell gives a command to a server. One that has ended meanwhile has no use for it.
func tell(server *process.Server, command string) error {
	err := server.Inject(command)
	if err == nil {
		return nil
	}
	select {
	case <-server.Exited():
		return nil
	case <-time.After(time.Second): // it may be about to
		return err
	}
}

// nurse waits until a server serves, and starts it again if it ends instead.
func (s *scene) nurse(v int) error {
	err := s.Servers[v].WaitServing(s.ctx)
	if err == nil || s.Servers[v].Running() {
		return err
	}
	return s.start(v)
}

// losePower takes the power of several servers away at once.
func losePower(s *scene) error {
	v := s.victims(some)
	s.revive = append(s.revive, s.restart(v...))
	errs := make([]error, len(v))
	var losing sync.WaitGroup
	for i, server := range v {
		losing.Go(func() { errs[i] = s.Servers[server].Inject("disk lose") })
	}
	losing.Wait()
	return errors.Join(errs...)
}

func always(command string) func(*scene) string { return func(*scene) string { return command } }

func slowDisk(s *scene) string {
	return fmt.Sprintf("disk slow %d", s.between(20*time.Millisecond, 500*time.Millisecond).Milliseconds())
}

func jump(sign string) func(*scene) string {
	return func(s *scene) string {
		by := s.between(time.Second, time.Minute)
		if s.rnd.IntN(2) == 0 {
			by = s.between(time.Hour, 48*time.Hour)
		}
		return "clock " + sign + by.Round(time.Millisecond).String()
	}
}

// kinds of actors. One that a server has not at present can't be hurt, which is no
// error. A panic of those that end a process ends it; it is started again.
var kinds = strings.Fields("txlog checkpoint tree peer elector leader follower link session replica gateway server")

func (s *scene) kind(of []string) string { return of[s.rnd.IntN(len(of))] }

func panics(s *scene) string { return "panic " + s.kind(kinds) }

func delays(s *scene) string {
	return fmt.Sprintf("delay %s %d", s.kind(append([]string{"frame"}, kinds...)),
		s.between(time.Millisecond, 200*time.Millisecond).Milliseconds())
}

// drops loses what may be lost: the actors of one server do not lose each other's
// messages.
func drops(s *scene) string { return fmt.Sprintf("drop frame %d", 1+s.rnd.IntN(20)) }
