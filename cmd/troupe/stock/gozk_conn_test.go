package stock_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
)

var worldACL = zk.WorldACL(zk.PermAll)

// conn is a go-zookeeper connection that remembers what it was told, in order.
type conn struct {
	*zk.Conn
	t *testing.T

	mu     sync.Mutex
	states []zk.State
	fired  []string // watch events, "Type path"
}

// connect opens a session of 10 s and waits for it.
func connect(t *testing.T, addr string) *conn {
	t.Helper()
	c := dial(t, addr, 10*time.Second)
	c.awaitState(zk.StateHasSession, 1)
	return c
}

// dial opens a session without waiting for it; it is closed with the test. Addresses have commas
// between them.
func dial(t *testing.T, addr string, timeout time.Duration) *conn {
	t.Helper()
	c := &conn{t: t}
	var err error
	c.Conn, _, err = zk.Connect(strings.Split(addr, ","), timeout, zk.WithLogger(silent{}), zk.WithEventCallback(c.record))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

type silent struct{}

func (silent) Printf(string, ...any) {}

// record is called by the library for every event, before the reply that follows it is handed out.
func (c *conn) record(e zk.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.Type == zk.EventSession {
		c.states = append(c.states, e.State)
	} else {
		c.fired = append(c.fired, e.Type.String()[len("Event"):]+" "+e.Path)
	}
}

// awaitState waits until the state has come for the nth time.
func (c *conn) awaitState(want zk.State, nth int) {
	c.t.Helper()
	eventually(c.t, fmt.Sprintf("state %v for time %d", want, nth), func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		n := 0
		for _, s := range c.states {
			if s == want {
				n++
			}
		}
		return n >= nth
	})
}

// has says whether these watch events, and no others, have come since it last said yes.
func (c *conn) has(want ...string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Equal(c.fired, want) {
		return false
	}
	c.fired = nil
	return true
}

// wantFired demands that these watch events, and no others, have come by now. A session's own
// events come before the reply to the write that causes them, so there is nothing to wait for.
func (c *conn) wantFired(want ...string) {
	c.t.Helper()
	if !c.has(want...) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.t.Fatalf("events %q, want %q", c.fired, want)
	}
}

// awaitFired waits for watch events that another session causes.
func (c *conn) awaitFired(want ...string) {
	c.t.Helper()
	eventually(c.t, fmt.Sprintf("events %q", want), func() bool { return c.has(want...) })
}

// mustCreate makes a persistent node open to all.
func (c *conn) mustCreate(path, data string) {
	c.t.Helper()
	c.mustCreateWith(path, data, zk.FlagPersistent, worldACL)
}

// mustCreateWith makes a node and returns its name.
func (c *conn) mustCreateWith(path, data string, flags int32, acl []zk.ACL) string {
	c.t.Helper()
	name, err := c.Create(path, []byte(data), flags, acl)
	if err != nil {
		c.t.Fatalf("create %s: %v", path, err)
	}
	return name
}

// mustGet reads a node.
func (c *conn) mustGet(path string) (string, zk.Stat) {
	c.t.Helper()
	data, stat, err := c.Get(path)
	if err != nil {
		c.t.Fatalf("get %s: %v", path, err)
	}
	return string(data), *stat
}

// mustSet writes a node whatever its version.
func (c *conn) mustSet(path, data string) zk.Stat {
	c.t.Helper()
	stat, err := c.Set(path, []byte(data), -1)
	if err != nil {
		c.t.Fatalf("set %s: %v", path, err)
	}
	return *stat
}

// catchUp makes sure that what other sessions were told to have written is seen here.
func (c *conn) catchUp() {
	c.t.Helper()
	if _, err := c.Sync("/"); err != nil {
		c.t.Fatalf("sync: %v", err)
	}
}

func (c *conn) mustDelete(path string) {
	c.t.Helper()
	if err := c.Delete(path, -1); err != nil {
		c.t.Fatalf("delete %s: %v", path, err)
	}
}

// exists says whether a node is there.
func (c *conn) exists(path string) bool {
	c.t.Helper()
	there, _, err := c.Exists(path)
	if err != nil {
		c.t.Fatalf("exists %s: %v", path, err)
	}
	return there
}

// sequenceName is the name that a sequential node gets.
func sequenceName(prefix string, number int) string { return fmt.Sprintf("%s%010d", prefix, number) }
