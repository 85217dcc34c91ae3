package cli

import (
	"context"
	"maps"
	"slices"

	"troupe/bench/client"
)

// command is one of the shell's commands.
type command struct {
	usage    string // what follows the name
	flags    flagSet
	min, max int  // number of arguments; max -1 is any
	offline  bool // works without a server
	run      func(*call) error
}

// call is a command being carried out. Session is nil for offline commands.
type call struct {
	ctx   context.Context
	shell *shell
	*client.Session
	*answer
	*parsed
	usage error // how to say that the arguments are not what they should be
}

// path is the first argument, a znode's path, checked. Results name it.
func (c *call) path() (string, error) {
	c.field("path", c.args[0])
	return c.args[0], checkPath(c.args[0])
}

// warn says something beside the result.
func (c *call) warn(s string) { c.out.complain(s) }

// commands are all of them by name; init breaks the circle that help closes.
var commands map[string]command

func init() {
	commands = map[string]command{}
	for _, family := range []map[string]command{readCommands, writeCommands, quotaCommands, watchCommands, sessionCommands} {
		maps.Copy(commands, family)
	}
}

// names are the commands in order.
func names() []string { return slices.Sorted(maps.Keys(commands)) }
