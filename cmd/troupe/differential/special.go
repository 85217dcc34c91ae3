package differential

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"troupe/wire"
)

// quiet sends a request that may get no reply: a ping behind it shows.
func (s *Side) quiet(step *Step) ([]string, error) {
	c := s.conns[step.Conn]
	b, err := body(step.Args, s.last)
	if err != nil {
		return nil, err
	}
	out := c.enqueue(nil, step, b)
	asked := c.pending[0]
	out = c.enqueue(out, &ping, nil)
	if err := c.write(out); err != nil {
		return nil, err
	}
	var lines []string
	for len(c.pending) > 0 && c.pending[len(c.pending)-1].op == wire.OpPing {
		raw, err := c.frame()
		if err == errClosed {
			s.drop(step.Conn)
			return append(lines, "closed"), nil
		}
		if err != nil {
			return nil, err
		}
		line, _ := s.reply(c, raw)
		lines = append(lines, line)
	}
	if len(c.pending) > 0 {
		lines[len(lines)-1] = fmt.Sprintf("no reply to %v %s", asked.op, s.zxid(s.lastZxid()))
	} else {
		lines = lines[:len(lines)-1]
	}
	c.pending = nil
	return lines, nil
}

// cut sends the request with every proper prefix of its body, and merges equal
// replies of successive lengths. Zxids are shown by their growth.
func (s *Side) cut(step *Step) ([]string, error) {
	whole, err := body(step.Args, s.last)
	if err != nil {
		return nil, err
	}
	var lines []string
	first := 0
	same := ""
	for n := range len(whole) {
		one := *step
		one.Args = []Token{Token("x'" + hex.EncodeToString(whole[:n]) + "'")}
		before := s.last
		came, err := s.send(step.Conn, []Step{one})
		if err != nil {
			return nil, fmt.Errorf("cut to %d bytes: %w", n, err)
		}
		for i := range came {
			came[i] = strings.ReplaceAll(came[i], s.zxid(wire.Zxid(s.last)), fmt.Sprintf("+%d", s.last-before))
		}
		if all := strings.Join(came, " | "); n == 0 || all != same {
			first, same = n, all
			lines = append(lines, "")
		}
		lines[len(lines)-1] = fmt.Sprintf("cut to %d..%d: %s", first, n, same)
	}
	return lines, nil
}

const (
	awaitTimeout = 60 * time.Second
	awaitEvery   = 20 * time.Millisecond
)

// await polls until a znode is gone. Of what it reads only events are shown,
// since how often it must ask is chance.
func (s *Side) await(step *Step) ([]string, error) {
	exists := Step{Op: wire.OpExists.String(), Args: append(slices.Clone(step.Args), "no")}
	gone := fmt.Sprintf("exists %s ", code(wire.NoNode))
	var events []string
	for deadline := time.Now().Add(awaitTimeout); ; time.Sleep(awaitEvery) {
		lines, err := s.send(step.Conn, []Step{exists})
		if err != nil {
			return nil, err
		}
		reply := lines[len(lines)-1]
		events = append(events, lines[:len(lines)-1]...)
		if strings.HasPrefix(reply, gone) {
			return events, nil
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("%v is still there after %v", step.Args, awaitTimeout)
		}
	}
}

// rebase counts zxids from the last one on.
func (s *Side) rebase(name string) error {
	if _, err := s.send(name, []Step{ping}); err != nil {
		return err
	}
	s.base, s.based = s.last-1, true
	return nil
}
