package cli

import (
	"unicode/utf16"

	"troupe/wire"
)

// checkPath says what is wrong with a path. Positions count UTF-16 units, since
// that is how servers judge them.
func checkPath(path string) error {
	switch {
	case wire.ValidPath(path):
		return nil
	case path == "":
		return failed("Path length must be > 0")
	case path[0] != '/':
		return failed("Path must start with / character")
	case path[len(path)-1] == '/':
		return failed("Path must not end with / character")
	}
	units := utf16.Encode([]rune(path))
	for i := 1; i < len(units); i++ {
		if reason := badUnit(units, i); reason != "" {
			return failed("Invalid path string \"%s\" caused by %s @%d", path, reason, i)
		}
	}
	return failed("Invalid path string \"%s\"", path)
}

// badUnit says what is wrong with unit i of a path, "" if nothing is.
func badUnit(units []uint16, i int) string {
	at := func(j int) uint16 {
		if j >= len(units) {
			return '/'
		}
		return units[j]
	}
	switch c := units[i]; {
	case c == 0:
		return "null character not allowed"
	case c == '/' && at(i-1) == '/':
		return "empty node name specified"
	case c == '.' && at(i+1) == '/' && (at(i-1) == '/' || at(i-1) == '.' && at(i-2) == '/'):
		return "relative paths not allowed"
	case c <= 0x1f, c >= 0x7f && c <= 0x9f, c >= 0xd800 && c <= 0xf8ff, c >= 0xfff0:
		return "invalid character"
	}
	return ""
}

// child is the path of a znode's child.
func child(path, name string) string {
	if path == "/" {
		return path + name
	}
	return path + "/" + name
}
