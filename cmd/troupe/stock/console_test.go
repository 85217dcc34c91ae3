package stock_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"troupe/bench/process"
)

// dialect tells a client's output lines apart.
type dialect struct {
	// event makes "Type path" of a line that shows a watch event.
	event func(line string) (event string, ok bool)
	// noise says whether to ignore a line. Blank lines always are.
	noise func(line string) bool
}

// console is an interactive client. Its watch events come in an order of their own, since clients
// print them from another thread: expect and expectEvent each see only theirs.
type console struct {
	t      *testing.T
	child  *process.Child
	in     *os.File
	lines  chan string
	events chan string
	bound  map[string]string // what placeholders stand for
	said   []string          // all that was sent and printed, for failures
	at     string            // where in a test this is, for failures
	form   form              // of the servers, for scripts
}

// consoleBacklog is more than any script makes a client print between two expectations.
const consoleBacklog = 4096

// open starts an interactive client.
func open(t *testing.T, cmd *exec.Cmd, d dialect) *console {
	t.Helper()
	input, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer input.Close() // the child has its own
	output, out := io.Pipe()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = input, out, out
	c := &console{
		t: t, in: in, bound: make(map[string]string),
		lines: make(chan string, consoleBacklog), events: make(chan string, consoleBacklog),
	}
	go c.sort(output, d)
	if c.child, err = process.Spawn(cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.child.Kill(); err != nil {
			t.Error(err)
		}
		out.Close() // ends sort
		in.Close()
	})
	return c
}

// sort passes on each line of output to those that wait for its sort.
func (c *console) sort(output io.Reader, d dialect) {
	for s := bufio.NewScanner(output); s.Scan(); {
		line := strings.TrimRight(s.Text(), " \t\r")
		if line == "" || d.noise(line) {
			continue
		}
		if event, ok := d.event(line); ok {
			c.events <- event
		} else {
			c.lines <- line
		}
	}
}

// say sends a command.
func (c *console) say(format string, args ...any) {
	c.t.Helper()
	command := c.fill(fmt.Sprintf(format, args...))
	c.said = append(c.said, "> "+command)
	if _, err := fmt.Fprintln(c.in, command); err != nil {
		c.t.Fatal(err)
	}
}

// expect waits for the next line of output, which must match the pattern.
func (c *console) expect(pattern string) {
	c.t.Helper()
	c.await(c.lines, "", pattern)
}

// expectEvent waits for the next watch event, "Type path", which must match the pattern.
func (c *console) expectEvent(pattern string) {
	c.t.Helper()
	c.await(c.events, "! ", pattern)
}

func (c *console) await(from <-chan string, mark, pattern string) {
	c.t.Helper()
	if err := c.match(pattern, c.next(from, mark, pattern)); err != nil {
		c.t.Fatalf("%s%v\nuntil then:\n%s", c.at, err, c.transcript())
	}
}

// expectLines and expectEvents wait for just these, in whatever order.
func (c *console) expectLines(want ...string)  { c.t.Helper(); c.awaitAll(c.lines, "", want) }
func (c *console) expectEvents(want ...string) { c.t.Helper(); c.awaitAll(c.events, "! ", want) }

// expectWatchEvents is expectEvents, whatever happens to the connection meanwhile.
func (c *console) expectWatchEvents(want ...string) {
	c.t.Helper()
	var got []string
	for len(got) < len(want) {
		if event := c.next(c.events, "! ", strings.Join(want, ", ")); strings.Contains(event, " ") {
			got = append(got, event)
		}
	}
	c.compare(got, want)
}

func (c *console) awaitAll(from <-chan string, mark string, want []string) {
	c.t.Helper()
	var got []string
	for _, one := range want {
		got = append(got, c.next(from, mark, one))
	}
	c.compare(got, want)
}

func (c *console) compare(got, want []string) {
	c.t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		c.t.Fatalf("%sgot %q, want %q\nuntil then:\n%s", c.at, got, want, c.transcript())
	}
}

// next waits for a line or an event.
func (c *console) next(from <-chan string, mark, want string) string {
	c.t.Helper()
	select {
	case line := <-from:
		c.said = append(c.said, mark+line)
		return line
	case <-time.After(patience):
		c.t.Fatalf("%sno answer, want %q\nuntil then:\n%s", c.at, mark+want, c.transcript())
		return ""
	}
}

// expectNothing fails if the client printed anything that nobody asked for.
func (c *console) expectNothing() {
	c.t.Helper()
	select {
	case line := <-c.lines:
		c.t.Fatalf("surplus output %q\nafter:\n%s", line, c.transcript())
	case event := <-c.events:
		c.t.Fatalf("surplus event %q\nafter:\n%s", event, c.transcript())
	default:
	}
}

// transcript is the last part of the conversation.
func (c *console) transcript() string {
	return strings.Join(c.said[max(0, len(c.said)-15):], "\n")
}

// end closes the client's input and waits for its end.
func (c *console) end() {
	c.t.Helper()
	if err := c.in.Close(); err != nil {
		c.t.Fatal(err)
	}
	select {
	case <-c.child.Exited():
	case <-time.After(patience):
		c.t.Fatalf("the client does not end\nuntil then:\n%s", c.transcript())
	}
}

var placeholder = regexp.MustCompile(`<[a-z]+[0-9]*>`)

// match compares a line with a pattern, literally but for placeholders: <any> is any text; <z1>,
// <z2>, ... are zxids, each the same number wherever it stands and greater than those of lower
// index; other names stand for the same text wherever they stand.
func (c *console) match(pattern, line string) error {
	var names []string
	expr, rest := "^", pattern
	for _, at := range placeholder.FindAllStringIndex(pattern, -1) {
		from := len(pattern) - len(rest)
		expr += regexp.QuoteMeta(pattern[from:at[0]]) + "(.*?)"
		names = append(names, pattern[at[0]+1:at[1]-1])
		rest = pattern[at[1]:]
	}
	groups := regexp.MustCompile(expr + regexp.QuoteMeta(rest) + "$").FindStringSubmatch(line)
	if groups == nil {
		return fmt.Errorf("got %q, want %q", line, pattern)
	}
	for i, name := range names {
		if err := c.bind(name, groups[i+1]); err != nil {
			return fmt.Errorf("got %q, want %q: %w", line, pattern, err)
		}
	}
	return nil
}

func (c *console) bind(name, text string) error {
	if name == "any" {
		return nil
	}
	if old, ok := c.bound[name]; ok {
		if text != old {
			return fmt.Errorf("<%s> was %s", name, old)
		}
		return nil
	}
	if name[0] == 'z' && len(name) > 1 {
		if err := c.ordered(name, text); err != nil {
			return err
		}
	}
	c.bound[name] = text
	return nil
}

// ordered says whether a new zxid is where its name puts it among the known ones.
func (c *console) ordered(name, text string) error {
	zxid, err := strconv.ParseUint(text, 16, 64)
	if err != nil {
		return err
	}
	index, err := strconv.Atoi(name[1:])
	if err != nil {
		return nil // not a zxid but a word that begins with z
	}
	for other, known := range c.bound {
		i, err := strconv.Atoi(other[1:])
		if other[0] != 'z' || err != nil {
			continue
		}
		value, err := strconv.ParseUint(known, 16, 64)
		if err != nil {
			return err
		}
		if (i < index) != (value < zxid) {
			return fmt.Errorf("<%s> is %x, but <%s> %x", name, zxid, other, value)
		}
	}
	return nil
}

// fill replaces the placeholders of a command by what they stand for.
func (c *console) fill(command string) string {
	return placeholder.ReplaceAllStringFunc(command, func(p string) string {
		if text, ok := c.bound[p[1:len(p)-1]]; ok {
			return text
		}
		return p
	})
}

// follow plays a script: "> command" is sent, "! Type path" is the next watch event, any other
// line is the next line of output, and lines that begin with "~ " come in whatever order. What
// begins with "standalone: " or "ensemble: " is for such servers only. "#" begins a comment.
func (c *console) follow(script string) {
	c.t.Helper()
	text, err := os.ReadFile(script)
	if err != nil {
		c.t.Fatal(err)
	}
	var unordered []string
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		if only, rest, ok := strings.Cut(line, ": "); ok && (only == string(standalone) || only == string(ensemble)) {
			if line = rest; only != string(c.form) {
				continue
			}
		}
		c.at = fmt.Sprintf("%s:%d: ", filepath.Base(script), i+1)
		switch {
		case line == "" || line[0] == '#':
		case strings.HasPrefix(line, "> "):
			c.say("%s", line[2:])
		case strings.HasPrefix(line, "! "):
			c.expectEvent(line[2:])
		case strings.HasPrefix(line, "~ "):
			unordered = append(unordered, line[2:])
			if !strings.HasPrefix(lines[i+1], "~ ") {
				c.expectLines(unordered...)
				unordered = nil
			}
		default:
			c.expect(line)
		}
	}
	c.expectNothing()
}
