package znode

import (
	"slices"
	"strings"

	"troupe/wire"
)

// Paths of the nodes that every tree has.
const (
	systemPath = "/zookeeper"
	quotaPath  = "/zookeeper/quota"
	// ConfigPath is where an ensemble's members are listed.
	ConfigPath = "/zookeeper/config"
)

// node is a place in the tree: the stored value and the index of children.
type node struct {
	z        *wire.Znode
	children map[string]*node
}

// session is an entry of the replicated session table.
type session struct {
	wire.Session
	ephemerals map[string]struct{}
}

// Tree is the whole replicated state at one zxid. It is owned by one goroutine.
type Tree struct {
	root     *node
	sessions map[wire.SessionID]*session
	applied  wire.Zxid
	digest   uint64
	nodes    int
	bytes    int64 // of paths' names and data
	ephem    int
	limits   int // zookeeper_limits nodes, so that trees without quotas pay nothing
	reapable map[string]struct{}
	acls     aclTable
	dirty    dirtySet
	lists    listings
}

// New makes the tree of a server that has no data yet: the root and
// ZooKeeper's own nodes.
func New() *Tree {
	t := &Tree{
		sessions: make(map[wire.SessionID]*session),
		reapable: make(map[string]struct{}),
	}
	t.dirty.init()
	open, read := t.acls.share(wire.OpenACL), t.acls.share(wire.ReadACL)
	empty := []byte{}
	t.root = &node{}
	t.replace(t.root, "/", &wire.Znode{Data: empty, ACL: open})
	t.nodes = 1
	t.insert(systemPath, &wire.Znode{Data: empty, ACL: open})
	t.insert(quotaPath, &wire.Znode{Data: empty, ACL: open})
	t.insert(ConfigPath, &wire.Znode{Data: empty, ACL: read, Aversion: -1})
	t.dirty.reset()
	return t
}

// Applied is the zxid of the last record performed.
func (t *Tree) Applied() wire.Zxid { return t.applied }

// Digest sums up the nodes and sessions: equal trees have equal digests.
func (t *Tree) Digest() uint64 { return t.digest }

// Counts are figures for monitoring.
type Counts struct {
	Nodes, Ephemerals, Sessions int
	Bytes                       int64 // names and data
}

// Counts gives the tree's figures.
func (t *Tree) Counts() Counts { return Counts{t.nodes, t.ephem, len(t.sessions), t.bytes} }

// find walks to a path; "" is the root, as in the original.
func (t *Tree) find(path string) *node {
	if path == "" || path == "/" {
		return t.root
	}
	if path[0] != '/' {
		return nil
	}
	n, rest := t.root, path[1:]
	for n != nil {
		i := strings.IndexByte(rest, '/')
		if i < 0 {
			return n.children[rest]
		}
		n, rest = n.children[rest[:i]], rest[i+1:]
	}
	return nil
}

// Lookup implements View.
func (t *Tree) Lookup(path string) (z *wire.Znode, children int) {
	if n := t.find(path); n != nil {
		return n.z, len(n.children)
	}
	return nil, 0
}

// Children lists a znode's children in no order, and counts the bytes of their names;
// nil if it is not there. The list may be shared: it is not to be changed.
func (t *Tree) Children(path string) (names []string, bytes int) {
	if n := t.find(path); n != nil {
		return t.lists.of(n)
	}
	return nil, 0
}

// Descendants counts the znodes below path, and its own and their bytes of data.
func (t *Tree) Descendants(path string) (count int, bytes int64) {
	n := t.find(path)
	if n == nil {
		return 0, 0
	}
	return n.sum()
}

func (n *node) sum() (count int, bytes int64) {
	bytes = int64(len(n.z.Data))
	for _, c := range n.children {
		cc, cb := c.sum()
		count, bytes = count+cc+1, bytes+cb
	}
	return count, bytes
}

// HasQuotas implements View.
func (t *Tree) HasQuotas() bool { return t.limits > 0 }

// HasSession implements View.
func (t *Tree) HasSession(id wire.SessionID) bool { return t.sessions[id] != nil }

// Session gives a session's timeout and password.
func (t *Tree) Session(id wire.SessionID) (wire.Session, bool) {
	if s := t.sessions[id]; s != nil {
		return s.Session, true
	}
	return wire.Session{}, false
}

// Sessions calls f for every session, in no order.
func (t *Tree) Sessions(f func(id wire.SessionID, s wire.Session, ephemerals int)) {
	for id, s := range t.sessions {
		f(id, s.Session, len(s.ephemerals))
	}
}

// Ephemerals implements View: a session's ephemerals, sorted.
func (t *Tree) Ephemerals(id wire.SessionID) []string {
	s := t.sessions[id]
	if s == nil {
		return nil
	}
	paths := make([]string, 0, len(s.ephemerals))
	for p := range s.ephemerals {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	return paths
}
