package config

import (
	"fmt"
	"strings"
)

// Warning is a line that was read and has no effect, or not the one it seems
// to have. It names the line and never repeats its value, which may be secret.
type Warning struct {
	File   string
	Line   int // 0 when no line is to blame
	Key    string
	Reason string
}

func (w Warning) String() string {
	return place(w.File, w.Line) + ": " + shown(w.Key) + ": " + w.Reason
}

// Problem is a reason not to start.
type Problem struct {
	File   string
	Line   int    // 0 when no line is to blame, as for a missing key
	Key    string // as the file spells it
	Found  string // the value; "" when it is missing or better not shown
	Reason string // what is wrong and what would be right
}

func (p Problem) String() string {
	key := shown(p.Key)
	if p.Found != "" {
		key += "=" + p.Found
	}
	return place(p.File, p.Line) + ": " + key + ": " + p.Reason
}

// Problems is the error of Parse and Load when they understood the file and
// refuse it: everything that is wrong, in one go.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

func place(file string, line int) string {
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

const maxShown = 60 // characters of a value in a message

// shown is a value fit for one line of a message.
func shown(value string) string {
	r := []rune(value)
	if len(r) > maxShown {
		value = string(r[:maxShown]) + "..."
	}
	quoted := fmt.Sprintf("%q", value)
	if quoted == `"`+value+`"` && value != "" && !strings.ContainsAny(value, " \"") {
		return value
	}
	return quoted
}
