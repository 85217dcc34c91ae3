package chaos

import (
	"maps"
	"time"

	"troupe/wire"
)

// good is what some sessions may have seen: a run in which nothing is wrong.
func good() *Evidence {
	tree := Tree{
		"/chaos/made/1.1":               {Stat: wire.Stat{Czxid: 7}, ACL: "[{31 {world anyone}}]"},
		"/chaos/made/of unknown end":    {},
		"/chaos/numbered/n-0000000000":  {Stat: wire.Stat{Czxid: 8}},
		"/chaos/numbered/n-0000000001":  {Stat: wire.Stat{Czxid: 9}},
		"/chaos/numbered/n-of somebody": {},
	}
	e := &Evidence{
		Sessions: map[string][]string{"a": {"0x1", "0x2"}, "b": {"0x1", "0x2"}, "c": {"0x1", "0x2"}},
		Seats:    []Seat{{0, 1}, {1 * time.Second, 1}},
		Ops: []Op{
			{Session: 1, Kind: Write, Path: "/r", Value: "x", Begun: 1, Ended: 5, Outcome: Done, Version: 1, Zxid: 1},
			{Session: 2, Kind: Read, Path: "/r", Begun: 2, Ended: 6, Outcome: Done, Got: "x", Version: 1, Zxid: 1},
			{Session: 3, Kind: Swap, Path: "/r", Value: "y", If: 1, Begun: 7, Ended: 9, Outcome: Done, Version: 2, Zxid: 2},
			{Session: 1, Kind: Peek, Path: "/r", Begun: 10, Ended: 11, Outcome: Done, Got: "x", Version: 1, Zxid: 1}, // behind, and may be
			{Session: 2, Kind: Swap, Path: "/r", Value: "z", If: 1, Begun: 10, Ended: 12, Outcome: Refused},
			{Session: 1, Kind: Write, Path: "/r", Value: "lost", Begun: 12, Ended: 20, Outcome: Unknown},
			{Session: 2, Kind: Read, Path: "/r", Begun: 21, Ended: 22, Outcome: Done, Got: "y", Version: 2, Zxid: 2},
			{Session: 3, Kind: Read, Path: "/r", Begun: 23, Ended: 24, Outcome: Done, Got: "lost", Version: 3, Zxid: 3}, // only now
			{Session: 3, Kind: Write, Path: "/r", Value: "never", Begun: 25, Ended: 26, Outcome: NotDone},
			{Session: 1, Kind: Create, Path: "/chaos/made/1.1", Begun: 30, Ended: 31, Outcome: Done, Zxid: 7},
			{Session: 1, Kind: Create, Path: "/chaos/made/of unknown end", Begun: 32, Ended: 33, Outcome: Unknown},
			{Session: 1, Kind: Create, Path: "/chaos/made/not made", Begun: 32, Ended: 33, Outcome: NotDone},
			{Session: 1, Kind: Sequence, Path: "/chaos/numbered/n-", Got: "/chaos/numbered/n-0000000000", Begun: 40, Ended: 41, Outcome: Done, Zxid: 8},
			{Session: 2, Kind: Sequence, Path: "/chaos/numbered/n-", Got: "/chaos/numbered/n-0000000001", Begun: 42, Ended: 43, Outcome: Done, Zxid: 9},
		},
	}
	for _, add := range []func(*Evidence, Tree){sentInOrder, transacted, held, toldOf, counted, lived, cleared} {
		add(e, tree)
	}
	count(tree)
	e.Trees = map[string]Tree{"a": tree, "b": maps.Clone(tree), "c": maps.Clone(tree)}
	return e
}

// count makes a tree's stats right.
func count(tree Tree) {
	for p, z := range tree {
		z.Stat.NumChildren, z.Stat.DataLength = 0, int32(len(z.Data))
		for other := range tree {
			if parent, _ := wire.SplitPath(other); parent == p {
				z.Stat.NumChildren++
			}
		}
		tree[p] = z
	}
}

// op has the index of an operation by its note.
func (e *Evidence) op(note string) *Op {
	for i := range e.Ops {
		if e.Ops[i].Error == note {
			return &e.Ops[i]
		}
	}
	panic("no operation " + note)
}

// sentInOrder: session 10 loses its connection with two requests under way, one of
// which was done.
func sentInOrder(e *Evidence, tree Tree) {
	e.Ops = append(e.Ops,
		Op{Session: 10, Kind: Push, Path: "/o/1", Conn: 1, Nth: 1, Begun: 50, Ended: 60, Outcome: Done, Zxid: 20, Error: "push 1"},
		Op{Session: 10, Kind: Stamp, Path: "/o", Conn: 1, Nth: 2, Begun: 50, Ended: 61, Outcome: Done, Zxid: 21, Error: "stamp 2"},
		Op{Session: 10, Kind: Push, Path: "/o/3", Conn: 1, Nth: 3, Begun: 50, Ended: 62, Outcome: Unknown, Error: "push 3"},
		Op{Session: 10, Kind: Push, Path: "/o/4", Conn: 1, Nth: 4, Begun: 50, Ended: 62, Outcome: Unknown, Error: "push 4"},
		Op{Session: 10, Kind: Push, Path: "/o/5", Conn: 2, Nth: 5, Begun: 63, Ended: 64, Outcome: Done, Zxid: 23, Error: "push 5"})
	tree["/o/1"], tree["/o/3"], tree["/o/5"] = Node{Stat: wire.Stat{Czxid: 20}}, Node{Stat: wire.Stat{Czxid: 22}}, Node{Stat: wire.Stat{Czxid: 23}}
}

// transacted: one is done, one is refused, one is unknown and was done, and one is
// unknown and was not.
func transacted(e *Evidence, tree Tree) {
	e.Ops = append(e.Ops,
		Op{Session: 20, Kind: Group, Path: "/g", Value: "first", Begun: 70, Ended: 71, Outcome: Done, Version: 1, Zxid: 30, Error: "group 1"},
		Op{Session: 20, Kind: Doomed, Path: "/g", Value: "doomed", Begun: 72, Ended: 73, Outcome: Refused, Error: "doomed"},
		Op{Session: 21, Kind: Group, Path: "/g", Value: "second", Begun: 74, Ended: 75, Outcome: Unknown, Error: "group 2"},
		Op{Session: 21, Kind: Group, Path: "/g", Value: "third", Begun: 75, Ended: 76, Outcome: Unknown},
		Op{Session: 20, Kind: Member, Path: "/g/a", Begun: 77, Ended: 78, Outcome: Done, Got: "second", Version: 2, Zxid: 31, Error: "member a"},
		Op{Session: 20, Kind: Member, Path: "/g/b", Begun: 79, Ended: 80, Outcome: Done, Got: "second", Version: 2, Zxid: 31, Error: "member b"})
	for value, zxid := range map[string]wire.Zxid{"first": 30, "second": 31} {
		for _, p := range pair(&Op{Value: value}) {
			tree[p] = Node{Stat: wire.Stat{Czxid: zxid}}
		}
	}
}

// held: one after the other.
func held(e *Evidence, _ Tree) {
	e.Ops = append(e.Ops,
		Op{Session: 30, Kind: Hold, Path: "/lock", Begun: 90, Ended: 90, Outcome: Done, Made: 40, Error: "hold 1"},
		Op{Session: 30, Kind: Guard, Path: "/lock", Begun: 91, Ended: 92, Outcome: Done, Made: 40, Zxid: 41, Error: "guard 1"},
		Op{Session: 30, Kind: Guard, Path: "/lock", Begun: 93, Ended: 99, Outcome: Done, Made: 40, Zxid: 42, Error: "guard 2"},
		Op{Session: 31, Kind: Hold, Path: "/lock", Begun: 95, Ended: 95, Outcome: Done, Made: 43, Error: "hold 2"}, // the answer before took so long
		Op{Session: 31, Kind: Guard, Path: "/lock", Begun: 96, Ended: 97, Outcome: Done, Made: 43, Zxid: 44, Error: "guard 3"},
		Op{Session: 30, Kind: Guard, Path: "/lock", Begun: 100, Ended: 101, Outcome: Refused, Made: 40, Error: "guard 4"})
}

// toldOf: a watch of each kind fires before the change is seen.
func toldOf(e *Evidence, _ Tree) {
	ops := []Op{
		{Kind: Follow, Path: "/w/f", Value: "persistent"},
		{Kind: Follow, Path: "/w/below", Value: "recursive"},
		{Kind: Watch, Path: "/w/1", Value: ofData, Zxid: 50, Made: 50},
		{Kind: Watch, Path: "/w", Value: ofChildren, Zxid: 50, Made: 1},
		{Kind: Watch, Path: "/w/none", Value: ofData},
		{Kind: See, Path: "/w/1", Value: ofData, Zxid: 50, Made: 50},
		{Kind: Fired, Path: "/w/1", Value: "changed", Error: "once"},
		{Kind: See, Path: "/w/1", Value: ofData, Zxid: 51, Made: 50, Version: 1},
		{Kind: See, Path: "/w/1", Value: ofData, Zxid: 52, Made: 50, Version: 2}, // nothing is watched any more
		{Kind: Fired, Path: "/w", Value: "children", Error: "children"},
		{Kind: See, Path: "/w", Value: ofChildren, Zxid: 53, Made: 1},
		{Kind: Fired, Path: "/w/none", Value: "created", Error: "created"},
		{Kind: Make, Path: "/w/none", Value: "text", Zxid: 54, Made: 54},
		{Kind: See, Path: "/w/f", Value: ofData, Zxid: 55, Made: 3, Version: 5},
		{Kind: Fired, Path: "/w/f", Value: "changed", Error: "persistent"},
		{Kind: Fired, Path: "/w/f", Value: "changed"},
		{Kind: See, Path: "/w/f", Value: ofData, Zxid: 57, Made: 3, Version: 7},
		{Kind: See, Path: "/w/below/1", Value: ofData},
		{Kind: Fired, Path: "/w/below/1", Value: "created", Error: "below"},
		{Kind: See, Path: "/w/below/1", Value: ofData, Zxid: 58, Made: 58},
		{Kind: Lost},
		{Kind: See, Path: "/w/below/1", Value: ofData, Zxid: 60, Made: 60}, // changed in between
		{Kind: See, Path: "/w/f", Value: ofData, Zxid: 61, Made: 3, Version: 9},
	}
	for i := range ops {
		at := 110 + time.Duration(i)
		ops[i].Session, ops[i].Begun, ops[i].Ended, ops[i].Outcome = 40, at, at, Done
	}
	e.Ops = append(e.Ops, ops...)
}

// counted: twice, and perhaps once more.
func counted(e *Evidence, tree Tree) {
	e.Ops = append(e.Ops,
		Op{Session: 50, Kind: Count, Path: counter, Value: "1", Begun: 140, Ended: 141, Outcome: Done, Version: 1, Zxid: 70, Error: "count 1"},
		Op{Session: 51, Kind: Count, Path: counter, Value: "2", If: 1, Begun: 142, Ended: 143, Outcome: Done, Version: 2, Zxid: 71},
		Op{Session: 51, Kind: Count, Path: counter, Value: "2", If: 1, Begun: 144, Ended: 145, Outcome: Refused},
		Op{Session: 51, Kind: Count, Path: counter, Value: "3", If: 2, Begun: 146, Ended: 147, Outcome: Unknown, Error: "count 3"})
	tree[counter] = Node{Data: "3", Stat: wire.Stat{Version: 3}}
	tree[quotaed] = Node{}
	tree[quotaed+"/1"] = Node{Data: "xxx"}
	tree[quotaed+"more"] = Node{Data: "not under it"}
	tree[quotaRoot+quotaed+statsName] = Node{Data: "count=2,bytes=3"}
}

// lived: session 60 is closed, 61 leaves itself to its timeout while the leader
// changes, and 62 expires.
func lived(e *Evidence, _ Tree) {
	const s = time.Second
	e.Seats = append(e.Seats, Seat{20 * s, 0}, Seat{21 * s, 2})
	see := func(path string, at time.Duration, made wire.Zxid, note string) Op {
		return Op{Session: 63, Server: "b", Kind: Look, Path: path, Begun: at, Ended: at + s/10, Outcome: Done, Made: made, Error: note}
	}
	e.Ops = append(e.Ops,
		Op{Session: 60, Kind: Live, Path: "/l/60", Timeout: 4 * s, Begun: 10 * s, Ended: 11 * s, Outcome: Done, Zxid: 80},
		see("/l/60", 12*s, 80, "living"),
		Op{Session: 60, Kind: Close, Begun: 13 * s, Ended: 14 * s, Outcome: Done},
		see("/l/60", 13*s, 80, "closing"),
		see("/l/60", 15*s, 0, "closed"),
		Op{Session: 61, Kind: Live, Path: "/l/61", Timeout: 4 * s, Begun: 15 * s, Ended: 15 * s, Outcome: Done, Zxid: 81},
		Op{Session: 61, Kind: Drop, Begun: 16 * s, Ended: 16 * s, Outcome: Done},
		see("/l/61", 28*s, 81, "left"), // 12 s after, but 7 s after a new leader
		see("/l/61", 31*s, 0, "gone"),
		Op{Session: 62, Kind: Live, Path: "/l/62", Timeout: 4 * s, Begun: 31 * s, Ended: 31 * s, Outcome: Done, Zxid: 82},
		see("/l/62", 32*s, 82, "alive"),
		Op{Session: 62, Kind: Dead, Begun: 36 * s, Ended: 36 * s, Outcome: Done, Error: "dead"},
		see("/l/62", 37*s, 0, ""),
		Op{Session: 63, Kind: Live, Path: "/l/63", Timeout: 4 * s, Begun: 38 * s, Ended: 38 * s, Outcome: Unknown})
}

// cleared: what was made is deleted later, and of what was of unknown end, that it
// had been made is learnt then, or that it had not.
func cleared(e *Evidence, _ Tree) {
	e.Ops = append(e.Ops,
		Op{Session: 70, Kind: Create, Path: "/chaos/made/old", Begun: 150, Ended: 151, Outcome: Done, Zxid: 90},
		Op{Session: 70, Kind: Clear, Path: "/chaos/made/old", Begun: 152, Ended: 153, Outcome: Done, Error: "clear"},
		Op{Session: 70, Kind: Create, Path: "/chaos/made/never", Begun: 150, Ended: 151, Outcome: Unknown},
		Op{Session: 70, Kind: Clear, Path: "/chaos/made/never", Begun: 154, Ended: 155, Outcome: Refused},
		Op{Session: 70, Kind: Group, Path: "/h", Value: "old", Begun: 156, Ended: 157, Outcome: Done, Version: 1, Zxid: 91},
		Op{Session: 70, Kind: Clear, Path: pairs + "/old", Begun: 158, Ended: 159, Outcome: Done, Error: "clear pair"},
		Op{Session: 71, Kind: Push, Path: "/o/a", Conn: 1, Nth: 1, Begun: 160, Ended: 161, Outcome: Unknown},
		Op{Session: 71, Kind: Push, Path: "/o/b", Conn: 1, Nth: 2, Begun: 160, Ended: 161, Outcome: Done, Zxid: 92},
		Op{Session: 71, Kind: Clear, Path: "/o/a", Begun: 162, Ended: 163, Outcome: Done, Error: "clear push"},
		Op{Session: 71, Kind: Clear, Path: "/o/b", Begun: 162, Ended: 163, Outcome: Unknown})
}
