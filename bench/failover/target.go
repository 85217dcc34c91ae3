package failover

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"troupe/bench/client"
	"troupe/bench/process"
	"troupe/bench/process/mesh"
	"troupe/wire"
)

// target is an ensemble to be hurt.
type target struct {
	*mesh.Ensemble
	name string
}

// newTarget settles an ensemble of the named kind below the options' directory.
func (o *Options) newTarget(name string, cuttable bool) (*target, error) {
	dir := filepath.Join(o.Dir, name)
	if cuttable {
		dir += "-cuttable"
	}
	spec := mesh.Spec{Cuttable: cuttable, EnsembleSpec: process.EnsembleSpec{Kind: process.Kind(name), Dir: dir,
		Servers: o.Servers, Config: append([]string{"maxClientCnxns=0"}, o.Config...), Heap: o.Heap}}
	if spec.Kind == process.Troupe {
		spec.Binary = o.Binary
	}
	e, err := mesh.New(spec)
	if err != nil {
		return nil, err
	}
	return &target{e, name}, nil
}

// start starts all servers and fills the tree.
func (t *target) start(ctx context.Context, o *Options) error {
	if err := o.say("%s: starting %d servers, %d znodes", t.name, o.Servers, o.Znodes); err != nil {
		return err
	}
	if err := t.Start(ctx); err != nil {
		return err
	}
	conn, err := client.Dial(ctx, client.Options{Servers: t.Addrs(0), SessionTimeout: sessionTimeout})
	if err != nil {
		return err
	}
	return errors.Join(fill(ctx, conn, o.Znodes, o.Value), conn.Close(ctx))
}

// fill creates znodes, many at a time, a thousand below each parent.
func fill(ctx context.Context, conn *client.Conn, znodes, value int) error {
	const outstanding, perParent = 400, 1000
	free := make(chan struct{}, outstanding)
	var all sync.WaitGroup
	var failure error // of a callback; these run one after the other
	create := func(path string, data []byte) error {
		select {
		case free <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		all.Add(1)
		err := conn.Go(&wire.Create{Kind: wire.OpCreate, Path: path, Data: data, ACL: wire.OpenACL}, func(r client.Reply) {
			defer all.Done()
			<-free
			if err := r.Err(); err != nil && !errors.Is(err, wire.NodeExists) {
				failure = fmt.Errorf("create %s: %w", path, err)
			}
		})
		if err != nil {
			all.Done()
		}
		return err
	}
	data := make([]byte, value)
	err := create(root, nil)
	for i := 0; i < znodes && err == nil; i++ {
		parent := fmt.Sprintf("%s/fill%d", root, i/perParent)
		if i%perParent == 0 {
			err = create(parent, nil)
		}
		if err == nil {
			err = create(fmt.Sprintf("%s/node%d", parent, i), data)
		}
	}
	all.Wait()
	return errors.Join(err, failure)
}

// victim is the server that a fault is to hit. All servers must be there.
func (t *target) victim(ctx context.Context, fault Fault) (int, error) {
	const interval = 20 * time.Millisecond
	for {
		leader, err := t.Leader(ctx)
		if err != nil {
			return 0, err
		}
		followers := t.With(ctx, "follower")
		switch {
		case len(followers) < len(t.Servers)-1:
		case fault == KillFollower || fault == Restart:
			return followers[0], nil
		default:
			return leader, nil
		}
		if err := process.Pause(ctx, interval); err != nil {
			return 0, fmt.Errorf("only %d servers follow: %w", len(followers), err)
		}
	}
}

// hit has the fault happen to a server.
func (t *target) hit(fault Fault, server int) error {
	s := t.Servers[server]
	switch fault {
	case StopLeader:
		return s.Signal(syscall.SIGTERM)
	case PauseLeader:
		return s.Signal(syscall.SIGSTOP)
	case IsolateLeader:
		t.Isolate(server)
		return nil
	}
	return s.Signal(syscall.SIGKILL)
}

// repair undoes a fault and waits until the server serves.
func (t *target) repair(ctx context.Context, fault Fault, server int) error {
	s := t.Servers[server]
	switch fault {
	case PauseLeader:
		return errors.Join(s.Signal(syscall.SIGCONT), s.WaitServing(ctx))
	case IsolateLeader:
		t.Heal()
		return s.WaitServing(ctx)
	case Restart:
		return nil
	}
	if err := s.WaitExited(ctx); err != nil {
		return err
	}
	return t.Start(ctx, server)
}
