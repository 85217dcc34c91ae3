package mesh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"troupe/bench/process"
	"troupe/bench/process/lan"
)

// Spec says what ensemble to run.
type Spec struct {
	// EnsembleSpec is what all servers have in common.
	process.EnsembleSpec
	// Each, if not nil, gives further lines of zoo.cfg for server.1 (0), server.2 (1) and so on. They
	// replace lines of the same key.
	Each func(server int) []string
	// Cuttable has the servers reach each other through links that can be cut: proxies, or those of LAN
	// if that is not nil, where server.1 is host 1, and so on. Kill takes it down.
	Cuttable bool
	LAN      *lan.LAN
}

// Ensemble is an ensemble, some of its servers started. Start, Wipe, Cut and their kin are called by
// one goroutine at a time.
type Ensemble struct {
	// Servers has server.1 at 0, and so on; nil are those that were never started. Start replaces them.
	Servers []*process.Server
	spec    Spec
	ports   [][3]int // of each server: for clients, quorum, elections
	gates   [][]*gate
	links   [][][2]*link // from, to: quorum, elections
}

// New settles ports and writes the myid files. Nothing runs yet.
func New(spec Spec) (*Ensemble, error) {
	n := spec.Servers + spec.Observers
	e := &Ensemble{Servers: make([]*process.Server, n), spec: spec}
	ports, err := process.FreePorts(3 * n)
	if err != nil {
		return nil, err
	}
	for i := range n {
		own := [3]int(ports[3*i:])
		if spec.LAN != nil {
			own = [3]int{2181, 2888, 3888} // those that everybody knows
		}
		e.ports = append(e.ports, own)
		if err := e.identify(i); err != nil {
			return nil, err
		}
	}
	if spec.Cuttable && spec.LAN == nil {
		return e, e.connect()
	}
	return e, nil
}

// Dir is the directory of a server: zoo.cfg, data/ and server.log.
func (e *Ensemble) Dir(server int) string {
	return filepath.Join(e.spec.Dir, fmt.Sprintf("server.%d", server+1))
}

// Addr is a server's client address, also before it is started.
func (e *Ensemble) Addr(server int) string {
	return net.JoinHostPort(e.host(server), strconv.Itoa(e.ports[server][0]))
}

// host is a server's address.
func (e *Ensemble) host(server int) string {
	if e.spec.LAN != nil {
		return lan.IP(server + 1)
	}
	return "127.0.0.1"
}

// Addrs is the client addresses of all servers, that of one of them first, the others in turn.
func (e *Ensemble) Addrs(first int) []string {
	var all []string
	for i := range e.Servers {
		all = append(all, e.Addr((first+i)%len(e.Servers)))
	}
	return all
}

// Start writes the zoo.cfg of servers that do not run, starts them all at once, and waits until each
// serves. All are meant if none is named. On an error those that serve go on.
func (e *Ensemble) Start(ctx context.Context, which ...int) error {
	return e.start(ctx, false, which)
}

// Launch is Start for servers that are not expected to serve: it does not wait for more than that they
// could be started.
func (e *Ensemble) Launch(ctx context.Context, which ...int) error {
	return e.start(ctx, true, which)
}

func (e *Ensemble) start(ctx context.Context, listenOnly bool, which []int) error {
	if len(which) == 0 {
		for i := range e.Servers {
			which = append(which, i)
		}
	}
	errs := make([]error, len(e.Servers))
	var starting sync.WaitGroup
	for _, i := range which {
		if s := e.Servers[i]; s == nil || !s.Running() {
			starting.Go(func() { errs[i] = e.startOne(ctx, i, listenOnly) })
		}
	}
	starting.Wait()
	return errors.Join(errs...)
}

func (e *Ensemble) startOne(ctx context.Context, i int, listenOnly bool) error {
	spec := process.Spec{Kind: e.spec.Kind, Dir: e.Dir(i), Config: e.lines(i), Host: e.host(i),
		Binary: e.spec.Binary, Args: e.spec.Args, Env: e.spec.Env, Heap: e.spec.Heap, ListenOnly: listenOnly}
	if e.spec.LAN != nil {
		spec.Enter = func() error { return e.spec.LAN.Enter(i + 1) }
	}
	s, err := process.Start(ctx, spec)
	if err != nil {
		return fmt.Errorf("server.%d: %w", i+1, err)
	}
	e.Servers[i] = s
	return nil
}

// Leader waits until one server leads, and one only, and returns its index.
func (e *Ensemble) Leader(ctx context.Context) (int, error) {
	const interval = 5 * time.Millisecond
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		leading := e.With(ctx, "leader")
		if len(leading) == 1 {
			return leading[0], nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return -1, fmt.Errorf("%d servers lead: %w", len(leading), ctx.Err())
		}
	}
}

// With lists the servers that are in a mode: leader, follower or observer. One that does not answer at
// once is in none.
func (e *Ensemble) With(ctx context.Context, mode string) []int {
	const patience = 200 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	modes := make([]string, len(e.Servers))
	var asking sync.WaitGroup
	for i, s := range e.Servers {
		if s == nil || !s.Running() {
			continue
		}
		asking.Go(func() {
			if got, err := s.Mode(ctx); err == nil {
				modes[i] = got
			}
		})
	}
	asking.Wait()
	var list []int
	for i, got := range modes {
		if got == mode {
			list = append(list, i)
		}
	}
	return list
}

// Wipe removes all that a server that does not run has on disk, but its myid.
func (e *Ensemble) Wipe(server int) error {
	if err := os.RemoveAll(filepath.Join(e.Dir(server), "data")); err != nil {
		return fmt.Errorf("wipe server.%d: %w", server+1, err)
	}
	return e.identify(server)
}

// Kill ends all servers with SIGKILL, reaps them and takes the links or the LAN down.
func (e *Ensemble) Kill() error {
	var errs []error
	for _, s := range e.Servers {
		if s != nil {
			errs = append(errs, s.Kill())
		}
	}
	for _, row := range e.links {
		for _, pair := range row {
			for _, l := range pair {
				if l != nil {
					errs = append(errs, l.close())
				}
			}
		}
	}
	e.links = nil
	if e.spec.LAN != nil {
		errs = append(errs, e.spec.LAN.Close())
		e.spec.LAN = nil
	}
	return errors.Join(errs...)
}
