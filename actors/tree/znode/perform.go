package znode

import (
	"strings"

	"troupe/wire"
)

// ChangeKind says what a Change does.
type ChangeKind uint8

// The kinds of changes.
const (
	Put    ChangeKind = iota // replace a value, silently (ACLs, parents, quota counts)
	Set                      // replace a value because its data was set
	Insert                   // a node is born
	Remove                   // a node dies
)

// Change is one step of a Txn. Node is the new value; for Remove the last one.
type Change struct {
	Kind ChangeKind
	Path string
	Node *wire.Znode
}

// Txn is what a record turned out to do, in order. The zero Txn does nothing
// but pass its zxid.
type Txn struct {
	Changes []Change
	Open    *wire.Session // the record's session is entered
	Close   bool          // the record's session is removed, its ephemerals by Changes
}

// Event is something watches may be waiting for. ACL is that of the node it is
// about, so that only those who may read it are told.
type Event struct {
	Type wire.EventType
	Path string
	ACL  *[]wire.ACL
}

// Perform makes a Txn's changes at the record's zxid and appends the events
// they cause to events. It cannot fail: a Txn that does not fit the tree is a
// bug, and panics.
func (t *Tree) Perform(r *wire.Record, txn *Txn, events []Event) []Event {
	if r.Zxid <= t.applied {
		panic("znode: " + r.Zxid.String() + " performed after " + t.applied.String())
	}
	for i := range txn.Changes {
		events = t.perform(&txn.Changes[i], events)
	}
	if txn.Open != nil {
		t.openSession(r.Session, *txn.Open)
	}
	if txn.Close {
		t.closeSession(r.Session)
	}
	t.applied = r.Zxid
	return events
}

func (t *Tree) perform(c *Change, events []Event) []Event {
	switch c.Kind {
	case Put, Set:
		n := t.find(c.Path)
		t.touch(c.Path)
		t.bytes += int64(len(c.Node.Data) - len(n.z.Data))
		t.replace(n, c.Path, c.Node)
		if c.Kind == Set {
			events = append(events, Event{wire.EventNodeDataChanged, c.Path, c.Node.ACL})
		}
	case Insert:
		t.touch(c.Path)
		t.insert(c.Path, c.Node)
		events = append(events, Event{wire.EventNodeCreated, c.Path, c.Node.ACL}, t.childrenChanged(c.Path))
	case Remove:
		t.touch(c.Path)
		t.remove(c.Path)
		events = append(events, Event{wire.EventNodeDeleted, c.Path, c.Node.ACL}, t.childrenChanged(c.Path))
	}
	return events
}

func (t *Tree) childrenChanged(path string) Event {
	parent, _ := wire.SplitPath(path)
	return Event{wire.EventNodeChildrenChanged, parent, t.find(parent).z.ACL}
}

// replace sets a node's value and keeps the digest.
func (t *Tree) replace(n *node, path string, z *wire.Znode) {
	if n.z != nil {
		t.digest -= nodeDigest(path, n.z)
	}
	if n.z == nil || n.z.ACL != z.ACL {
		z.ACL = t.acls.share(*z.ACL)
	}
	n.z = z
	t.digest += nodeDigest(path, z)
}

func (t *Tree) insert(path string, z *wire.Znode) {
	parentPath, name := wire.SplitPath(path)
	t.insertBelow(t.find(parentPath), path, name, z)
}

func (t *Tree) insertBelow(parent *node, path, name string, z *wire.Znode) {
	if parent.children == nil {
		parent.children = make(map[string]*node)
	}
	n, own := &node{}, strings.Clone(name)
	parent.children[own] = n
	t.lists.added(parent, own)
	t.replace(n, path, z)
	t.nodes++
	t.bytes += int64(len(name) + len(z.Data))
	switch z.Kind {
	case wire.Ephemeral:
		t.ephem++
		if s := t.sessions[wire.SessionID(z.Owner)]; s != nil {
			s.ephemerals[path] = struct{}{}
		}
	case wire.Container, wire.TTL:
		t.reapable[path] = struct{}{}
	}
	if isLimits(path) {
		t.limits++
	}
}

func (t *Tree) remove(path string) {
	parentPath, name := wire.SplitPath(path)
	parent := t.find(parentPath)
	n := parent.children[name]
	if len(n.children) > 0 {
		panic("znode: " + path + " is removed with children")
	}
	delete(parent.children, name)
	t.lists.removed(parent)
	if len(parent.children) == 0 {
		parent.children = nil
	}
	t.digest -= nodeDigest(path, n.z)
	t.nodes--
	t.bytes -= int64(len(name) + len(n.z.Data))
	switch n.z.Kind {
	case wire.Ephemeral:
		t.ephem--
		if s := t.sessions[wire.SessionID(n.z.Owner)]; s != nil {
			delete(s.ephemerals, path)
		}
	case wire.Container, wire.TTL:
		delete(t.reapable, path)
	}
	if isLimits(path) {
		t.limits--
	}
}

func (t *Tree) openSession(id wire.SessionID, s wire.Session) {
	t.touchSession(id)
	if old := t.sessions[id]; old != nil {
		t.digest -= sessionDigest(id, &old.Session)
		old.Session = s
	} else {
		t.sessions[id] = &session{Session: s, ephemerals: make(map[string]struct{})}
	}
	t.digest += sessionDigest(id, &s)
}

func (t *Tree) closeSession(id wire.SessionID) {
	if s := t.sessions[id]; s != nil {
		t.touchSession(id)
		t.digest -= sessionDigest(id, &s.Session)
		delete(t.sessions, id)
	}
}

// Corrupt changes a node's data without a record: for tests which show what a
// server does whose tree is not the others'. It is false if the node is not there.
func (t *Tree) Corrupt(path string, data []byte) bool {
	n := t.find(path)
	if n == nil {
		return false
	}
	z := *n.z
	z.Data = data
	t.perform(&Change{Kind: Put, Path: path, Node: &z}, nil)
	return true
}
