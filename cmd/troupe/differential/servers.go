package differential

import (
	"fmt"
	"strings"
	"time"

	"troupe/wire"
)

// Servers are the addresses that a script can name. A server of its own has
// only a home; in an ensemble home is a follower, other is the other follower,
// and there is the leader.
type Servers map[string]string

const (
	home   = "home"
	other  = "other"
	leader = "leader"
)

// destination takes the argument on=NAME out of a step's arguments.
func destination(args []Token) (where string, rest []Token) {
	where = home
	for _, arg := range args {
		if name, ok := strings.CutPrefix(string(arg), "on="); ok {
			where = name
		} else {
			rest = append(rest, arg)
		}
	}
	return where, rest
}

func (s *Side) dial(where string) (*conn, error) {
	addr, ok := s.servers[where]
	if !ok {
		return nil, fmt.Errorf("there is no server %q", where)
	}
	return dial(addr)
}

var ping = Step{Op: wire.OpPing.String()}

// catchUp pings until a connection's server is as far as any other, and shows
// what came meanwhile and the last reply.
func (s *Side) catchUp(name string) ([]string, error) {
	var lines []string
	for deadline := time.Now().Add(replyTimeout); ; time.Sleep(catchUpEvery) {
		came, err := s.send(name, []Step{ping})
		if err != nil {
			return nil, err
		}
		n := len(came) - 1
		lines = append(lines, came[:n]...)
		if s.conns[name] == nil || came[n] == s.upToDate() {
			return append(lines, came[n]), nil
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("behind for %v: %s, want %s", replyTimeout, came[n], s.upToDate())
		}
	}
}

// upToDate is a ping's reply from a server that is as far as any other.
func (s *Side) upToDate() string { return "ping ok " + s.zxid(s.lastZxid()) }

const catchUpEvery = time.Millisecond
