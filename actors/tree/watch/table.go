package watch

import (
	"slices"

	"troupe/wire"
)

// Watcher is a connection that watches, by a number of the caller's.
type Watcher uint64

// Kind is the way in which one connection watches one path.
type Kind uint8

// The kinds of watches. Data serves getData and exists alike.
const (
	none Kind = iota
	Data
	Child
	Persistent
	Recursive
)

// Table holds all watches, as ZooKeeper does in two indexes: one for what
// happens to nodes, one for what happens to their children. A persistent or
// recursive watch stands in both, and each half can be removed alone.
type Table struct{ data, child index }

// NewTable makes an empty table.
func NewTable() *Table { return &Table{newIndex(), newIndex()} }

// Add makes w watch path in the way of k. As in ZooKeeper 3.8, a connection
// watches a path in one way in each index, and the last one set counts.
func (t *Table) Add(w Watcher, path string, k Kind) {
	if k != Child {
		t.data.set(w, path, k)
	}
	if k != Data {
		t.child.set(w, path, k)
	}
}

// Fire appends to out the connections to be told of an event on path, each once,
// and uses up one-shot watches. NodeDeleted is of interest to those who watch
// the children, too.
func (t *Table) Fire(e wire.EventType, path string, out []Watcher) []Watcher {
	start := len(out)
	if e != wire.EventNodeChildrenChanged {
		out = t.data.fire(e, path, out)
	}
	if e == wire.EventNodeChildrenChanged || e == wire.EventNodeDeleted {
		out = t.child.fire(e, path, out)
	}
	told := out[start:]
	slices.Sort(told)
	return out[:start+len(slices.Compact(told))]
}

// Has tells whether w watches path in a way of the given type.
func (t *Table) Has(w Watcher, path string, wt wire.WatcherType) bool {
	return wt != wire.WatcherChildren && t.data.byPath[path][w] != none ||
		wt != wire.WatcherData && t.child.byPath[path][w] != none
}

// Remove ends w's watches of the given type on path; false if there are none.
func (t *Table) Remove(w Watcher, path string, wt wire.WatcherType) bool {
	had := t.Has(w, path, wt)
	if wt != wire.WatcherChildren {
		t.data.set(w, path, none)
	}
	if wt != wire.WatcherData {
		t.child.set(w, path, none)
	}
	return had
}

// Drop ends all watches of w.
func (t *Table) Drop(w Watcher) {
	t.data.drop(w)
	t.child.drop(w)
}

// Counts are how many connections watch nodes, how many nodes are watched, and
// how many such watches there are. As in the original, watches on children
// alone are not counted.
func (t *Table) Counts() (watchers, paths, watches int) {
	return len(t.data.byWatcher), len(t.data.byPath), t.data.total
}

// Each calls f for every connection and node it watches, in no order.
func (t *Table) Each(f func(w Watcher, path string)) {
	for w, paths := range t.data.byWatcher {
		for p := range paths {
			f(w, p)
		}
	}
}
