package stock_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"troupe/bench/process"
)

// survivor is a client that holds an ephemeral node /restart/NAME-eph and watches the data and the
// children of /restart/NAME and the absence of /restart/NAME-late.
type survivor struct {
	name    string
	missing error
	start   func(t *testing.T, addr string) *console // comes back once it holds and watches
	// How it shows the end of its connection, the next one, and the three events.
	disconnected, connected, changed, children, created string
	console                                             *console
	owner                                               int64 // of its ephemeral node
}

// survivorDialect is that of testdata's own survivors.
var survivorDialect = dialect{
	event: func(line string) (string, bool) { return strings.CutPrefix(line, "EVENT ") },
	noise: func(string) bool { return false },
}

func survivors(t *testing.T) []*survivor {
	modules, nodeMissing := nodeModules(t.Context())
	own := survivor{
		disconnected: "Disconnected", connected: "Connected",
		changed: "NodeDataChanged", children: "NodeChildrenChanged", created: "NodeCreated",
	}
	ready := func(c *console) *console {
		c.expect("READY")
		return c
	}
	java, kazoo, node, shell, cshell := own, own, own, own, own
	java.name, java.missing = "java", javaMissing()
	java.start = func(t *testing.T, addr string) *console {
		return ready(open(t, javaCommand(t, "Survivor", addr, "java"), survivorDialect))
	}
	kazoo.name, kazoo.missing = "kazoo", kazooMissing()
	kazoo.start = func(t *testing.T, addr string) *console {
		return ready(open(t, pythonCommand(t, "kazoo/survivor.py", addr, "kazoo"), survivorDialect))
	}
	node.name, node.missing = "node", nodeMissing
	node.start = func(t *testing.T, addr string) *console {
		return ready(open(t, nodeCommand(t, modules, "node/survivor.js", addr, "node"), survivorDialect))
	}
	shell.name, shell.missing, shell.start = "zkcli", program(zkCli, "zookeeper"), startZkCliSurvivor
	shell.connected = "SyncConnected"
	cshell.name, cshell.missing, cshell.start = "climt", program(cliMt, "zookeeper-bin"), startCliMtSurvivor
	cshell.disconnected, cshell.connected = "CONNECTING_STATE", "CONNECTED_STATE"
	cshell.changed, cshell.children, cshell.created = "CHANGED_EVENT", "CHILD_EVENT", "CREATED_EVENT"
	return []*survivor{&java, &kazoo, &node, &shell, &cshell}
}

func startZkCliSurvivor(t *testing.T, addr string) *console {
	c := openZkCli(t, addr)
	c.follow(testdata(t, "zkcli-restart.txt"))
	return c
}

func startCliMtSurvivor(t *testing.T, addr string) *console {
	c := openCliMt(t, addr)
	c.follow(testdata(t, "climt-restart.txt"))
	return c
}

// TestRestart kills all servers under all clients at once and starts them again on their data: their
// sessions, ephemeral nodes and watches go on. Then it kills the clients: their sessions end.
func TestRestart(t *testing.T) { everywhere(t, restart) }

func restart(t *testing.T, f form) {
	need(t, process.Available(kind()))
	server := start(t, f, "tickTime=1000", "maxSessionTimeout=6000", "extendedTypesEnabled=true")
	// Clients knock while the server starts. Apache may leave such a connection without an answer,
	// for which some clients wait longer than their session lives, so there they are kept out.
	door, keepOut := server.here, func(bool) {}
	if kind() == process.Apache {
		p := interpose(t, server.here)
		door, keepOut = p.addr(), p.refuse
	}
	z := connect(t, door)
	alive := board(t, z, door)
	before := keep(t, z)

	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	back := func(nth int) {
		t.Helper()
		keepOut(true)
		if err := server.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		keepOut(false)
		z.awaitState(zk.StateHasSession, nth)
		before.check(t, z)
	}
	back(2)
	for _, s := range alive {
		s.goesOn(t, z)
	}
	expire(t, z, alive)

	stop, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := server.Stop(stop); err != nil {
		t.Fatal(err)
	}
	back(3)
}

// board starts all clients that are installed.
func board(t *testing.T, z *conn, door string) (alive []*survivor) {
	t.Helper()
	z.mustCreate("/restart", "")
	for _, s := range survivors(t) {
		t.Run(s.name, func(t *testing.T) { need(t, s.missing) })
		if s.missing == nil {
			alive = append(alive, s)
			z.mustCreate("/restart/"+s.name, "")
			s.console = s.start(t, door)
			z.catchUp()
			_, stat := z.mustGet("/restart/" + s.name + "-eph")
			s.owner = stat.EphemeralOwner
		}
	}
	return alive
}

// goesOn demands that a client is back in its session, and that its watches work.
func (s *survivor) goesOn(t *testing.T, z *conn) {
	t.Helper()
	s.console.at = s.name + ": "
	s.console.expectEvent(s.disconnected)
	s.console.expectEvent(s.connected)
	s.owns(t, z)
	s.console.expectEvents(s.provoke(z)...)
}

// owns demands that the client's ephemeral node is there and still its own.
func (s *survivor) owns(t *testing.T, z *conn) {
	t.Helper()
	if _, stat := z.mustGet("/restart/" + s.name + "-eph"); stat.EphemeralOwner != s.owner {
		t.Errorf("%s: owner %x, was %x", s.name, stat.EphemeralOwner, s.owner)
	}
}

// provoke changes all that the client watches, and returns the events. What was written before the
// client's watches were back is told in the order of its lists.
func (s *survivor) provoke(z *conn) []string {
	base := "/restart/" + s.name
	z.mustSet(base, "x")
	z.mustCreate(base+"/kid", "")
	z.mustCreate(base+"-late", "")
	return []string{s.changed + " " + base, s.children + " " + base, s.created + " " + base + "-late"}
}

// expire kills the clients and waits for the end of their ephemeral nodes.
func expire(t *testing.T, z *conn, clients []*survivor) {
	t.Helper()
	for _, s := range clients {
		if err := s.console.child.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range clients {
		eventually(t, s.name+"'s session expired", func() bool { return !z.exists("/restart/" + s.name + "-eph") })
	}
}

// kept is what a server must have after a restart.
type kept struct {
	data map[string]string
	stat map[string]zk.Stat
	// sequence is the number of the next sequential child of /restart/kept.
	sequence int
}

// keep writes nodes of every kind and remembers them.
func keep(t *testing.T, z *conn) *kept {
	t.Helper()
	z.mustCreate("/restart/kept", "")
	z.mustCreate("/restart/kept/node", "one")
	z.mustSet("/restart/kept/node", "two")
	z.mustCreateWith("/restart/kept/eph", "mine", zk.FlagEphemeral, worldACL)
	z.mustCreateWith("/restart/kept/secret", "", 0, zk.DigestACL(zk.PermAll, "ann", "pass"))
	z.mustCreateWith("/restart/kept/s-", "", zk.FlagSequence, worldACL)
	z.mustDelete("/restart/kept/s-0000000003")
	if _, err := z.CreateTTL("/restart/kept/ttl", []byte("t"), zk.FlagTTL, worldACL, time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := z.CreateContainer("/restart/kept/box", []byte("b"), zk.FlagContainer, worldACL); err != nil {
		t.Fatal(err)
	}
	_, err := z.Set("/restart/kept/node", nil, 77) // leaves nothing but a zxid
	wantErr(t, "set of an old version", err, zk.ErrBadVersion)
	k := &kept{data: make(map[string]string), stat: make(map[string]zk.Stat), sequence: 6}
	for _, name := range []string{"node", "eph", "ttl", "box"} {
		path := "/restart/kept/" + name
		k.data[path], k.stat[path] = z.mustGet(path)
	}
	return k
}

// check compares, and moves the sequence on by one.
func (k *kept) check(t *testing.T, z *conn) {
	t.Helper()
	for path, want := range k.stat {
		if data, stat := z.mustGet(path); data != k.data[path] || stat != want {
			t.Errorf("%s: %q %+v, was %q %+v", path, data, stat, k.data[path], want)
		}
	}
	_, _, err := z.Get("/restart/kept/secret")
	wantErr(t, "get of what is somebody else's", err, zk.ErrNoAuth)
	if z.exists("/restart/kept/s-0000000003") {
		t.Error("a deleted node is back")
	}
	name, box := z.mustCreateWith("/restart/kept/s-", "", zk.FlagSequence, worldACL), k.stat["/restart/kept/box"]
	if _, stat := z.mustGet(name); name != sequenceName("/restart/kept/s-", k.sequence) || stat.Czxid <= box.Czxid {
		t.Errorf("created %s at %x, want number %d after %x", name, stat.Czxid, k.sequence, box.Czxid)
	}
	k.sequence++
}
