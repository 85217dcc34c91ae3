//go:build !linux

package load

func fileSystem(string) string { return "" }

func loopbackBytes() uint64 { return 0 }

func flushes(string) uint64 { return 0 }
