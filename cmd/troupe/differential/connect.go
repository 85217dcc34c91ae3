package differential

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"troupe/wire"
)

const defaultTimeout = 30000 // milliseconds

// login is what a connection needs to resume its session elsewhere.
type login struct {
	session  wire.SessionID
	password []byte
}

// connectFrame builds a connection's first frame from key=value arguments:
//
//	timeout=30000     milliseconds
//	session=a         that connection's last session; a number is taken as it is
//	password=a        that connection's password; else a string token
//	zxid=zxid-1       lastZxidSeen, 0 if not given
//	version=0         protocolVersion
//	readOnly=no       yes, no, none (the byte is absent) or a token
//	trail=x'00'       bytes after all that
//	on=other          not sent: the server to connect to, see Servers
func (s *Side) connectFrame(args []Token) ([]byte, error) {
	field := map[string]string{"timeout": strconv.Itoa(defaultTimeout), "session": "0", "zxid": "0L",
		"version": "0", "readOnly": "no", "trail": "x''", "password": `"` + strings.Repeat(`\x00`, 16) + `"`}
	for _, arg := range args {
		key, value, ok := strings.Cut(string(arg), "=")
		if _, known := field[key]; !ok || !known {
			return nil, fmt.Errorf("connect does not take %q", arg)
		}
		field[key] = value
	}
	if field["readOnly"] == "none" {
		field["readOnly"] = "x''"
	}
	if l, ok := s.logins[field["session"]]; ok {
		field["session"] = strconv.FormatInt(int64(l.session), 10)
	} else if _, err := strconv.ParseInt(field["session"], 10, 64); err != nil {
		return nil, fmt.Errorf("session %s: %w", field["session"], errNotOpen)
	}
	if l, ok := s.logins[field["password"]]; ok {
		field["password"] = strconv.Quote(string(l.password))
	}
	var tokens []Token
	for _, key := range []string{"version", "zxid", "timeout", "session", "password", "readOnly", "trail"} {
		if key == "session" {
			field[key] += "L"
		}
		tokens = append(tokens, Token(field[key]))
	}
	b, err := body(tokens, s.last)
	return append(appendInt(nil, int32(len(b))), b...), err
}

// open makes a TCP connection in place of the one of that name.
func (s *Side) open(name, where string) (*conn, error) {
	c, err := s.dial(where)
	if err != nil {
		return nil, err
	}
	s.drop(name)
	s.conns[name] = c
	return c, nil
}

// connect opens a connection, with requests right behind its first frame, and
// shows the answers.
func (s *Side) connect(step *Step, behind []Step) ([]string, error) {
	where, args := destination(step.Args)
	out, err := s.connectFrame(args)
	if err != nil {
		return nil, err
	}
	c, err := s.open(step.Conn, where)
	if err != nil {
		return nil, err
	}
	if out, err = s.enqueueAll(c, out, behind); err != nil {
		return nil, err
	}
	if err := c.write(out); err != nil {
		return nil, err
	}
	lines, err := s.connectResponse(step.Conn)
	if err != nil || s.conns[step.Conn] == nil {
		return lines, err
	}
	replies, err := s.collect(step.Conn)
	if err == nil {
		err = s.setBase(step.Conn)
	}
	return append(lines, replies...), err
}

func (s *Side) connectResponse(name string) ([]string, error) {
	raw, err := s.conns[name].frame()
	if err == errClosed {
		s.drop(name)
		return []string{"closed"}, nil
	}
	if err != nil {
		return nil, err
	}
	r, err := wire.DecodeConnectResponse(raw)
	if err != nil {
		return nil, err
	}
	line := s.connected(r, raw)
	if r.Session == 0 {
		rest, err := s.untilClosed(name)
		return append([]string{line}, rest...), err
	}
	s.logins[name] = login{r.Session, bytes.Clone(r.Password)}
	return []string{line}, nil
}

func (s *Side) connected(r *wire.ConnectResponse, raw []byte) string {
	password := fmt.Sprintf("%d bytes", len(r.Password))
	if bytes.Count(r.Password, []byte{0}) == len(r.Password) {
		password += " of zero"
	}
	readOnly := "none"
	if r.HasReadOnly {
		readOnly = strconv.FormatBool(r.ReadOnly)
	}
	line := fmt.Sprintf("connected version=%d timeout=%d session=%s password=%s readOnly=%s",
		r.Protocol, r.Timeout, s.session(r.Session), password, readOnly)
	var e wire.Encoder
	if e.ConnectResponseFrame(r); !bytes.Equal(e.Bytes()[4:], raw) {
		line += fmt.Sprintf(" in %d bytes", len(raw))
	}
	return line
}

// setBase makes the first session's zxid 1, as it is on a fresh Apache.
func (s *Side) setBase(name string) error {
	if s.based || s.conns[name] == nil {
		return nil
	}
	return s.rebase(name)
}
