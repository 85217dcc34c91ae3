package watch

import "troupe/wire"

func (k Kind) oneShot() bool { return k == Data || k == Child }

// index is one of the two indexes of a Table.
type index struct {
	byPath    map[string]map[Watcher]Kind
	byWatcher map[Watcher]map[string]struct{}
	recursive int // entries with Recursive: without any, nobody walks to the root
	total     int
}

func newIndex() index {
	return index{byPath: make(map[string]map[Watcher]Kind), byWatcher: make(map[Watcher]map[string]struct{})}
}

// set makes k the way in which w watches path.
func (x *index) set(w Watcher, path string, k Kind) {
	at := x.byPath[path]
	old := at[w]
	if k == old {
		return
	}
	if k == Recursive {
		x.recursive++
	}
	if old == Recursive {
		x.recursive--
	}
	if k == none {
		x.remove(at, w, path)
		return
	}
	if at == nil {
		at = make(map[Watcher]Kind, 1)
		x.byPath[path] = at
	}
	at[w] = k
	if old != none {
		return
	}
	x.total++
	paths := x.byWatcher[w]
	if paths == nil {
		paths = make(map[string]struct{}, 1)
		x.byWatcher[w] = paths
	}
	paths[path] = struct{}{}
}

func (x *index) remove(at map[Watcher]Kind, w Watcher, path string) {
	x.total--
	if delete(at, w); len(at) == 0 {
		delete(x.byPath, path)
	}
	paths := x.byWatcher[w]
	if delete(paths, path); len(paths) == 0 {
		delete(x.byWatcher, w)
	}
}

func (x *index) drop(w Watcher) {
	for path := range x.byWatcher[w] {
		x.set(w, path, none)
	}
}

// fire appends those who watch path, or an ancestor recursively; some may be
// there twice. Recursive watches are not told of NodeChildrenChanged.
func (x *index) fire(e wire.EventType, path string, out []Watcher) []Watcher {
	for w, k := range x.byPath[path] {
		if k == Recursive && e == wire.EventNodeChildrenChanged {
			continue
		}
		out = append(out, w)
		if k.oneShot() {
			x.set(w, path, none)
		}
	}
	if x.recursive == 0 || e == wire.EventNodeChildrenChanged {
		return out
	}
	for p, _ := wire.SplitPath(path); p != ""; p, _ = wire.SplitPath(p) {
		for w, k := range x.byPath[p] {
			if k == Recursive {
				out = append(out, w)
			}
		}
	}
	return out
}
