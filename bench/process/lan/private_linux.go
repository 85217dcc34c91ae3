package lan

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
)

// private is in the environment of a process that runs in a network of its own.
const private = "TROUPE_PRIVATE_NETWORK"

// Private runs this program once more, with the same arguments, in a network of
// its own, and returns its exit status when it has ended. In that one, Private
// returns at once and says so. An error says that this machine does not allow it.
func Private() (inside bool, status int, err error) {
	if os.Getenv(private) != "" {
		return true, 0, nil
	}
	tun, err := os.OpenFile(tunDevice, os.O_RDWR, 0)
	if err != nil {
		return false, 0, fmt.Errorf("a private network: %w", err)
	}
	if err := tun.Close(); err != nil {
		return false, 0, err
	}
	self, err := os.Executable()
	if err != nil {
		return false, 0, err
	}
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), private+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGTERM}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	runtime.LockOSThread() // whose end would be taken for this process's
	defer runtime.UnlockOSThread()
	// A Ctrl-C reaches both; what is sent to this one alone is handed on.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return false, 0, fmt.Errorf("a private network: %w (it takes root's rights, or unprivileged user namespaces)", err)
	}
	go func() {
		for s := range signals {
			if s == syscall.SIGTERM {
				_ = cmd.Process.Signal(s) // it may have ended
			}
		}
	}()
	err = cmd.Wait()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		return false, 0, err
	}
	if !cmd.ProcessState.Exited() {
		return false, 1, nil // by a signal
	}
	return false, cmd.ProcessState.ExitCode(), nil
}
