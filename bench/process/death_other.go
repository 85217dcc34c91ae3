//go:build !linux

package process

import (
	"errors"
	"os"
	"os/exec"
)

// dieWithParent does nothing: only Linux offers it.
func dieWithParent(*exec.Cmd) {}

// killGroup kills the child alone.
func killGroup(cmd *exec.Cmd) error {
	if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}
