//go:build !linux

package lan

import "errors"

const mtu = 1500

var errNeedsLinux = errors.New("a private network needs Linux")

func newHost(int) (*host, error) { return nil, errNeedsLinux }

// Private cannot do anything here.
func Private() (inside bool, status int, err error) { return false, 0, errNeedsLinux }

// Enter cannot do anything here.
func (l *LAN) Enter(int) error { return errNeedsLinux }

func (h *host) close() error { return h.tun.Close() }
