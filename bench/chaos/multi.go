package chaos

import (
	"fmt"
	"maps"
	"slices"

	"troupe/bench/client"
	"troupe/wire"
)

// A transaction writes one text to all members of a group, and makes a pair of
// znodes that nobody else makes. Nothing else writes to them: all members have the
// same history, and of each pair there are both or none.

const (
	pairs  = root + "/pairs"
	groups = 3
)

var members = []string{"/a", "/b", "/c"}

func groupPath(g int) string { return fmt.Sprintf("%s/group%d", root, g) }

func groupPaths() (paths []string) {
	for g := range groups {
		paths = append(paths, groupPath(g))
		for _, m := range members {
			paths = append(paths, groupPath(g)+m)
		}
	}
	return paths
}

// group is a transaction, one that must fail, or a read.
func (w *worker) group() Op {
	path := groupPath(w.rnd.IntN(groups))
	switch n := w.rnd.IntN(8); n {
	case 0:
		return Op{Kind: Doomed, Path: path, Value: w.fresh()}
	case 1, 2, 3:
		return Op{Kind: Group, Path: path, Value: w.fresh()}
	}
	return Op{Kind: Member, Path: path + members[w.rnd.IntN(len(members))]}
}

func (o *Op) transaction() wire.Request {
	const never = 1 << 30 // no version gets there
	m := &wire.Multi{}
	for _, member := range members {
		m.Ops = append(m.Ops, &wire.SetData{Path: o.Path + member, Data: []byte(o.Value), Version: client.AnyVersion})
	}
	for _, p := range pair(o) {
		m.Ops = append(m.Ops, &wire.Create{Kind: wire.OpCreate, Path: p, ACL: wire.OpenACL})
	}
	if o.Kind == Doomed {
		m.Ops = append(m.Ops, &wire.Check{Path: o.Path, Version: never})
	}
	return m
}

// pair is what a transaction makes.
func pair(o *Op) []string { return []string{pairs + "/" + o.Value + "a", pairs + "/" + o.Value + "b"} }

// indivisible looks for a transaction that was seen in part.
func indivisible(e *Evidence) (found []Violation) {
	type state struct {
		group   string
		version int32
	}
	type content struct {
		zxid  wire.Zxid
		value string
	}
	is := make(map[state]content) // what all members of a group have at a version
	meant := make(map[string]bool)
	type view struct {
		session int
		group   string
	}
	seen := make(map[view]int32)
	for i := range e.Ops {
		if o := &e.Ops[i]; o.Kind == Group && o.Outcome != Refused && o.Outcome != NotDone {
			meant[o.Value] = true
		}
	}
	for _, o := range begun(e.Ops) {
		value, group := o.Value, o.Path
		switch {
		case o.Kind == Doomed && o.Outcome == Done:
			found = append(found, Violation{What: fmt.Sprintf("%s of session %d is done, though a part of it cannot be", o.Value, o.Session)})
			continue
		case o.Outcome != Done || o.Kind != Group && o.Kind != Member:
			continue
		case o.Kind == Member:
			value, group = o.Got, o.Path[:len(o.Path)-len(members[0])]
		}
		at, now := state{group, o.Version}, content{o.Zxid, value}
		if was, known := is[at]; o.Version > 0 && known && was != now {
			found = append(found, Violation{What: fmt.Sprintf("%s at version %d is %v for session %d, and %v for another", o.Path, o.Version, now, o.Session, was)})
		}
		is[at] = now
		if value != "" && !meant[value] {
			found = append(found, Violation{What: fmt.Sprintf("session %d reads %q in %s, of a transaction that was refused", o.Session, value, o.Path)})
		}
		v := view{o.Session, group}
		if o.Version < seen[v] {
			found = append(found, Violation{What: fmt.Sprintf("session %d sees %s at version %d, after another member at %d", o.Session, o.Path, o.Version, seen[v])})
		}
		seen[v] = max(seen[v], o.Version)
	}
	return found
}

// whole looks for pairs of which there is one, and for what should be there, or
// should not.
func whole(e *Evidence) (found []Violation) {
	cleared := fates(e.Ops)
	for _, server := range slices.Sorted(maps.Keys(e.Trees)) {
		tree := e.Trees[server]
		for i := range e.Ops {
			o := &e.Ops[i]
			if o.Kind != Group && o.Kind != Doomed {
				continue
			}
			a, first := tree[pair(o)[0]]
			b, second := tree[pair(o)[1]]
			fate := cleared[o.makes()]
			switch {
			case first != second || a.Stat.Czxid != b.Stat.Czxid,
				first && (o.Kind == Doomed || o.Outcome == Refused || o.Outcome == NotDone || fate == Done),
				!first && o.Kind == Group && o.Outcome == Done && (fate == "" || fate == Refused):
				found = append(found, Violation{What: fmt.Sprintf("of %s of session %d, %s at %v, there are on %s: %v, with zxid %v, and %v, with %v",
					o.Value, o.Session, o.Outcome, o.Ended, server, first, a.Stat.Czxid, second, b.Stat.Czxid)})
			}
		}
	}
	return found
}
