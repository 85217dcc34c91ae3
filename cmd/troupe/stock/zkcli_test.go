package stock_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

const zkCli = "/usr/share/zookeeper/bin/zkCli.sh"

// zkCliEvent is the line that shows a watch event or, with type None, a change of the connection.
var zkCliEvent = regexp.MustCompile(`^WatchedEvent state:(\w+) type:(\w+) path:(.*)$`)

var zkCliDialect = dialect{
	event: func(line string) (string, bool) {
		m := zkCliEvent.FindStringSubmatch(line)
		switch {
		case m == nil:
			return "", false
		case m[2] == "None":
			return m[1], true
		}
		return m[2] + " " + m[3], true
	},
	noise: func(line string) bool {
		return line == "WATCHER::" || strings.HasPrefix(line, "SLF4J:")
	},
}

// openZkCli starts the shell. Dates are compared with those of the epoch, so the zone is fixed.
func openZkCli(t *testing.T, addr string, args ...string) *console {
	t.Helper()
	cmd := exec.Command(zkCli, append([]string{"-server", addr}, args...)...)
	cmd.Env = append(os.Environ(), "TZ=UTC", "JVMFLAGS=-XX:TieredStopAtLevel=1")
	c := open(t, cmd, zkCliDialect)
	c.bound["address"] = addr
	c.bound["tab"] = "\t"
	return c
}

func TestZkCli(t *testing.T) { everywhere(t, zkCliShell) }

func zkCliShell(t *testing.T, f form) {
	need(t, program(zkCli, "zookeeper"))
	at := start(t, f, "tickTime=500", "extendedTypesEnabled=true")
	addr := at.here
	if f == ensemble {
		addr += "," + at.there
	}
	c := openZkCli(t, addr)
	c.form = f
	c.follow(testdata(t, "zkcli.txt"))
	c.say("quit")
	c.end() // whether it still prints its last event, Closed, is a race in zkCli
	if code := c.child.ExitCode(); code != 0 {
		t.Errorf("exit status %d", code)
	}
}
