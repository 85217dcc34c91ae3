package cli

import (
	"slices"
	"strings"
)

// flagSet says which one-letter flags a command has: "sv:" is -s, and -v with a
// value. A set may ask for exactly one of them, or for at most one.
type flagSet struct {
	letters   string
	exclusive bool
	required  string // what to say if none is there
}

func (f flagSet) has(c byte) bool { return c != ':' && strings.IndexByte(f.letters, c) >= 0 }

func (f flagSet) valued(c byte) bool {
	i := strings.IndexByte(f.letters, c)
	return i >= 0 && i+1 < len(f.letters) && f.letters[i+1] == ':'
}

// parsed is a command's arguments: flags, wherever they stood, and the rest.
type parsed struct {
	flags map[byte]string
	args  []string
	last  []byte // the flags in the order they came
}

func (p *parsed) flag(c byte) bool { _, ok := p.flags[c]; return ok }

// parse understands flags as zkCli does: anywhere among the arguments, several
// in one word, a value attached or in the next word, "--" to end them.
func (f flagSet) parse(words []string) (*parsed, error) {
	p := &parsed{flags: map[byte]string{}}
	for i := 0; i < len(words); i++ {
		w := words[i]
		switch {
		case w == "--":
			p.args = append(p.args, words[i+1:]...)
			i = len(words)
		case len(w) < 2 || w[0] != '-':
			p.args = append(p.args, w)
		default:
			open, err := f.cluster(p, w)
			if err != nil {
				return nil, err
			}
			if open == 0 {
				continue
			}
			if i++; i == len(words) || f.isFlag(words[i]) {
				return nil, failed("Missing argument for option: %c", open)
			}
			p.flags[open] = words[i]
		}
	}
	if f.required != "" && len(p.flags) == 0 {
		return nil, failed("Missing required option: %s", f.required)
	}
	return p, nil
}

// isFlag tells whether a word cannot be a flag's value, since it is a flag.
func (f flagSet) isFlag(w string) bool { return len(w) > 1 && w[0] == '-' && f.has(w[1]) }

// cluster takes the flags of one word. The result is a flag whose value is yet
// to come, or 0.
func (f flagSet) cluster(p *parsed, w string) (open byte, err error) {
	for i := 1; i < len(w); i++ {
		c := w[i]
		if !f.has(c) {
			return 0, failed("Unrecognized option: %s", w)
		}
		if f.exclusive && len(p.last) > 0 && !slices.Contains(p.last, c) {
			return 0, failed("The option '%c' was specified but an option from this group has already been selected: '%c'", c, p.last[0])
		}
		p.last = append(p.last, c)
		p.flags[c] = ""
		if !f.valued(c) {
			continue
		}
		if i+1 == len(w) {
			return c, nil
		}
		p.flags[c] = strings.TrimPrefix(w[i+1:], "=")
		return 0, nil
	}
	return 0, nil
}
