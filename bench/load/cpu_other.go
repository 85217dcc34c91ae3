//go:build !linux

package load

import (
	"errors"
	"time"
)

var errNoProc = errors.New("processor times are read from /proc, which is Linux's")

func cpuTime(int) (time.Duration, error) { return 0, errNoProc }

func ownCPUTime() (time.Duration, error) { return 0, errNoProc }
