package chaos

import (
	"context"
	"fmt"
	"strings"

	"troupe/wire"
)

// Some sessions watch znodes that they all change. A session that sees a znode as
// it was not before must have been told of the change: by the watch that it had
// set, or by one that stays.

const (
	watched  = root + "/watched"
	singly   = watched + "/once"     // watched by watches that fire once
	parent   = watched + "/parent"   // its children are, too
	followed = watched + "/followed" // by persistent ones, each
	below    = watched + "/below"    // by one for all that is below
	subjects = 3                     // of each
)

// What is watched of a znode.
const (
	ofData     = "data"
	ofChildren = "children"
)

// follows are the watches that stay.
var follows = map[string]wire.AddWatchMode{"persistent": wire.WatchPersistent, "recursive": wire.WatchPersistentRecursive}

// happened is what watches tell.
var happened = map[wire.EventType]string{wire.EventNodeCreated: "created", wire.EventNodeDeleted: "deleted",
	wire.EventNodeDataChanged: "changed", wire.EventNodeChildrenChanged: "children"}

func watchedPaths() []string {
	paths := []string{watched, singly, parent, followed, below}
	for i := range subjects {
		paths = append(paths, subject(followed, i)) // they are there all the time
	}
	return paths
}

func subject(dir string, i int) string { return fmt.Sprintf("%s/%d", dir, i) }

// watch changes a znode, or looks at one.
func (w *worker) watch(ctx context.Context) error {
	if !w.ready {
		for i := range subjects {
			if _, err := w.ask(ctx, Op{Kind: Follow, Path: subject(followed, i), Value: "persistent"}); err != nil {
				return err
			}
		}
		_, err := w.ask(ctx, Op{Kind: Follow, Path: below, Value: "recursive"})
		w.ready = err == nil
		return err
	}
	dir := []string{singly, parent, followed, below}[w.rnd.IntN(4)]
	o := Op{Kind: See, Path: subject(dir, w.rnd.IntN(subjects)), Value: ofData}
	switch n := w.rnd.IntN(3); {
	case n == 0:
		o.Kind, o.Value = []Kind{Make, Remove, Touch, Touch}[w.rnd.IntN(4)], w.fresh()
		if dir == followed {
			o.Kind = Touch
		}
	case dir == parent:
		o.Path, o.Value = parent, ofChildren
	}
	if o.Kind == See && (dir == singly || dir == parent) && w.rnd.IntN(2) == 0 {
		o.Kind = Watch
	}
	_, err := w.ask(ctx, o)
	return err
}

// eye is what a session has seen.
type eye struct {
	armed map[string]wire.Zxid // what is watched once, and as what it was seen then
	stay  []Op                 // the follows
	last  map[string]*glance   // of what is followed, on this connection
}

// glance is a znode as it was seen, and how many changes were told of since.
type glance struct {
	made    wire.Zxid
	version int32
	told    int
}

// told looks for changes that a session has seen and had not been told of.
func told(e *Evidence) (found []Violation) {
	eyes := make(map[int]*eye)
	for i := range e.Ops {
		o := &e.Ops[i]
		y := eyes[o.Session]
		if y == nil {
			y = &eye{armed: make(map[string]wire.Zxid), last: make(map[string]*glance)}
			eyes[o.Session] = y
		}
		if what := y.take(o); what != "" {
			found = append(found, Violation{What: fmt.Sprintf("session %d, %s at %v: %s", o.Session, o.Kind, o.Ended, what)})
		}
	}
	return found
}

// take goes on with the next that has come in. It tells what is wrong with it.
func (y *eye) take(o *Op) string {
	switch {
	case o.Kind == Fired:
		y.fired(o)
	case o.Kind == Lost:
		clear(y.last) // a watch that stays tells nothing of what happens meanwhile
	case o.Outcome != Done:
	case o.Kind == Follow:
		y.stay = append(y.stay, *o)
	case o.Kind == Watch || o.Kind == See:
		return y.sees(o)
	case o.Kind == Make || o.Kind == Touch:
		o := *o // its answer shows the znode
		o.Value = ofData
		return y.sees(&o)
	}
	return ""
}

func (y *eye) fired(o *Op) {
	if o.Value == happened[wire.EventNodeChildrenChanged] {
		delete(y.armed, o.Path+ofChildren)
		return
	}
	delete(y.armed, o.Path+ofData)
	if o.Value == happened[wire.EventNodeDeleted] {
		delete(y.armed, o.Path+ofChildren)
	}
	if g := y.last[o.Path]; g != nil {
		g.told++
	}
}

func (y *eye) sees(o *Op) (wrong string) {
	key := o.Path + o.Value
	was, armed := y.armed[key]
	if armed && was != o.Zxid {
		wrong = fmt.Sprintf("%s of %s is of zxid %v, and the watch set at %v has not fired", o.Value, o.Path, o.Zxid, was)
		delete(y.armed, key)
	}
	if o.Kind == Watch {
		y.armed[key] = o.Zxid
	}
	if !y.follows(o.Path) {
		return wrong
	}
	now := &glance{made: o.Made, version: o.Version}
	if g := y.last[o.Path]; g != nil {
		changes := 0
		switch {
		case g.made == now.made:
			changes = int(now.version - g.version)
		default:
			changes = 1 // or more
		}
		if g.told < changes {
			wrong = fmt.Sprintf("%s was at version %d (made by %v), is at %d (%v), and %d changes were told", o.Path, g.version, g.made, now.version, now.made, g.told)
		}
	}
	y.last[o.Path] = now
	return wrong
}

// follows tells whether a watch that stays is for a znode.
func (y *eye) follows(path string) bool {
	for i := range y.stay {
		s := &y.stay[i]
		if s.Path == path || s.Value == "recursive" && strings.HasPrefix(path, s.Path+"/") {
			return true
		}
	}
	return false
}
