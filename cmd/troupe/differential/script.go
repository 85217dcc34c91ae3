package differential

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Marks of recorded lines: what was answered, and what an ensemble answers
// through a follower, where that is something else.
const (
	answer = "< "
	unlike = "<< "
)

// Script is one conversation on a fresh server.
type Script struct {
	Name   string
	Config []string // lines of zoo.cfg
	JVM    []string // arguments for Apache's JVM, for what it does not take from zoo.cfg
	Only   string   // the one kind of Servers it is for, "" if for both
	Lines  []Line
}

// Line is one step with its recorded answers, or, without a step, a line of the
// file that is only kept.
type Line struct {
	Number int // in the file, from 1
	Text   string
	Step   *Step
	Want   []string // from a server of its own, or from whatever the script is for
	Many   []string // from an ensemble, nil if the same
}

// answers are the recorded ones.
func (l *Line) answers(many bool) []string {
	if many && l.Many != nil {
		return l.Many
	}
	return l.Want
}

// Step is one thing that is done.
//
//	a connect timeout=30000 ...     see connectFrame
//	a create /x "" open 0           a request: an operation's name or op:N, and its body
//	a #77 exists /x no              the same with this xid
//	a {                             requests in one TCP segment, one per line, up to "}"; the first
//	                                may be a connect
//	a open                          a TCP connection on which nothing is said
//	a quiet check / -1              a request that the original does not answer
//	a cut delete /x -1              the request with its body cut off after every byte but the last
//	a bytes 12 x'00'                bytes without a frame; then everything up to the close
//	a eof                           everything up to the close
//	a drop                          the client closes its end; the session lives on
//	a await /x                      waits until /x is gone
//	a rebase                        counts zxids afresh, after a step where they may differ
//	a hold                          a is not drained after the steps of others, up to
//	a release                       when it is, for events that come at a time of their own
//	- word wchp                     a four-letter word, on a connection of its own
//	- keys srvr                     the names of what it tells
//	- values srvr Mode Zxid         what it tells of these
type Step struct {
	Conn  string
	Verb  string // one of the words above, "request" or "burst"
	Op    string // of a request
	Xid   *int32 // of a request, if it is given
	Args  []Token
	Burst []Step
}

var verbs = map[string]bool{"connect": true, "open": true, "bytes": true, "eof": true, "drop": true,
	"await": true, "rebase": true, "hold": true, "release": true,
	"word": true, "keys": true, "values": true}

// LoadScript reads a script.
func LoadScript(path string) (*Script, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s, err := ParseScript(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s.Name = strings.TrimSuffix(filepath.Base(path), ".txt")
	return s, nil
}

// ParseScript reads a script's text.
func ParseScript(text string) (*Script, error) {
	s := &Script{}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		line := Line{Number: i + 1, Text: lines[i]}
		if want, ok := strings.CutPrefix(line.Text, answer); ok && len(s.Lines) > 0 {
			last := &s.Lines[len(s.Lines)-1]
			last.Want = append(last.Want, want)
			continue
		}
		if want, ok := strings.CutPrefix(line.Text, unlike); ok && len(s.Lines) > 0 {
			last := &s.Lines[len(s.Lines)-1]
			last.Many = append(last.Many, want)
			continue
		}
		if strings.HasSuffix(line.Text, " {") {
			for i++; i < len(lines) && lines[i] != "}"; i++ {
				line.Text += "\n" + lines[i]
			}
			line.Text += "\n}"
		}
		if err := s.add(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", line.Number, err)
		}
	}
	return s, nil
}

// add takes one line: a comment, a setting or a step.
func (s *Script) add(line Line) error {
	switch setting, rest, _ := strings.Cut(line.Text, " "); {
	case line.Text == "" || setting[0] == '#':
	case setting == "config":
		s.Config = append(s.Config, rest)
	case setting == "jvm":
		s.JVM = append(s.JVM, rest)
	case setting == "only":
		s.Only = rest
	default:
		step, err := ParseStep(line.Text)
		if err != nil {
			return err
		}
		line.Step = step
	}
	s.Lines = append(s.Lines, line)
	return nil
}

// ParseStep reads one step.
func ParseStep(text string) (*Step, error) {
	name, rest, _ := strings.Cut(text, " ")
	if inner, ok := strings.CutPrefix(rest, "{\n"); ok {
		step := &Step{Conn: name, Verb: "burst"}
		for line := range strings.SplitSeq(strings.TrimSuffix(inner, "\n}"), "\n") {
			one, err := ParseStep(name + " " + strings.TrimSpace(line))
			if err != nil {
				return nil, err
			}
			step.Burst = append(step.Burst, *one)
		}
		return step, nil
	}
	tokens, err := tokenize(rest)
	if err != nil {
		return nil, err
	}
	if len(tokens) == 0 {
		return nil, fmt.Errorf("step without a verb: %q", text)
	}
	return newStep(name, tokens)
}

func newStep(name string, tokens []Token) (*Step, error) {
	step := &Step{Conn: name, Verb: "request"}
	switch first := string(tokens[0]); {
	case verbs[first]:
		step.Verb, step.Args = first, tokens[1:]
		return step, nil
	case first == "quiet" || first == "cut":
		step.Verb, tokens = first, tokens[1:]
	case first[0] == '#':
		xid, err := strconv.ParseInt(first[1:], 10, 32)
		if err != nil {
			return nil, err
		}
		x := int32(xid)
		step.Xid, tokens = &x, tokens[1:]
	}
	if len(tokens) == 0 {
		return nil, fmt.Errorf("step on %s without an operation", name)
	}
	if _, err := parseOp(string(tokens[0])); err != nil {
		return nil, err
	}
	step.Op, step.Args = string(tokens[0]), tokens[1:]
	_, err := body(step.Args, 0)
	return step, err
}

// Text is the script with its recorded answers.
func (s *Script) Text() string {
	var b strings.Builder
	for _, line := range s.Lines {
		b.WriteString(line.Text + "\n")
		for _, want := range line.Want {
			b.WriteString(answer + want + "\n")
		}
		for _, want := range line.Many {
			b.WriteString(unlike + want + "\n")
		}
	}
	return b.String()
}

// Text is the step as it is written in a script.
func (step *Step) Text() string {
	if step.Verb != "burst" {
		return step.Conn + " " + step.action()
	}
	var b strings.Builder
	b.WriteString(step.Conn + " {\n")
	for i := range step.Burst {
		b.WriteString("  " + step.Burst[i].action() + "\n")
	}
	return b.String() + "}"
}

// action is the step without its connection.
func (step *Step) action() string {
	var words []string
	if step.Verb != "request" {
		words = append(words, step.Verb)
	}
	if step.Xid != nil {
		words = append(words, fmt.Sprintf("#%d", *step.Xid))
	}
	if step.Op != "" {
		words = append(words, step.Op)
	}
	for _, arg := range step.Args {
		words = append(words, string(arg))
	}
	return strings.Join(words, " ")
}
