package load

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// sharpen readies the goroutine for sleep: with a thread of its own, which ends
// with it, the kernel can be asked to be punctual.
func sharpen() {
	runtime.LockOSThread()
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) // a kernel that does not know it is late by 50 us
}

// sleep is time.Sleep to some microseconds, where the runtime's timers may be a
// millisecond late. A signal ends it early.
func sleep(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&t, nil)
}
