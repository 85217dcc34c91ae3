package main

import (
	"os"
	"strings"
	"syscall"
)

// calm keeps Go's monitor thread from being woken by every burst of work. While
// all of a process waits, that thread sleeps until the next system call, and then
// looks around every 20 us for a while: in a server with one write under way that
// is a fifth of the processor time. With schedtrace it sleeps by the clock alone,
// up to 10 ms. The runtime takes it from the environment only, at its start.
//
// The price is a line that begins with SCHED on the standard error, once in 2^31 ms.
const calm = "schedtrace=2147483647"

// startCalm starts this program anew, as the same process, with that setting. It
// returns if GODEBUG has one already, or if it can't be done: then all is well, only
// slower.
func startCalm() {
	set := os.Getenv("GODEBUG")
	if strings.Contains(set, "schedtrace=") {
		return
	}
	self, err := os.Executable()
	if err != nil {
		return
	}
	if err := os.Setenv("GODEBUG", strings.TrimPrefix(set+","+calm, ",")); err != nil {
		return
	}
	_ = syscall.Exec(self, os.Args, os.Environ()) // returns only if it fails
}
