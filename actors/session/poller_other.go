//go:build !linux

package session

// rest is false: the reader keeps its goroutine.
func (r *reader) rest() bool { return false }

// end has nothing to do: closing the connection ends the reader.
func (r *reader) end() {}
