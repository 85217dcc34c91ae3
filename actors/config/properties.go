package config

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// property is one key and value of a Java properties file.
type property struct {
	key, value string
	line       int // where it begins, from 1
	// lossy says that a backslash of the value was taken as an escape it may
	// not have been meant to be, as in C:\data.
	lossy bool
	// badEscape says that a \u is not followed by four hexadecimal digits.
	badEscape bool
}

const blank = " \t\f"

// readProperties splits text as java.util.Properties does: comments begin with
// # or !, a backslash at a line's end joins the next, a key ends at the first
// =, : or blank that is not escaped.
func readProperties(text string) []property {
	lines := naturalLines(text)
	var out []property
	for i := 0; i < len(lines); i++ {
		begin := i + 1
		logical, last := joinLines(lines, i)
		i = last
		if logical == "" {
			continue
		}
		key, value := splitProperty(logical)
		p := property{line: begin}
		var badKey bool
		p.key, _, badKey = unescape(key)
		p.value, p.lossy, p.badEscape = unescape(value)
		p.badEscape = p.badEscape || badKey
		out = append(out, p)
	}
	return out
}

// naturalLines splits at \n, \r and \r\n.
func naturalLines(text string) []string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\r", "\n")
	return strings.Split(text, "\n")
}

// joinLines returns the logical line that begins at lines[i], "" if it is blank
// or a comment, and the index of its last natural line.
func joinLines(lines []string, i int) (string, int) {
	var b strings.Builder
	for ; i < len(lines); i++ {
		part := strings.TrimLeft(lines[i], blank)
		if b.Len() == 0 && isComment(part) {
			return "", i
		}
		if trailingBackslashes(part)%2 == 0 {
			b.WriteString(part)
			return b.String(), i
		}
		b.WriteString(part[:len(part)-1])
	}
	return b.String(), i
}

func isComment(line string) bool { return line != "" && (line[0] == '#' || line[0] == '!') }

func trailingBackslashes(s string) int { return len(s) - len(strings.TrimRight(s, `\`)) }

// splitProperty cuts a logical line where its key ends; both parts keep their escapes.
func splitProperty(line string) (key, value string) {
	end := 0
	for end < len(line) && !strings.ContainsRune(blank+"=:", rune(line[end])) {
		if line[end] == '\\' && end+1 < len(line) {
			end++
		}
		end++
	}
	value = strings.TrimLeft(line[end:], blank)
	if value != "" && (value[0] == '=' || value[0] == ':') {
		value = strings.TrimLeft(value[1:], blank)
	}
	return line[:end], value
}

// unescape resolves the escapes of s. lossy and bad are as in property.
func unescape(s string) (out string, lossy, bad bool) {
	if !strings.Contains(s, `\`) {
		return s, false, false
	}
	var units []uint16 // a pair of \u escapes makes one character, as in Java
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		if r != '\\' || i == len(s) {
			units = utf16.AppendRune(units, r)
			continue
		}
		r, size = utf8.DecodeRuneInString(s[i:])
		i += size
		switch {
		case r == 'u':
			unit, ok := hex4(s[i:])
			if !ok {
				bad = true
				continue
			}
			units = append(units, unit)
			i += 4
		default:
			plain := escaped(r)
			lossy = lossy || plain != r || !strings.ContainsRune(`\ =:#!`, r)
			units = utf16.AppendRune(units, plain)
		}
	}
	return string(utf16.Decode(units)), lossy, bad
}

// escaped is the character that a backslash before r stands for.
func escaped(r rune) rune {
	switch r {
	case 't':
		return '\t'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 'f':
		return '\f'
	}
	return r
}

// hex4 reads the four hexadecimal digits that s must begin with.
func hex4(s string) (uint16, bool) {
	if len(s) < 4 {
		return 0, false
	}
	var v uint16
	for i := 0; i < 4; i++ {
		digit := strings.IndexByte("0123456789abcdef", s[i]|0x20)
		if digit < 0 || s[i] < '0' {
			return 0, false
		}
		v = v<<4 | uint16(digit)
	}
	return v, true
}

// decode turns a file's bytes into text. Java takes a properties file as
// ISO 8859-1; people write UTF-8, some with a byte order mark.
func decode(data []byte) string {
	text := strings.TrimPrefix(string(data), "\ufeff")
	if utf8.ValidString(text) {
		return text
	}
	runes := make([]rune, len(data))
	for i, b := range data {
		runes[i] = rune(b)
	}
	return string(runes)
}

// isUTF16 says that the file begins with the mark of an encoding that is read
// as noise, so that it can be named.
func isUTF16(data []byte) bool {
	return len(data) >= 2 && (data[0] == 0xff && data[1] == 0xfe || data[0] == 0xfe && data[1] == 0xff)
}
