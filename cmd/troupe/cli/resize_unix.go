//go:build unix

package cli

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// onResize calls resized whenever the terminal has another size, until stop is
// called.
func onResize(resized func()) (stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGWINCH)
	var wg sync.WaitGroup
	wg.Go(func() {
		for range signals {
			resized()
		}
	})
	return func() {
		signal.Stop(signals)
		close(signals)
		wg.Wait()
	}
}
