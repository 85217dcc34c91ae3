package differential

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"troupe/wire"
)

// request is one that was sent and not answered yet.
type request struct {
	xid   int32
	op    wire.OpCode
	named bool // its xid was given in the script
	nudge bool // a ping that only wakes the server
}

// Side is everything that is open to one server, or to the servers of one
// ensemble. It is used by one goroutine.
type Side struct {
	Drowsy bool // the servers may have to be woken
	Nudged int  // how often they had to, or nearly

	servers Servers
	conns   map[string]*conn
	logins  map[string]login // by connection; also of closed ones
	masks
}

var errNotOpen = errors.New("connection is not open")

// NewSide talks to servers that nobody else may use meanwhile.
func NewSide(servers Servers) *Side {
	return &Side{servers: servers, conns: make(map[string]*conn), logins: make(map[string]login), masks: newMasks()}
}

// Close closes all connections.
func (s *Side) Close() {
	for name := range s.conns {
		s.drop(name)
	}
}

func (s *Side) drop(name string) {
	if c, ok := s.conns[name]; ok {
		c.tcp.Close()
		delete(s.conns, name)
	}
}

// Run does one step and returns what came back, one line per frame: on the
// step's connection, then on all others. An error means that the server did not
// answer in any way.
func (s *Side) Run(step *Step) ([]string, error) {
	lines, err := s.run(step)
	if err != nil {
		return nil, fmt.Errorf("connection %s: %w", step.Conn, err)
	}
	for i := range lines {
		lines[i] = step.Conn + " " + lines[i]
	}
	switch step.Verb {
	case "drop", "word", "keys", "values":
		return lines, nil
	}
	others, err := s.drain(step)
	lines = append(lines, others...)
	if step.closes() {
		sortEvents(lines)
	}
	return lines, err
}

func (s *Side) run(step *Step) ([]string, error) {
	switch step.Verb {
	case "connect":
		return s.connect(step, nil)
	case "open":
		c, err := s.open(step.Conn, home)
		if err == nil {
			c.mute = true
		}
		return nil, err
	case "word":
		return s.word(step.Args)
	case "keys":
		return s.keys(step.Args)
	case "values":
		return s.values(step.Args)
	}
	if step.connects() {
		return s.connect(&step.Burst[0], step.Burst[1:])
	}
	c, ok := s.conns[step.Conn]
	if !ok && step.Verb == "drop" {
		return nil, nil // the server was first
	}
	if !ok {
		return nil, errNotOpen
	}
	switch step.Verb {
	case "request":
		return s.send(step.Conn, []Step{*step})
	case "burst":
		return s.send(step.Conn, step.Burst)
	case "quiet":
		return s.quiet(step)
	case "cut":
		return s.cut(step)
	case "bytes":
		b, err := body(step.Args, s.last)
		if err == nil {
			err = c.write(b)
		}
		if err != nil {
			return nil, err
		}
		return s.untilClosed(step.Conn)
	case "eof":
		return s.untilClosed(step.Conn)
	case "drop":
		s.drop(step.Conn)
		return nil, nil
	case "await":
		return s.await(step)
	case "rebase":
		return nil, s.rebase(step.Conn)
	case "hold":
		c.mute = true
		return nil, nil
	case "release":
		c.mute = false
		return s.catchUp(step.Conn)
	}
	return nil, fmt.Errorf("cannot %s", step.Verb)
}

// send writes requests in one piece and collects their replies.
func (s *Side) send(name string, steps []Step) ([]string, error) {
	c := s.conns[name]
	out, err := s.enqueueAll(c, nil, steps)
	if err == nil {
		err = c.write(out)
	}
	if err != nil {
		return nil, err
	}
	return s.collect(name)
}

func (s *Side) enqueueAll(c *conn, out []byte, steps []Step) ([]byte, error) {
	for i := range steps {
		b, err := body(steps[i].Args, s.last)
		if err != nil {
			return nil, err
		}
		out = c.enqueue(out, &steps[i], b)
	}
	return out, nil
}

// enqueue appends the step's frame and remembers to expect a reply.
func (c *conn) enqueue(out []byte, step *Step, body []byte) []byte {
	op, _ := parseOp(step.Op) // was parsed with the script
	r := request{op: op}
	if step.Xid != nil {
		r.xid, r.named = *step.Xid, true
	} else {
		c.xid++
		r.xid = c.xid
	}
	out = appendFrame(out, r.xid, int32(op), body)
	if op == wire.OpPing {
		r.xid = int32(wire.XidPing) // whatever it was sent with
	}
	c.pending = append(c.pending, r)
	return out
}

// collect reads until every request has its reply, or the server closes.
func (s *Side) collect(name string) ([]string, error) {
	c := s.conns[name]
	var lines []string
	for len(c.pending) > 0 {
		raw, err := s.awake(c)
		if err == errClosed {
			s.drop(name)
			return append(lines, "closed"), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w; so far came %q", err, lines)
		}
		line, ends := s.reply(c, raw)
		if line == "" {
			continue
		}
		lines = append(lines, line)
		if ends {
			rest, err := s.untilClosed(name)
			return append(lines, rest...), err
		}
	}
	return lines, nil
}

// reply shows a frame, that to a nudge as nothing, and tells whether the server
// closes the connection after such a one.
func (s *Side) reply(c *conn, raw []byte) (line string, ends bool) {
	d := wire.NewDecoder(raw)
	h := d.ReplyHeader()
	if d.Err() != nil {
		return "frame " + hex.EncodeToString(raw), false
	}
	i := slices.IndexFunc(c.pending, func(r request) bool { return r.xid == int32(h.Xid) })
	if h.Xid == wire.XidWatchEvent && i < 0 {
		line = "event" + s.body(wire.OpNotification, d.Rest())
		if h.Zxid != ^wire.Zxid(0) || h.Err != wire.OK {
			line += " header " + s.header(h)
		}
		return line, false
	}
	if i < 0 {
		return fmt.Sprintf("reply to #%d, which was not sent: %s", h.Xid, hex.EncodeToString(raw)), false
	}
	r := c.pending[i]
	c.pending = slices.Delete(c.pending, i, i+1)
	if r.nudge {
		s.header(h)
		return "", false
	}
	line = r.op.String() + " "
	if r.named {
		line += fmt.Sprintf("#%d ", h.Xid)
	}
	if i > 0 {
		line += fmt.Sprintf("(%d ahead of its turn) ", i)
	}
	return line + s.header(h) + s.body(r.op, d.Rest()), endsConnection(r.op, h)
}

func endsConnection(op wire.OpCode, h wire.ReplyHeader) bool {
	switch {
	case op == wire.OpCloseSession:
		return true
	case op == wire.OpAuth:
		return h.Err != wire.OK
	}
	return h.Err == wire.Unimplemented && h.Zxid == ^wire.Zxid(0)
}

// untilClosed reads everything up to the server's close.
func (s *Side) untilClosed(name string) ([]string, error) {
	c := s.conns[name]
	var lines []string
	for {
		raw, err := c.frame()
		if err == errClosed {
			s.drop(name)
			return append(lines, "closed"), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w; so far came %q", err, lines)
		}
		line, _ := s.reply(c, raw)
		lines = append(lines, line)
	}
}

// drain pings every connection but the step's, and shows what came before the
// reply. A new connection is asked first how far its server is.
func (s *Side) drain(step *Step) ([]string, error) {
	before := s.upToDate()
	if step.connects() && s.conns[step.Conn] != nil {
		if _, err := s.send(step.Conn, []Step{ping}); err != nil {
			return nil, err
		}
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(s.conns)) {
		if name == step.Conn || s.conns[name].mute {
			continue
		}
		came, err := s.catchUp(name)
		if err != nil {
			return nil, fmt.Errorf("connection %s: %w", name, err)
		}
		if n := len(came); came[n-1] == before {
			came = came[:n-1]
		}
		before = s.upToDate()
		for _, line := range came {
			lines = append(lines, name+" "+line)
		}
	}
	return lines, s.settle()
}

// connects tells whether the step makes a connection with a session.
func (step *Step) connects() bool {
	return step.Verb == "connect" || step.Verb == "burst" && step.Burst[0].Verb == "connect"
}

// closes tells whether the step may delete ephemerals, which the original does
// in hash order.
func (step *Step) closes() bool {
	return step.Verb == "await" || step.Verb == "eof" || step.Verb == "release" || step.Op == wire.OpCloseSession.String() ||
		slices.ContainsFunc(step.Burst, func(s Step) bool { return s.closes() })
}

// sortEvents sorts runs of events.
func sortEvents(lines []string) {
	start := 0
	for i, line := range lines {
		if _, what, _ := strings.Cut(line, " "); !strings.HasPrefix(what, "event ") {
			start = i + 1
			continue
		}
		slices.Sort(lines[start : i+1])
	}
}
