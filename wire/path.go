package wire

import (
	"strings"
	"unicode/utf8"
)

// ValidPath tells whether p names a znode: absolute, no empty, "." or ".."
// components, no trailing slash, no control or surrogate characters. Paths are
// judged as Java's UTF-16 units, so characters beyond the basic plane are out
// (PathUtils.validatePath).
func ValidPath(p string) bool {
	if p == "" || p[0] != '/' {
		return false
	}
	if p == "/" {
		return true
	}
	for rest := p[1:]; ; {
		name, after, more := strings.Cut(rest, "/")
		if name == "" || name == "." || name == ".." || !validName(name) {
			return false
		}
		if !more {
			return true
		}
		rest = after
	}
}

func validName(name string) bool {
	for i := 0; i < len(name); {
		if c := name[i]; c < utf8.RuneSelf {
			if c <= 0x1f || c == 0x7f {
				return false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(name[i:])
		if r <= 0x9f || r >= 0xd800 && r <= 0xf8ff || r >= 0xfff0 {
			return false
		}
		i += n
	}
	return true
}

// SplitPath cuts a valid path into its parent and its last component; the
// parent of "/a" is "/". The root has no parent: both are "".
func SplitPath(p string) (parent, name string) {
	i := strings.LastIndexByte(p, '/')
	switch {
	case i < 0 || p == "/":
		return "", ""
	case i == 0:
		return "/", p[1:]
	}
	return p[:i], p[i+1:]
}
