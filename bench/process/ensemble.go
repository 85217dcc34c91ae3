package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// EnsembleSpec says what ensemble to run.
type EnsembleSpec struct {
	Kind Kind
	// Dir holds a directory server.N for each server: an absolute path, made if missing. Data that is
	// there already is served.
	Dir string
	// Servers have a vote, Observers come after them and have none.
	Servers, Observers int
	// Config holds further lines of every zoo.cfg, as Spec.Config does. Generated are, besides those of
	// Spec, the server lines, initLimit and syncLimit.
	Config []string
	// Binary, Args, Env and Heap are as in Spec.
	Binary string
	Args   []string
	Env    []string
	Heap   string
}

// Ensemble is an ensemble that was started, on loopback. Its methods may be called from any
// goroutine, but Kill, Stop and Restart by one at a time.
type Ensemble struct {
	// Servers has server.1 at 0, and so on. Each may be killed, paused and restarted by itself.
	Servers []*Server
}

// StartEnsemble writes a zoo.cfg and a myid for each server, starts all and waits until each serves,
// as leader, follower or observer. The context bounds the wait, not the servers' lives. On an error
// nothing is left running, and the error quotes a log.
func StartEnsemble(ctx context.Context, spec EnsembleSpec) (*Ensemble, error) {
	n := spec.Servers + spec.Observers
	if spec.Servers < 1 || spec.Observers < 0 {
		return nil, fmt.Errorf("an ensemble of %d servers and %d observers", spec.Servers, spec.Observers)
	}
	ports, err := FreePorts(3 * n)
	if err != nil {
		return nil, err
	}
	e := &Ensemble{}
	for i := range n {
		own := Spec{Kind: spec.Kind, Dir: filepath.Join(spec.Dir, fmt.Sprintf("server.%d", i+1)),
			Config: spec.lines(i, ports), Binary: spec.Binary, Args: spec.Args, Env: spec.Env, Heap: spec.Heap}
		port, err := prepare(own)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(own.Dir, "data", "myid"), fmt.Appendln(nil, i+1), 0o644); err != nil {
			return nil, fmt.Errorf("write myid: %w", err)
		}
		e.Servers = append(e.Servers, newServer(own, port))
	}
	if err := e.launch(ctx, e.Servers); err != nil {
		return nil, err
	}
	return e, nil
}

// lines is what the zoo.cfg of server i says of the ensemble, then the caller's own lines. Each
// server has three ports: for clients, quorum and elections.
func (spec EnsembleSpec) lines(i int, ports []int) []string {
	n := spec.Servers + spec.Observers
	generated := []string{fmt.Sprintf("clientPort=%d", ports[i]), "initLimit=10", "syncLimit=5"}
	if i >= spec.Servers {
		generated = append(generated, "peerType=observer")
	}
	for j := range n {
		role := "participant"
		if j >= spec.Servers {
			role = "observer"
		}
		generated = append(generated, fmt.Sprintf("server.%d=127.0.0.1:%d:%d:%s", j+1, ports[n+j], ports[2*n+j], role))
	}
	generated = slices.DeleteFunc(generated, func(line string) bool { return hasKey(spec.Config, key(line)) })
	return append(generated, spec.Config...)
}

// launch starts servers at once and waits until each serves. If one does not, all of them are killed.
func (e *Ensemble) launch(ctx context.Context, servers []*Server) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var first error
	var failing sync.Once
	var starting sync.WaitGroup
	serving := make([]bool, len(servers))
	for i, s := range servers {
		starting.Go(func() {
			err := s.launch(ctx)
			if serving[i] = err == nil; !serving[i] {
				failing.Do(func() { first = fmt.Errorf("%s: %w", filepath.Base(s.Dir), err) })
				cancel()
			}
		})
	}
	starting.Wait()
	if first == nil {
		return nil
	}
	errs := []error{first}
	for i, s := range servers {
		if serving[i] { // the others have been killed
			errs = append(errs, s.Kill())
		}
	}
	return errors.Join(errs...)
}

// Restart starts the servers again that do not run, all at once, and waits until each serves.
func (e *Ensemble) Restart(ctx context.Context) error {
	return e.launch(ctx, slices.DeleteFunc(slices.Clone(e.Servers), (*Server).Running))
}

// Addrs is the client addresses of all servers, with commas between them.
func (e *Ensemble) Addrs() string {
	var addrs []string
	for _, s := range e.Servers {
		addrs = append(addrs, s.Addr)
	}
	return strings.Join(addrs, ",")
}

// Leader waits until one server leads, and one only, and returns its index in Servers.
func (e *Ensemble) Leader(ctx context.Context) (int, error) {
	leader := -1
	err := poll(ctx, nil, func(ctx context.Context) error {
		leading := e.with(ctx, "leader")
		if len(leading) != 1 {
			return fmt.Errorf("%d servers lead", len(leading))
		}
		leader = leading[0]
		return nil
	})
	if err != nil {
		return -1, fmt.Errorf("the ensemble does not have one leader: %w", err)
	}
	return leader, nil
}

// Followers are the indices of the servers that follow at this moment, with a vote.
func (e *Ensemble) Followers(ctx context.Context) []int { return e.with(ctx, "follower") }

// with lists the servers that are in a mode.
func (e *Ensemble) with(ctx context.Context, mode string) []int {
	var is sync.Mutex
	var list []int
	var asking sync.WaitGroup
	for i, s := range e.Servers {
		asking.Go(func() {
			if got, err := s.Mode(ctx); err == nil && got == mode {
				is.Lock()
				defer is.Unlock()
				list = append(list, i)
			}
		})
	}
	asking.Wait()
	slices.Sort(list)
	return list
}

// Kill ends all servers with SIGKILL and reaps them.
func (e *Ensemble) Kill() error {
	var errs []error
	for _, s := range e.Servers {
		errs = append(errs, s.Kill())
	}
	return errors.Join(errs...)
}

// Stop asks all servers at once to end and reaps them. If the context ends first, those that are left
// are killed and Stop says so.
func (e *Ensemble) Stop(ctx context.Context) error {
	errs := make([]error, len(e.Servers))
	var ending sync.WaitGroup
	for i, s := range e.Servers {
		ending.Go(func() { errs[i] = s.Stop(ctx) })
	}
	ending.Wait()
	return errors.Join(errs...)
}
