//go:build !linux

package persistence

// dataSync makes a file's content durable.
func dataSync(f osFile) error { return f.Sync() }
