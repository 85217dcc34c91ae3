//go:build !linux

package load

func fileSystem(string) string { return "" }
