package process

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
)

// Child is a process that ends when this one does, and is always reaped.
type Child struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed once the process is reaped
}

// Spawn starts a command, a stock client for instance, and reaps it when it ends. Its output may go
// to any io.Writer; its input must be an *os.File or nil, since the end of any other reader would
// be waited for, and cmd.StdoutPipe and its kin lose output here.
func Spawn(cmd *exec.Cmd) (*Child, error) { return SpawnFrom(nil, cmd) }

// SpawnFrom is Spawn from a thread that has been through enter, see Spec.Enter.
func SpawnFrom(enter func() error, cmd *exec.Cmd) (*Child, error) {
	dieWithParent(cmd)
	c := &Child{cmd: cmd, exited: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		// The kernel sends the parent-death signal when the thread that forked ends, so that
		// thread has to stay for as long as the child.
		runtime.LockOSThread()
		var err error
		if enter == nil {
			defer runtime.UnlockOSThread()
		} else {
			err = enter() // the thread ends with the goroutine
		}
		if err == nil {
			err = cmd.Start()
		}
		started <- err
		if err != nil {
			return
		}
		defer close(c.exited)
		// How it ended is in ProcessState; a non-zero status is not this goroutine's error.
		_ = cmd.Wait()
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return c, nil
}

// Pid is the process id, also after the end.
func (c *Child) Pid() int { return c.cmd.Process.Pid }

// Exited is closed when the process has ended, was reaped, and all its output is copied.
func (c *Child) Exited() <-chan struct{} { return c.exited }

// ExitCode is the exit status once Exited is closed: -1 if a signal ended the process.
func (c *Child) ExitCode() int { return c.cmd.ProcessState.ExitCode() }

// Running says whether the process is there.
func (c *Child) Running() bool {
	select {
	case <-c.exited:
		return false
	default:
		return true
	}
}

// Signal sends sig; a process that has ended already is no error.
func (c *Child) Signal(sig os.Signal) error {
	if err := c.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// Kill ends the process with SIGKILL, on Linux with its descendants, and waits until it is reaped.
// One that was reaped already is no error.
func (c *Child) Kill() error {
	if !c.Running() {
		return nil
	}
	if err := killGroup(c.cmd); err != nil {
		return err
	}
	<-c.exited
	return nil
}
