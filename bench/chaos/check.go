package chaos

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"troupe/wire"
)

// Node is a znode as a server has it at the end.
type Node struct {
	Data string
	Stat wire.Stat
	ACL  string
}

// Tree is a server's, by path.
type Tree map[string]Node

// Evidence is what checks look at.
type Evidence struct {
	Ops   []Op
	Seats []Seat
	Trees map[string]Tree // at the end, by server, all sessions being gone; nil if there was no such end
	// Sessions are the ids of those that servers have at the end, in order: those
	// that the trees were read with.
	Sessions map[string][]string
	Stuck    error    // what did not come back, so that the run was broken off
	Unsound  []string // what the servers' logs have of errors in the program
}

// Violation is something that must never be.
type Violation struct {
	Check string `json:"check"`
	What  string `json:"what"`
	// Picture draws a history that is not linearizable, as HTML.
	Picture func(path string) error `json:"-"`
}

// Check is something that must hold.
type Check struct {
	Name, Holds string
	find        func(*Evidence) []Violation
	atEnd       bool // it looks at trees
}

// Checks are all of them.
var Checks = []Check{
	{"returns", "all servers serve again after every fault, and sessions end when they are closed", returns, false},
	{"sound", "no server's log tells of an error in the program: an index out of range, a data race", sound, false},
	{"linearizable", "writes, and reads behind a sync, of each register are linearizable", linearizable, false},
	{"monotonic", "no session's view goes back, of one register or of several, whichever servers it asks", monotonic, false},
	{"sequence", "numbers of sequential znodes are given once, and in order", sequence, false},
	{"order", "what a session sends is committed in that order, and nothing is skipped", commitOrder, false},
	{"lifetimes", "ephemerals are there while their sessions live, and are gone from every server soon after", lifetimes, false},
	{"exclusive", "no lock has two holders, nor an election two leaders; zxids fence", exclusive, false},
	{"told", "no session sees a change before its watches, of all kinds, have told of it", told, false},
	{"atomic", "a multi is seen as a whole, or not at all", indivisible, false},
	{"whole", "of what a multi makes, all or nothing is on every server at the end", whole, true},
	{"present", "what was acknowledged is on every server at the end, and nothing that was refused", present, true},
	{"counters", "what is counted up by compare and set, and what stats count, is exact", counters, true},
	{"quotas", "what is counted for quotas is what is there, on every server", quotas, true},
	{"equal", "all servers' trees are equal at the end, in every field, ACLs and sessions included", equal, true},
	{"ephemerals", "no ephemeral is left at the end, when all sessions are gone", ephemerals, true},
}

// check runs all checks that there is evidence for.
func check(e *Evidence) (all []Violation) {
	for _, c := range Checks {
		for _, v := range c.find(e) {
			v.Check = c.Name
			all = append(all, v)
		}
	}
	return all
}

// returns tells what did not.
func returns(e *Evidence) []Violation {
	if e.Stuck == nil {
		return nil
	}
	return []Violation{{What: e.Stuck.Error()}}
}

// checkTime bounds the search for an order of a register's operations.
const checkTime = time.Minute

// register is what a register holds.
type register struct {
	version int32
	value   string
}

// next is what an operation that has been done or may have been leaves, and
// whether its answer is possible.
func (r register) next(o *Op) (bool, register) {
	written := register{r.version + 1, o.Value}
	switch o.Kind {
	case Read:
		return r == register{o.Version, o.Got}, r
	case Write:
		return o.Outcome == Unknown || o.Version == written.version, written
	}
	if o.If != r.version {
		return o.Outcome != Done, r
	}
	return o.Outcome != Refused && (o.Outcome == Unknown || o.Version == written.version), written
}

var model = porcupine.Model{
	Init: func() any { return register{} },
	Step: func(state, input, _ any) (bool, any) { return state.(register).next(input.(*Op)) },
	DescribeOperation: func(input, _ any) string {
		o := input.(*Op)
		return fmt.Sprintf("%s %s if %d: %s, %s at %d", o.Kind, o.Value, o.If, o.Outcome, o.Got, o.Version)
	},
	DescribeState: func(state any) string { return fmt.Sprintf("%+v", state) },
}

// linearizable looks for an order of the operations on each register that
// explains all answers. What may have been done may be done at any time later.
func linearizable(e *Evidence) (found []Violation) {
	registers := make(map[string][]porcupine.Operation)
	for i := range e.Ops {
		o := &e.Ops[i]
		if o.Kind != Read && o.Kind != Write && o.Kind != Swap || o.Outcome == NotDone {
			continue
		}
		until := int64(o.Ended)
		if o.Outcome == Unknown {
			until = math.MaxInt64
		}
		registers[o.Path] = append(registers[o.Path], porcupine.Operation{ClientId: o.Session, Input: o,
			Call: int64(o.Begun), Return: until})
	}
	for _, path := range slices.Sorted(maps.Keys(registers)) {
		switch result, info := porcupine.CheckOperationsVerbose(model, registers[path], checkTime); result {
		case porcupine.Illegal:
			found = append(found, Violation{What: path + ": no order of its operations explains their answers",
				Picture: func(file string) error { return porcupine.VisualizePath(model, info, file) }})
		case porcupine.Unknown:
			found = append(found, Violation{What: fmt.Sprintf("%s: not decided within %v", path, checkTime)})
		}
	}
	return found
}

// versioned are the operations on registers and counters.
var versioned = []Kind{Read, Peek, Write, Swap, Count}

// monotonic follows each session's view, its own writes included: of each register,
// and of all of them together, which must be as they were at one zxid or later.
func monotonic(e *Evidence) (found []Violation) {
	written := make(map[string][]wire.Zxid)
	for i := range e.Ops {
		if o := &e.Ops[i]; slices.Contains(versioned, o.Kind) && o.changes() && o.Outcome == Done {
			written[o.Path] = append(written[o.Path], o.Zxid)
		}
	}
	for _, zxids := range written {
		slices.Sort(zxids)
	}
	type view struct {
		session int
		path    string
	}
	versions := make(map[view]int32)
	newest := make(map[int]wire.Zxid)
	for _, o := range begun(e.Ops) { // a session that looks at registers does one thing at a time
		if o.Outcome != Done {
			continue
		}
		if slices.Contains(versioned, o.Kind) {
			v := view{o.Session, o.Path}
			if o.Version < versions[v] {
				found = append(found, Violation{What: fmt.Sprintf("session %d sees %s at version %d after %d (%s at %v)",
					o.Session, o.Path, o.Version, versions[v], o.Kind, o.Begun)})
			}
			versions[v] = max(versions[v], o.Version)
			zxids := written[o.Path]
			if i, _ := slices.BinarySearch(zxids, o.Zxid+1); i < len(zxids) && zxids[i] <= newest[o.Session] {
				found = append(found, Violation{What: fmt.Sprintf("session %d sees %s as it was at %v (%s at %v), after what was done at %v; it was written at %v",
					o.Session, o.Path, o.Zxid, o.Kind, o.Begun, newest[o.Session], zxids[i])})
			}
		}
		newest[o.Session] = max(newest[o.Session], o.Zxid)
	}
	return found
}

// begun sorts operations by their beginning.
func begun(ops []Op) []Op {
	return slices.SortedStableFunc(slices.Values(ops), func(a, b Op) int { return cmp.Compare(a.Begun, b.Begun) })
}

// present looks in each tree for what was created, and for what was deleted later.
func present(e *Evidence) (found []Violation) {
	cleared := fates(e.Ops)
	for _, server := range slices.Sorted(maps.Keys(e.Trees)) {
		tree := e.Trees[server]
		for i := range e.Ops {
			o := &e.Ops[i]
			path := o.Got
			if o.Kind == Create {
				path = o.Path
			} else if o.Kind != Sequence {
				continue
			}
			_, there := tree[path]
			fate := cleared[path]
			switch {
			case there && fate == Done:
				found = append(found, Violation{What: fmt.Sprintf("%s, created for session %d at %v and deleted later, is on %s", path, o.Session, o.Ended, server)})
			case o.Outcome == Done && !there && (fate == "" || fate == Refused):
				found = append(found, Violation{What: fmt.Sprintf("%s, created for session %d at %v, is not on %s", path, o.Session, o.Ended, server)})
			case o.Outcome == NotDone && o.Kind == Create && there:
				found = append(found, Violation{What: fmt.Sprintf("%s, which session %d was told at %v is not created, is on %s", path, o.Session, o.Ended, server)})
			}
		}
	}
	return found
}

// sequence compares the numbers of znodes that were asked for one after the other.
func sequence(e *Evidence) (found []Violation) {
	const digits = 10
	type given struct {
		number int64
		op     Op
	}
	by := make(map[string][]given)
	for _, o := range e.Ops {
		if o.Kind != Sequence || o.Outcome != Done {
			continue
		}
		n, err := strconv.ParseInt(o.Got[max(len(o.Got)-digits, 0):], 10, 64)
		if err != nil || !strings.HasPrefix(o.Got, o.Path) {
			found = append(found, Violation{What: fmt.Sprintf("%s was asked for, %s made", o.Path, o.Got)})
			continue
		}
		by[o.Path] = append(by[o.Path], given{n, o})
	}
	for path, all := range by {
		slices.SortFunc(all, func(a, b given) int { return cmp.Compare(a.number, b.number) })
		latest := time.Duration(-1) // the latest beginning of those with lower numbers
		for i, g := range all {
			if i > 0 && all[i-1].number == g.number {
				found = append(found, Violation{What: fmt.Sprintf("%s: number %d is given twice", path, g.number)})
			}
			if g.op.Ended < latest {
				found = append(found, Violation{What: fmt.Sprintf("%s: number %d was given at %v, a lower one asked for later", path, g.number, g.op.Ended)})
			}
			latest = max(latest, g.op.Begun)
		}
	}
	return found
}

// equal compares each server's tree and sessions with the first one's.
func equal(e *Evidence) (found []Violation) {
	servers := slices.Sorted(maps.Keys(e.Trees))
	for _, other := range servers[min(1, len(servers)):] {
		if a, b := e.Sessions[servers[0]], e.Sessions[other]; !slices.Equal(a, b) {
			found = append(found, Violation{What: fmt.Sprintf("%s has sessions %v, %s has %v", servers[0], a, other, b)})
		}
		a, b := e.Trees[servers[0]], e.Trees[other]
		paths := maps.Clone(a)
		maps.Copy(paths, b)
		for _, p := range slices.Sorted(maps.Keys(paths)) {
			x, inA := a[p]
			y, inB := b[p]
			if inA != inB || x != y {
				found = append(found, Violation{What: fmt.Sprintf("%s: %s has %v %+v, %s has %v %+v", p, servers[0], inA, x, other, inB, y)})
			}
		}
	}
	return found
}
