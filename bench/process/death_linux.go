package process

import (
	"errors"
	"os/exec"
	"syscall"
)

// dieWithParent has the kernel kill the child when this process ends, however it ends. The child
// gets its own process group: a Ctrl-C meant for the test does not reach it, and a kill reaches
// what a shell script has started in its turn.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// killGroup kills the child and its descendants.
func killGroup(cmd *exec.Cmd) error {
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}
