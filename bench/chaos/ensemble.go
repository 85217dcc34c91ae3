package chaos

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"troupe/bench/process/mesh"
)

// hit has a fault happen. It returns when that is done, with whom it has hit.
func hit(ctx context.Context, e *mesh.Ensemble, s Step) (victims []int, err error) {
	if s.Fault == KillAll {
		for i, server := range e.Servers {
			victims, err = append(victims, i), errors.Join(err, server.Signal(syscall.SIGKILL))
		}
		return victims, err
	}
	if s.Fault == RollingRestart {
		for i := range e.Servers {
			victims = append(victims, i)
			if err := errors.Join(e.Servers[i].Signal(syscall.SIGTERM), e.Servers[i].WaitExited(ctx)); err != nil {
				return victims, err
			}
			if err := e.Start(ctx, i); err != nil {
				return victims, err
			}
		}
		return victims, nil
	}
	victim, err := e.Leader(ctx)
	if err != nil {
		return nil, err
	}
	switch s.Fault {
	case KillFollower, PauseFollower, IsolateFollower, WipeFollower:
		victim = (victim + 1 + s.Victim%(len(e.Servers)-1)) % len(e.Servers)
	}
	return []int{victim}, strike(ctx, e, s.Fault, victim)
}

// strike hits one server.
func strike(ctx context.Context, e *mesh.Ensemble, f Fault, victim int) error {
	server := e.Servers[victim]
	switch f {
	case KillLeader, KillFollower:
		return server.Signal(syscall.SIGKILL)
	case StopLeader:
		return server.Signal(syscall.SIGTERM)
	case PauseLeader, PauseFollower:
		return server.Signal(syscall.SIGSTOP)
	case WipeFollower:
		if err := errors.Join(server.Signal(syscall.SIGKILL), server.WaitExited(ctx)); err != nil {
			return err
		}
		return e.Wipe(victim)
	}
	for other := range e.Servers {
		if other != victim && f != DeafLeader {
			e.Cut(victim, other)
		}
		if other != victim && f != MuteLeader {
			e.Cut(other, victim)
		}
	}
	return nil
}

// repair undoes a fault and waits until every server serves.
func repair(ctx context.Context, e *mesh.Ensemble, f Fault, victims []int) error {
	if f.cuts() {
		e.Heal()
	}
	for _, v := range victims {
		switch {
		case f.pauses():
			if err := e.Servers[v].Signal(syscall.SIGCONT); err != nil {
				return err
			}
		case f.ends():
			if err := e.Servers[v].WaitExited(ctx); err != nil {
				return err
			}
		}
	}
	if f.ends() {
		if err := e.Start(ctx, victims...); err != nil {
			return err
		}
	}
	for i, server := range e.Servers {
		if err := server.WaitServing(ctx); err != nil {
			return fmt.Errorf("server.%d does not serve again: %w", i+1, err)
		}
	}
	return nil
}
