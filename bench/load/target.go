package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"troupe/bench/client"
	"troupe/bench/process"
	"troupe/wire"
)

// The names of targets. Connected is a server that was running already.
const (
	Troupe    = string(process.Troupe)
	Apache    = string(process.Apache)
	Ceiling   = "ceiling"
	Connected = "connected"
)

// Targets are those that can be started.
var Targets = []string{Troupe, Apache, Ceiling}

// target is a server to be measured.
type target struct {
	name  string
	addrs []string     // of all its servers
	pids  []int        // of those; none where they are not ours
	stop  func() error // ends it; never nil
	data  *dataset

	servers []*process.Server // none unless they are such
	leader  int               // which of the pids leads; -1 if none does
	dir     string            // that holds the servers' data
}

// startTarget starts a server of the named kind below dir.
func startTarget(ctx context.Context, name, dir string, o *Options) (*target, error) {
	dir = filepath.Join(dir, name)
	if name == Ceiling {
		return startCeiling(dir, o)
	}
	spec := o.spec(name, dir)
	if o.Servers <= 1 {
		server, err := process.Start(ctx, spec)
		if err != nil {
			return nil, err
		}
		return served(name, server.Kill, server), nil
	}
	e, err := process.StartEnsemble(ctx, process.EnsembleSpec{Kind: spec.Kind, Dir: dir, Servers: o.Servers,
		Config: spec.Config, Binary: spec.Binary, Heap: spec.Heap, Env: spec.Env})
	if err != nil {
		return nil, err
	}
	return served(name, e.Kill, e.Servers...), nil
}

// served is a target made of servers that were started.
func served(name string, stop func() error, servers ...*process.Server) *target {
	t := &target{name: name, stop: stop, servers: servers, dir: servers[0].Dir}
	for _, s := range servers {
		t.addrs, t.pids = append(t.addrs, s.Addr), append(t.pids, s.Pid())
	}
	return t
}

// spec is how both servers run: no limit on connections, everything else as it
// comes, fsync on.
func (o *Options) spec(name, dir string) process.Spec {
	s := process.Spec{Kind: process.Kind(name), Dir: dir, Heap: o.Heap, Config: []string{"maxClientCnxns=0"}}
	if name == Troupe {
		s.Binary = o.Binary
		if o.Procs > 0 {
			s.Env = []string{"GOMAXPROCS=" + strconv.Itoa(o.Procs)}
		}
	}
	return s
}

// StartCeiling starts the ceiling of so many servers, whose reads return value bytes, for
// somebody who does not measure rows: self is as in Options. It is told where it listens.
func StartCeiling(dir, self string, servers, value int) (addr string, stop func() error, err error) {
	t, err := startCeiling(dir, &Options{Self: self, Servers: servers, Value: value})
	if err != nil {
		return "", nil, err
	}
	return t.addrs[0], t.stop, nil
}

// startCeiling starts the ceiling and the peers that keep its journal. All
// sessions talk to the one server.
func startCeiling(dir string, o *Options) (*target, error) {
	t := &target{name: Ceiling, dir: dir}
	var children []*process.Child
	t.stop = func() error {
		var errs []error
		for _, c := range children {
			errs = append(errs, c.Kill())
		}
		return errors.Join(errs...)
	}
	var peers []string
	for i := range o.Servers {
		args := []string{"--value", strconv.Itoa(o.Value)}
		if i < o.Servers-1 {
			args = []string{"--peer"}
		} else if len(peers) > 0 {
			args = append(args, "--peers", strings.Join(peers, ","))
		}
		child, addr, err := spawnCeiling(filepath.Join(dir, strconv.Itoa(i)), o.Self, args)
		if err != nil {
			return nil, errors.Join(err, t.stop())
		}
		children, peers = append(children, child), append(peers, addr)
		t.pids, t.addrs = append(t.pids, child.Pid()), []string{addr}
	}
	return t, nil
}

// spawnCeiling starts one process of it, which tells its address in its first line.
func spawnCeiling(dir, self string, args []string) (*process.Child, string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, "", err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, "", err
	}
	defer read.Close()
	cmd := exec.Command(self, append([]string{"bench", CeilingCommand, "--dir", dir}, args...)...)
	cmd.Stdout, cmd.Stderr = write, os.Stderr
	child, err := process.Spawn(cmd)
	write.Close() // the child has its own
	if err != nil {
		return nil, "", fmt.Errorf("start ceiling: %w", err)
	}
	line, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("it ended")
		}
		return nil, "", errors.Join(fmt.Errorf("start ceiling: no address: %w", err), child.Kill())
	}
	return child, strings.TrimSpace(line), nil
}

// explain adds to an error that the server has ended, if it has, and its last
// words.
func (t *target) explain(err error) error {
	for _, s := range t.servers {
		if s.Running() {
			continue
		}
		log, unread := os.ReadFile(s.LogPath)
		if unread != nil {
			return errors.Join(err, unread)
		}
		const tail = 2000
		return fmt.Errorf("%w: the server has ended with status %d; its log:\n%s", err,
			s.ExitCode(), log[max(0, len(log)-tail):])
	}
	return err
}

// leads is which of the servers leads an ensemble, -1 if none does.
func (t *target) leads(ctx context.Context) int {
	if len(t.servers) < 2 {
		return -1
	}
	for i, s := range t.servers {
		if mode, err := s.Mode(ctx); err == nil && mode == "leader" {
			return i
		}
	}
	return -1
}

// settle waits until none of the targets works any more on what it was given
// before, but not for long.
func settle(ctx context.Context, targets []*target, atMost time.Duration) error {
	const step, idle = 100 * time.Millisecond, 10 * time.Millisecond
	deadline := time.Now().Add(atMost)
	ticker := time.NewTicker(step)
	defer ticker.Stop()
	for last := time.Duration(-1); time.Now().Before(deadline); {
		var total time.Duration
		for _, t := range targets {
			for _, pid := range t.pids {
				spent, err := cpuTime(pid)
				if err != nil {
					return err
				}
				total += spent
			}
		}
		if last >= 0 && total-last <= idle {
			return nil
		}
		last = total
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// verify makes sure that the target answers with what the rows count on.
func (t *target) verify(ctx context.Context, asked []Workload) error {
	conn, err := client.Dial(ctx, client.Options{Servers: t.addrs})
	if err != nil {
		return err
	}
	data, _, err := conn.Get(ctx, t.data.paths[0], false)
	if err == nil && len(data) != t.data.value {
		err = fmt.Errorf("a read returned %d bytes, %d were written", len(data), t.data.value)
	}
	if err == nil && slices.Contains(asked, Multi) { // the outcome of a multi is not looked at any more later
		_, err = conn.Multi(ctx, t.data.script(Multi, 0)().(*wire.Multi).Ops...)
	}
	return errors.Join(err, conn.Close(ctx))
}
