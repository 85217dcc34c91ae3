package stock_test

import (
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/go-zookeeper/zk"
)

const cliMt = "/usr/lib/zookeeper/bin/cli_mt"

// cliMtEvent is the line that shows a watch event or, without a path, a change of the connection.
var cliMtEvent = regexp.MustCompile(`^Watcher (\w+) state = (\w+)(?: for path (.*))?$`)

var cliMtDialect = dialect{
	event: func(line string) (string, bool) {
		m := cliMtEvent.FindStringSubmatch(line)
		switch {
		case m == nil:
			return "", false
		case m[3] == "":
			return m[2], true
		}
		return m[1] + " " + m[3], true
	},
	// The library's own log lines begin with a date.
	noise: func(line string) bool { return strings.Contains(line, ":ZOO_") },
}

func openCliMt(t *testing.T, addr string) *console {
	t.Helper()
	c := open(t, exec.Command(cliMt, "-h", addr), cliMtDialect)
	c.bound["tab"] = "\t"
	return c
}

// The shell's own way to resume a session, from a file, is broken in 3.8.0: it mistakes the one
// item read for a number of bytes. Its library resumes whenever it loses a connection.
func TestCliMt(t *testing.T) { everywhere(t, cliMtShell) }

func cliMtShell(t *testing.T, f form) {
	need(t, program(cliMt, "zookeeper-bin"))
	at := shared(t, f)
	z := connect(t, at.there)
	z.mustCreate("/climt", "")
	z.mustCreateWith("/climt/secret", "bob's", 0, zk.DigestACL(zk.PermAll, "bob", "secret"))
	p := interpose(t, at.here, at.there)
	c := openCliMt(t, p.addr())
	c.follow(testdata(t, "climt.txt"))

	// On its next connection the session is the same, and its watch is there. It sees what
	// happened meanwhile.
	c.say("wexists /climt/mine")
	c.say("wexists /climt/late")
	c.expect("Error -101 for /climt/late")
	p.refuse(true)
	c.expectEvent("CONNECTING_STATE")
	z.mustCreate("/climt/late", "")
	p.refuse(false)
	c.expectEvent("CONNECTED_STATE")
	c.expectEvent("CREATED_EVENT /climt/late")
	z.catchUp()
	_, stat, err := z.Exists("/climt/mine")
	if err != nil || fmt.Sprintf("%x", stat.EphemeralOwner) != c.bound["session"] {
		t.Fatalf("owner %x of the ephemeral node, session %s, %v", stat.EphemeralOwner, c.bound["session"], err)
	}
	if err := z.Delete("/climt/mine", 0); err != nil {
		t.Fatal(err)
	}
	c.expectEvent("DELETED_EVENT /climt/mine")
	c.expectNothing()

	p.endSession()
	c.expectEvent("CONNECTING_STATE")
	c.expectEvent("EXPIRED_SESSION_STATE")
	c.expect("Session expired. Shutting down...")
	// It does so inside its own callback, which now and then never returns: no waiting for its end.
}

// Leaving the shell closes its session, and with it go its ephemeral nodes.
func TestCliMt_Quit(t *testing.T) { everywhere(t, cliMtQuit) }

func cliMtQuit(t *testing.T, f form) {
	need(t, program(cliMt, "zookeeper-bin"))
	at := shared(t, f)
	z := connect(t, at.there)
	c := openCliMt(t, at.here)
	c.expectEvent("CONNECTED_STATE")
	c.expect("Got a new session id: 0x<session>")
	c.say("create2 +e /climt-quit")
	for _, line := range []string{
		"Creating [/climt-quit] node (mode: 1)", "[/climt-quit]: rc = 0", "\tname = /climt-quit", "\tctime = <any>",
		"\tczxid=<z1>", "\tmtime=<any>", "\tmzxid=<z1>", "\tversion=0\taversion=0", "\tephemeralOwner = <session>",
	} {
		c.expect(line)
	}
	c.say("quit")
	c.expect("Quitting...")
	c.end()
	z.catchUp()
	if there, _, err := z.Exists("/climt-quit"); err != nil || there {
		t.Fatalf("the ephemeral node of a closed session: there %t, %v", there, err)
	}
}

// An unknown scheme costs the connection, and this client gives up then.
func TestCliMt_BadScheme(t *testing.T) { everywhere(t, cliMtBadScheme) }

func cliMtBadScheme(t *testing.T, f form) {
	need(t, program(cliMt, "zookeeper-bin"))
	c := openCliMt(t, shared(t, f).here)
	c.expectEvent("CONNECTED_STATE")
	c.expect("Got a new session id: 0x<session>")
	c.say("addauth nosuch bob:secret")
	c.expectEvent("AUTH_FAILED_STATE")
	c.expect("Authentication failure. Shutting down...")
}
