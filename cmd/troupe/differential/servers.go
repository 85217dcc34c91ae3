package differential

import (
	"fmt"
	"strings"

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

// What a connection is asked for all that has happened: on the server where it
// happened a ping will do, another has to catch up.
var (
	ping    = Step{Op: wire.OpPing.String()}
	catchUp = Step{Op: wire.OpSync.String(), Args: []Token{"/"}}
)

// asPing shows the reply to catchUp, which is the last line, as a ping's.
func asPing(lines []string) []string {
	if n := len(lines); n > 0 {
		if zxid, ok := strings.CutPrefix(lines[n-1], "sync ok "); ok {
			lines[n-1] = "ping ok " + strings.TrimSuffix(zxid, ` "/"`)
		}
	}
	return lines
}
