package differential

import (
	"fmt"
	"strconv"
	"strings"

	"troupe/wire"
)

// keys shows the names of what a four-letter word tells, in its order.
func (s *Side) keys(args []Token) ([]string, error) {
	where, args := destination(args)
	text, err := s.answer(where, string(args[0]))
	if err != nil {
		return nil, err
	}
	var names []string
	for line := range strings.Lines(text) {
		if key, _, ok := keyValue(line); ok {
			names = append(names, key)
		}
	}
	return []string{strings.Join(names, ", ")}, nil
}

// values shows what a four-letter word tells of these keys, in this order.
func (s *Side) values(args []Token) ([]string, error) {
	where, args := destination(args)
	text, err := s.answer(where, string(args[0]))
	if err != nil {
		return nil, err
	}
	known := valuesOf(text)
	var shown []string
	for _, arg := range args[1:] {
		key, err := strconv.Unquote(string(arg))
		if err != nil {
			key = string(arg)
		}
		value, ok := known[key]
		if !ok {
			value = "missing"
		}
		if zxid, err := strconv.ParseUint(value, 0, 64); err == nil && key == "Zxid" {
			value = s.zxid(wire.Zxid(zxid))
		}
		shown = append(shown, fmt.Sprintf("%s %s", key, value))
	}
	return shown, nil
}

func valuesOf(text string) map[string]string {
	known := make(map[string]string)
	for line := range strings.Lines(text) {
		if key, value, ok := keyValue(line); ok {
			known[key] = value
		}
	}
	return known
}

// keyValue cuts a line as the words write it: key=value, key: value or
// key<tab>value.
func keyValue(line string) (key, value string, ok bool) {
	line = strings.TrimSuffix(line, "\n")
	i := strings.IndexAny(line, "=:\t")
	if i <= 0 || line[0] == ' ' {
		return "", "", false
	}
	return line[:i], strings.TrimSpace(line[i+1:]), true
}
