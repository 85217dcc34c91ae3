package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"troupe/bench/client"
	"troupe/wire"
)

// connectWait bounds how long a command waits for a server to be there.
const connectWait = 5 * time.Second

// settings are what the command line says.
type settings struct {
	server   string
	timeout  time.Duration
	readOnly bool
	json     bool
	version  string
}

// shell carries out commands. It is used by one goroutine; only events come from
// others.
type shell struct {
	settings
	out         *printer
	interactive bool
	session     *client.Session // nil after close
	chroot      string
	printEvents atomic.Bool
	onState     func() // called after each change of the session's state
	lines       []string
	quit        bool
}

func newShell(s settings, out *printer, interactive bool) *shell {
	sh := &shell{settings: s, out: out, interactive: interactive, onState: func() {}}
	sh.printEvents.Store(true)
	return sh
}

// connect ends the session there is and begins one with server.
func (s *shell) connect(ctx context.Context, server string) error {
	servers, chroot, err := client.ParseServers(server)
	if err != nil {
		return err
	}
	if err := s.disconnect(ctx); err != nil {
		s.out.complain("ending the session: " + err.Error())
	}
	s.server, s.chroot = server, chroot
	s.session, err = client.Open(client.Options{Servers: servers, Chroot: chroot, SessionTimeout: s.timeout,
		ReadOnly: s.readOnly, OnEvent: s.event}, s.changed)
	return err
}

// disconnect ends the session, if there is one.
func (s *shell) disconnect(ctx context.Context) error {
	session := s.session
	if session == nil {
		return nil
	}
	s.session = nil
	ctx, cancel := context.WithTimeout(ctx, connectWait)
	defer cancel()
	return session.Close(ctx)
}

// prompt is what an interactive shell shows before a line.
func (s *shell) prompt() string {
	state := client.Closed
	if s.session != nil {
		state = s.session.State()
	}
	return fmt.Sprintf("[zk: %s(%v) %d] ", s.server, state, len(s.lines))
}

// executeLine carries out a line that was typed or read.
func (s *shell) executeLine(ctx context.Context, line string) error {
	words := splitWords(line)
	if len(words) == 0 {
		return nil
	}
	s.lines = append(s.lines, line)
	return s.execute(ctx, words)
}

// execute carries out a command and prints its result. The error, whose text
// has been printed, says that it failed.
func (s *shell) execute(ctx context.Context, words []string) error {
	a := newAnswer(s.out, s.json)
	name := words[0]
	if name == "redo" && len(words) > 1 {
		var err error
		if words, err = s.redo(words[1]); err != nil {
			return s.finish(a, name, err)
		}
		name = words[0]
	}
	return s.finish(a, name, s.perform(ctx, a, words))
}

func (s *shell) finish(a *answer, name string, err error) error {
	if errors.Is(err, errNoServer) || err == nil {
		return errors.Join(err, a.end(name, err))
	}
	if err := a.end(name, err); err != nil {
		return err
	}
	return ErrFailed
}

// perform looks the command up and calls it.
func (s *shell) perform(ctx context.Context, a *answer, words []string) error {
	cmd, ok := commands[words[0]]
	if !ok {
		return failed("Command not found: %s", words[0])
	}
	p, err := cmd.flags.parse(words[1:])
	if err != nil {
		return err
	}
	c := &call{ctx: ctx, shell: s, answer: a, parsed: p, usage: failed("%s %s", words[0], cmd.usage)}
	if len(p.args) < cmd.min || cmd.max >= 0 && len(p.args) > cmd.max {
		return c.usage
	}
	if !cmd.offline {
		if err := s.await(ctx); err != nil {
			return err
		}
		c.Session = s.session
	}
	return cmd.run(c)
}

// await waits for a connection.
func (s *shell) await(ctx context.Context) error {
	if s.session == nil || s.session.State() == client.Expired {
		return failed("Not connected")
	}
	ctx, cancel := context.WithTimeout(ctx, min(connectWait, s.timeout))
	defer cancel()
	_, err := s.session.Wait(ctx)
	if err != nil && !s.interactive {
		if last := s.session.Failure(); last != nil {
			err = last
		}
		return fmt.Errorf("%w: %s", errNoServer, oneLine(err))
	}
	return explain(err, "")
}

// redo is the words of an earlier line, which takes the place of this one.
func (s *shell) redo(number string) ([]string, error) {
	n, err := strconv.Atoi(number)
	if err != nil {
		return nil, failed("%s is not the number of a command", number)
	}
	if n < 0 || n >= len(s.lines)-1 {
		return nil, failed("Command index out of range")
	}
	words := splitWords(s.lines[n])
	if words[0] == "redo" {
		return nil, failed("No redoing redos")
	}
	s.lines[len(s.lines)-1] = s.lines[n]
	return words, nil
}

// eventNames are the event types as zkCli prints them; the last ones are a
// client's own.
var eventNames = map[wire.EventType]string{
	wire.EventNone: "None", wire.EventNodeCreated: "NodeCreated", wire.EventNodeDeleted: "NodeDeleted",
	wire.EventNodeDataChanged: "NodeDataChanged", wire.EventNodeChildrenChanged: "NodeChildrenChanged",
}

// event prints a watch event.
func (s *shell) event(e wire.WatchEvent) {
	name, ok := eventNames[e.Type]
	if !ok {
		name = strconv.Itoa(int(e.Type))
	}
	s.notice("SyncConnected", name, e.Path)
}

// changed tells of a change of the session's state, to people only.
func (s *shell) changed(state client.State) {
	s.onState()
	if s.interactive {
		names := map[client.State]string{client.Connected: "SyncConnected", client.ConnectedReadOnly: "ConnectedReadOnly",
			client.Connecting: "Disconnected", client.Expired: "Expired", client.Closed: "Closed"}
		s.notice(names[state], "None", "null")
	}
}

// notice prints an event in one piece.
func (s *shell) notice(state, kind, path string) {
	if !s.printEvents.Load() {
		return
	}
	if s.json {
		// A failure to print is seen by the next command's flush.
		_ = s.out.object(map[string]any{"event": kind, "state": state, "path": path})
		return
	}
	s.out.text(fmt.Sprintf("\nWATCHER::\n\nWatchedEvent state:%s type:%s path:%s\n", state, kind, path))
	_ = s.out.flush()
}
