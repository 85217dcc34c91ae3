package ensemble

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"troupe/bench/process"
)

const (
	lookEvery = 200 * time.Millisecond
	lookTime  = time.Second      // for a server to answer
	stopTime  = 15 * time.Second // for a server to end; its own limit is ten
)

// Options are what Run needs besides a plan.
type Options struct {
	Plan
	// Command makes the command that serves a zoo.cfg in the foreground.
	Command   func(zooCfg string) *exec.Cmd
	Out, Errs io.Writer
	Plain     bool // without colours
}

// child is a server that was started.
type child struct {
	member
	process *process.Child
	log     *os.File
	role    string // as srvr says; "" before it has served, and after its end
	ended   bool
}

// ensemble is a running one.
type ensemble struct {
	o        Options
	children []*child
	complete bool // all have served at the same time
	stopping atomic.Bool
}

// Run writes the files, starts all servers, tells about them, and ends them in
// order when the context ends. One that ends by itself is reported, and the
// others go on; it is an error if all do, or if one does not end when asked to.
func Run(ctx context.Context, o Options) error {
	if err := o.Plan.check(); err != nil {
		return err
	}
	all, err := o.members()
	if err != nil {
		return err
	}
	if err := portsFree(all); err != nil {
		return err
	}
	if err := prepare(all); err != nil {
		return err
	}
	o.Errs = &locked{w: o.Errs}
	e := &ensemble{o: o}
	for _, m := range all {
		c, err := e.start(m)
		if err != nil {
			return errors.Join(err, e.stop())
		}
		e.children = append(e.children, c)
	}
	if err := e.watch(ctx); err != nil {
		return errors.Join(err, e.stop())
	}
	fmt.Fprintln(o.Out, "Stopping")
	return e.stop()
}

func (e *ensemble) start(m member) (*child, error) {
	log, err := os.OpenFile(m.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("log of %s: %w", m.name(), err)
	}
	cmd := e.o.Command(m.config())
	cmd.Dir = m.dir
	cmd.Stderr = newOutput(m.name(), log, e.o.Errs, e.o.Plain, &e.stopping)
	cmd.Stdout = cmd.Stderr
	p, err := process.Spawn(cmd)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", m.name(), err), log.Close())
	}
	fmt.Fprintf(e.o.Out, "%s  process %d: clients %s, servers port %d, log %s\n", m.name(), p.Pid(), m.addr(), m.quorum, m.logFile())
	return &child{member: m, process: p, log: log}, nil
}

// watch tells what becomes of the servers until the context ends, or none is left.
func (e *ensemble) watch(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		roles := e.ask(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if left := e.tell(roles); left == 0 {
			return errors.New("no server is left")
		}
	}
}

// ask asks all servers what they are, "" where there is no answer.
func (e *ensemble) ask(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	roles := make([]string, len(e.children))
	var asking sync.WaitGroup
	for i, c := range e.children {
		asking.Go(func() {
			if mode, err := process.Mode(ctx, c.addr()); err == nil {
				roles[i] = mode
			}
		})
	}
	asking.Wait()
	return roles
}

// tell says what has changed, and returns how many servers are left.
func (e *ensemble) tell(roles []string) (left int) {
	serving := 0
	for i, c := range e.children {
		if c.ended {
			continue
		}
		if !c.process.Running() {
			c.ended, c.role = true, ""
			fmt.Fprintf(e.o.Errs, "%s has ended by itself, with status %d. Its log %s ends with\n%s\n", c.name(),
				c.process.ExitCode(), c.logFile(), tail(c.logFile()))
			continue
		}
		left++
		if roles[i] != c.role {
			c.role = roles[i]
			fmt.Fprintf(e.o.Out, "%s  %s  %s\n", c.name(), c.addr(), describe(c.role))
		}
		if c.role != "" {
			serving++
		}
	}
	if serving == len(e.children) && !e.complete {
		e.complete = true
		fmt.Fprintf(e.o.Out, "All serve: troupe cli --server %s\n", e.addrs())
	}
	return left
}

func describe(role string) string {
	if role == "" {
		return "serves nobody: it has no leader, or is starting"
	}
	return role
}

func (e *ensemble) addrs() string {
	var addrs []string
	for _, c := range e.children {
		addrs = append(addrs, c.addr())
	}
	return strings.Join(addrs, ",")
}

// stop ends what runs: the leader last, so that nobody elects another.
func (e *ensemble) stop() error {
	e.stopping.Store(true)
	var leaders, others []*child
	for _, c := range e.children {
		if c.role == "leader" {
			leaders = append(leaders, c)
		} else {
			others = append(others, c)
		}
	}
	err := errors.Join(end(others), end(leaders))
	for _, c := range e.children {
		err = errors.Join(err, c.log.Close())
	}
	return err
}

// end asks servers to end and waits until they have. Those that do not in time are killed.
func end(children []*child) error {
	errs := make([]error, len(children))
	var ending sync.WaitGroup
	for i, c := range children {
		ending.Go(func() {
			if err := c.process.Signal(syscall.SIGTERM); err != nil {
				errs[i] = fmt.Errorf("end %s: %w", c.name(), err)
			}
			select {
			case <-c.process.Exited():
			case <-time.After(stopTime):
				errs[i] = errors.Join(fmt.Errorf("%s did not end in %v and was killed; nothing acknowledged is lost", c.name(), stopTime),
					c.process.Kill())
			}
		})
	}
	ending.Wait()
	return errors.Join(errs...)
}
