package client

import (
	"maps"
	"slices"

	"troupe/wire"
)

// setWatchesBytes bounds the paths in one setWatches2, well below the request
// limit of any server.
const setWatchesBytes = 128 << 10

type paths map[string]struct{}

func (p paths) addIf(wanted bool, path string) {
	if wanted {
		p[path] = struct{}{}
	}
}

func (p paths) has(path string) bool { _, ok := p[path]; return ok }

// watches are the watches a session has set and that are still to fire.
type watches struct{ data, exist, child, persistent, recursive paths }

func newWatches() watches {
	return watches{paths{}, paths{}, paths{}, paths{}, paths{}}
}

// replied keeps the watch that a request has set, or forgets those it removed.
func (w *watches) replied(req wire.Request, outcome error) {
	if r, ok := req.(*wire.Exists); ok && r.Watch && outcome == wire.NoNode {
		w.exist[r.Path] = struct{}{}
	}
	if outcome != nil {
		return
	}
	switch r := req.(type) {
	case *wire.Exists:
		w.data.addIf(r.Watch, r.Path)
	case *wire.GetData:
		w.data.addIf(r.Watch, r.Path)
	case *wire.GetChildren:
		w.child.addIf(r.Watch, r.Path)
	case *wire.AddWatch:
		w.persistent.addIf(r.Mode == wire.WatchPersistent, r.Path)
		w.recursive.addIf(r.Mode == wire.WatchPersistentRecursive, r.Path)
	case *wire.Watches:
		if r.Kind == wire.OpRemoveWatches {
			w.forget(r.Path, r.Type)
		}
	}
}

// of is where watches of a type are.
func (w *watches) of(kind wire.WatcherType) []paths {
	switch kind {
	case wire.WatcherChildren:
		return []paths{w.child}
	case wire.WatcherData:
		return []paths{w.data, w.exist}
	}
	return []paths{w.child, w.data, w.exist, w.persistent, w.recursive}
}

func (w *watches) forget(path string, kind wire.WatcherType) {
	for _, set := range w.of(kind) {
		delete(set, path)
	}
}

// WatchSet says which kinds of watches there are on a path. Data stands for those
// set by exists as well, also where the znode is not there.
type WatchSet struct{ Data, Child, Persistent, Recursive bool }

func (w *watches) on(path string) WatchSet {
	return WatchSet{Data: w.data.has(path) || w.exist.has(path), Child: w.child.has(path),
		Persistent: w.persistent.has(path), Recursive: w.recursive.has(path)}
}

// fired forgets the watches that an event has used up; persistent ones stay.
func (w *watches) fired(e wire.WatchEvent) {
	var used []paths
	switch e.Type {
	case wire.EventNodeCreated, wire.EventNodeDataChanged:
		used = w.of(wire.WatcherData)
	case wire.EventNodeDeleted:
		used = []paths{w.data, w.exist, w.child}
	case wire.EventNodeChildrenChanged:
		used = w.of(wire.WatcherChildren)
	}
	for _, set := range used {
		delete(set, e.Path)
	}
}

// requests are the setWatches2 that re-arm all watches; seen is the last zxid
// the client knows of, after which changes are told at once.
func (w *watches) requests(seen wire.Zxid) []wire.Request {
	var all []wire.Request
	var req *wire.SetWatches
	size := setWatchesBytes
	add := func(set paths, list func() *[]string) {
		for _, path := range slices.Sorted(maps.Keys(set)) {
			if size += 4 + len(path); size > setWatchesBytes {
				req = &wire.SetWatches{Kind: wire.OpSetWatches2, Relative: seen}
				all = append(all, req)
				size = 4 + len(path)
			}
			*list() = append(*list(), path)
		}
	}
	add(w.data, func() *[]string { return &req.Data })
	add(w.exist, func() *[]string { return &req.Exist })
	add(w.child, func() *[]string { return &req.Child })
	add(w.persistent, func() *[]string { return &req.Persistent })
	add(w.recursive, func() *[]string { return &req.Recursive })
	return all
}
