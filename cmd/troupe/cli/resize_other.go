//go:build !unix

package cli

// onResize does nothing: there is no signal to wait for.
func onResize(func()) (stop func()) { return func() {} }
