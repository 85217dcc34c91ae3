package znode

import (
	"maps"
	"strings"

	"troupe/wire"
)

// dirtySet is what changed since the last checkpoint began, and, while one is
// being taken, what it still has to capture.
type dirtySet struct {
	paths, pending       map[string]struct{}
	sessions, pendingSes map[wire.SessionID]struct{}
	taking               *Snapshot
}

// Snapshot is the values of everything that had changed, at one exact zxid.
// Values are immutable; nil says that the node or session is gone.
type Snapshot struct {
	Zxid     wire.Zxid
	Digest   uint64
	Live     int64 // about the bytes of the whole tree and all sessions, as they are stored
	Nodes    map[string]*wire.Znode
	Sessions map[wire.SessionID]*wire.Session
}

// storedBeside is about what is stored of a znode beside its name and data, in bytes,
// or of a session.
const storedBeside = 100

func (d *dirtySet) init() {
	d.reset()
	d.pending, d.pendingSes = nil, nil
}

func (d *dirtySet) reset() {
	d.paths = make(map[string]struct{})
	d.sessions = make(map[wire.SessionID]struct{})
}

// touch notes that path is about to change. If a checkpoint in progress has not
// captured it yet, its value of before is captured now.
func (t *Tree) touch(path string) {
	if t.dirty.taking != nil {
		if _, ok := t.dirty.pending[path]; ok {
			t.capture(path)
		}
	}
	t.dirty.paths[path] = struct{}{}
}

func (t *Tree) touchSession(id wire.SessionID) {
	if t.dirty.taking != nil {
		if _, ok := t.dirty.pendingSes[id]; ok {
			t.captureSession(id)
		}
	}
	t.dirty.sessions[id] = struct{}{}
}

// Dirty is how many nodes changed since the last checkpoint began.
func (t *Tree) Dirty() int { return len(t.dirty.paths) }

// BeginSnapshot starts to capture what changed since the last one, as it is
// now. Only one can be under way.
func (t *Tree) BeginSnapshot() {
	d := &t.dirty
	if d.taking != nil {
		panic("znode: a snapshot is under way")
	}
	d.taking = &Snapshot{Zxid: t.applied, Digest: t.digest, Live: t.bytes + storedBeside*int64(t.nodes+len(t.sessions)),
		Nodes:    make(map[string]*wire.Znode, len(d.paths)),
		Sessions: make(map[wire.SessionID]*wire.Session, len(d.sessions))}
	d.pending, d.pendingSes = d.paths, d.sessions
	d.reset()
	for id := range d.pendingSes {
		t.captureSession(id)
	}
}

// SnapshotSlice captures up to n nodes more and returns the snapshot once it is
// whole. Between slices the tree may go on.
func (t *Tree) SnapshotSlice(n int) *Snapshot {
	for path := range t.dirty.pending {
		if n--; n < 0 {
			return nil
		}
		t.capture(path)
	}
	s := t.dirty.taking
	t.dirty.taking, t.dirty.pending = nil, nil
	return s
}

func (t *Tree) capture(path string) {
	z, _ := t.Lookup(path)
	t.dirty.taking.Nodes[path] = z
	delete(t.dirty.pending, path)
}

func (t *Tree) captureSession(id wire.SessionID) {
	var v *wire.Session
	if s := t.sessions[id]; s != nil {
		copied := s.Session
		v = &copied
	}
	t.dirty.taking.Sessions[id] = v
	delete(t.dirty.pendingSes, id)
}

// Loader rebuilds a tree from a checkpoint. Nodes come first, parents before
// their children, then sessions.
type Loader struct {
	t          *Tree
	parent     *node // of the node before: siblings come together
	parentPath string
	ephemerals map[wire.SessionID][]string
}

// NewLoader starts with the nodes every tree has.
func NewLoader() *Loader {
	return &Loader{t: New(), ephemerals: make(map[wire.SessionID][]string)}
}

// Node enters a node. It is false if its parent is not there.
func (l *Loader) Node(path string, z *wire.Znode) bool {
	if z.Kind == wire.Ephemeral {
		owner := wire.SessionID(z.Owner)
		l.ephemerals[owner] = append(l.ephemerals[owner], path)
	}
	parentPath, name := wire.SplitPath(path)
	if l.parent == nil || parentPath != l.parentPath {
		l.parent, l.parentPath = l.t.find(parentPath), parentPath
	}
	there := l.t.root
	switch {
	case l.parent == nil:
		return false
	case path != "/":
		there = l.parent.children[name]
	}
	if there == nil {
		l.t.insertBelow(l.parent, path, name, z)
		return true
	}
	l.t.bytes += int64(len(z.Data) - len(there.z.Data)) // one of those every tree has
	l.t.replace(there, path, z)
	return true
}

// Session enters a session.
func (l *Loader) Session(id wire.SessionID, s wire.Session) {
	l.t.openSession(id, s)
	for _, path := range l.ephemerals[id] {
		l.t.sessions[id].ephemerals[path] = struct{}{}
	}
}

// Tree is the loaded tree, which is at zxid. Its digest is for the caller to
// compare with the checkpoint's.
func (l *Loader) Tree(zxid wire.Zxid) *Tree {
	l.t.applied = zxid
	l.t.dirty.reset()
	return l.t
}

// Reapable calls f for each container and TTL node, in no order, until f
// returns false.
func (t *Tree) Reapable(f func(path string, z *wire.Znode, children int) bool) {
	for path := range maps.Keys(t.reapable) {
		z, children := t.Lookup(path)
		if !f(path, z, children) {
			return
		}
	}
}

// EphemeralsUnder lists a session's ephemerals whose path starts with prefix.
func (t *Tree) EphemeralsUnder(id wire.SessionID, prefix string) []string {
	all := t.Ephemerals(id)
	kept := all[:0]
	for _, p := range all {
		if strings.HasPrefix(p, prefix) {
			kept = append(kept, p)
		}
	}
	return kept
}
