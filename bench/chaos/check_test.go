package chaos

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"troupe/wire"
)

// Each history stands for one that is right; each change makes it wrong in one
// way, which one check has to find, and no other.

func TestCheck_Good(t *testing.T) {
	if found := check(good()); len(found) > 0 {
		t.Errorf("%+v", found)
	}
}

// spoiling makes evidence wrong.
type spoiling struct {
	name, check string
	spoil       func(e *Evidence)
}

// node changes a znode of one server.
func node(e *Evidence, server, path string, change func(*Node)) {
	n := e.Trees[server][path]
	change(&n)
	e.Trees[server][path] = n
}

// everywhere changes all trees in the same way.
func everywhere(change func(Tree)) func(*Evidence) {
	return func(e *Evidence) {
		for _, tree := range e.Trees {
			change(tree)
			count(tree)
		}
	}
}

// on changes an operation.
func on(note string, change func(*Op)) func(*Evidence) {
	return func(e *Evidence) { change(e.op(note)) }
}

// never has an operation not happen.
func never(note string) func(*Evidence) {
	return func(e *Evidence) {
		e.Ops = slices.DeleteFunc(e.Ops, func(o Op) bool { return o.Error == note })
	}
}

var spoilings = []spoiling{
	{"a server does not come back", "returns", func(e *Evidence) { e.Stuck, e.Trees = errors.New("server.1 does not serve"), nil }},
	{"a session does not close", "returns", func(e *Evidence) { e.Stuck, e.Trees, e.Sessions = errors.New("session 1 does not close"), nil, nil }},

	{"an actor fails", "sound", func(e *Evidence) { e.Unsound = append(e.Unsound, "server.1: index out of range") }},
	{"an actor fails before servers do not come back", "sound", func(e *Evidence) { e.Unsound, e.Trees = append(e.Unsound, "server.1: nil map"), nil }},

	{"a read behind a sync is stale", "linearizable", func(e *Evidence) { e.Ops[6].Got, e.Ops[6].Version, e.Ops[6].Zxid = "x", 1, 1 }},
	{"a read shows what nobody wrote", "linearizable", func(e *Evidence) { e.Ops[1].Got = "w" }},
	{"a write is lost", "linearizable", func(e *Evidence) { e.Ops[0].Version = 1; e.Ops[2].Version = 1 }},
	{"a swap succeeds twice", "linearizable", func(e *Evidence) { e.Ops[4].Outcome, e.Ops[4].Version = Done, 2; e.Ops[4].Zxid = 2 }},
	{"a swap is refused without cause", "linearizable", func(e *Evidence) { e.Ops[2].Outcome = Refused; e.Ops[2].Version = 0 }},
	{"what was not done is done", "linearizable", func(e *Evidence) { e.Ops[5].Outcome = NotDone }},

	{"a session's view goes back", "monotonic", func(e *Evidence) {
		e.Ops = slices.Insert(e.Ops, 3, Op{Session: 1, Kind: Peek, Path: "/r", Begun: 9, Ended: 10, Outcome: Done, Got: "y", Version: 2, Zxid: 2})
	}},
	{"a session's view of another register goes back", "monotonic", func(e *Evidence) {
		e.Ops = slices.Insert(e.Ops, 3, Op{Session: 1, Kind: Peek, Path: "/s", Begun: 9, Ended: 10, Outcome: Done, Zxid: 4})
	}},

	{"a number is given twice", "sequence", func(e *Evidence) { e.Ops[13].Got = e.Ops[12].Got }},
	{"numbers go back", "sequence", func(e *Evidence) { e.Ops[12].Got, e.Ops[13].Got = e.Ops[13].Got, e.Ops[12].Got }},
	{"another znode is made", "sequence", func(e *Evidence) { e.Ops[12].Path = "/chaos/other" }},

	{"requests are committed in another order", "order", func(e *Evidence) {
		e.op("push 1").Zxid, e.op("stamp 2").Zxid = e.op("stamp 2").Zxid, e.op("push 1").Zxid
	}},
	{"a request of the last connection is done after one of this", "order", everywhere(func(t Tree) { t["/o/3"] = Node{Stat: wire.Stat{Czxid: 24}} })},
	{"a request is skipped", "order", everywhere(func(t Tree) { delete(t, "/o/3"); t["/o/4"] = Node{Stat: wire.Stat{Czxid: 22}} })},
	{"a request is refused, those behind it are done", "order", on("push 1", func(o *Op) { o.Outcome = NotDone })},

	{"a request is missing when it is deleted, those behind it are done", "order", on("clear push", func(o *Op) { o.Outcome = Refused })},

	{"an ephemeral is gone while its session lives", "lifetimes", on("living", func(o *Op) { o.Made = 0 })},
	{"an ephemeral outlives its session's closing", "lifetimes", on("closed", func(o *Op) { o.Made = 80 })},
	{"an ephemeral outlives its session's timeout", "lifetimes", on("left", func(o *Op) { o.Begun += 2 * time.Second; o.Ended = o.Begun })},
	{"there was no new leader that could be the cause", "lifetimes", func(e *Evidence) { e.Seats = e.Seats[:2] }},
	{"a session expires early", "lifetimes", on("dead", func(o *Op) { o.Ended -= 3 * time.Second })},

	{"a second holder before the first has left", "exclusive", on("hold 2", func(o *Op) { o.Begun, o.Ended = 92, 92 })},
	{"an earlier holder writes after a later one", "exclusive", on("guard 4", func(o *Op) { o.Begun, o.Ended, o.Outcome, o.Zxid = 94, 101, Done, 45 })},
	{"two write in turn", "exclusive", on("guard 2", func(o *Op) { o.Zxid = 45 })},

	{"a watch that fires once is missed", "told", never("once")},
	{"a watch fires after its data is seen", "told", on("once", func(o *Op) { o.Path = "/w/later" })},
	{"a watch for children is missed", "told", never("children")},
	{"a watch for a znode that is not there is missed", "told", never("created")},
	{"a persistent watch tells of one of two changes", "told", never("persistent")},
	{"a recursive watch is missed", "told", never("below")},

	{"a member is behind the others", "atomic", on("member b", func(o *Op) { o.Got, o.Version, o.Zxid = "first", 1, 30 })},
	{"a member has another history", "atomic", on("member b", func(o *Op) { o.Zxid = 32 })},
	{"a refused transaction is seen", "atomic", on("member b", func(o *Op) { o.Got, o.Version, o.Zxid = "doomed", 3, 33 })},

	{"one of a pair is missing", "whole", everywhere(func(t Tree) { delete(t, pairs+"/seconda") })},
	{"both of a pair are missing", "whole", everywhere(func(t Tree) { delete(t, pairs+"/firsta"); delete(t, pairs+"/firstb") })},
	{"what was refused is there", "whole", everywhere(func(t Tree) { t[pairs+"/doomeda"], t[pairs+"/doomedb"] = Node{}, Node{} })},
	{"a pair is made in two transactions", "whole", everywhere(func(t Tree) { t[pairs+"/seconda"] = Node{Stat: wire.Stat{Czxid: 99}} })},

	{"a pair is missing when it is deleted", "whole", on("clear pair", func(o *Op) { o.Outcome = Refused })},
	{"a pair that was deleted is there again", "whole", everywhere(func(t Tree) { t[pairs+"/olda"], t[pairs+"/oldb"] = Node{}, Node{} })},

	{"what was created is missing everywhere", "present", everywhere(func(t Tree) { delete(t, "/chaos/made/1.1") })},
	{"what got a number is missing everywhere", "present", everywhere(func(t Tree) { delete(t, "/chaos/numbered/n-0000000001") })},
	{"what was not made is there", "present", everywhere(func(t Tree) { t["/chaos/made/not made"] = Node{} })},

	{"what was created is missing when it is deleted", "present", on("clear", func(o *Op) { o.Outcome = Refused })},
	{"what was deleted is there again", "present", everywhere(func(t Tree) { t["/chaos/made/old"] = Node{} })},

	{"a count is lost", "counters", everywhere(func(t Tree) { t[counter] = Node{Data: "1", Stat: wire.Stat{Version: 1}} })},
	{"one counts twice", "counters", everywhere(func(t Tree) { t[counter] = Node{Data: "4", Stat: wire.Stat{Version: 4}} })},
	{"two count to the same", "counters", on("count 3", func(o *Op) { o.Outcome, o.Version, o.Value, o.Zxid = Done, 2, "2", 71 })},
	{"a stat counts one child too many", "counters", func(e *Evidence) {
		for s := range e.Trees {
			node(e, s, quotaed, func(n *Node) { n.Stat.NumChildren++ })
		}
	}},

	{"a quota counts too few", "quotas", everywhere(func(t Tree) { t[quotaRoot+quotaed+statsName] = Node{Data: "count=1,bytes=3"} })},
	{"a quota's bytes are wrong", "quotas", everywhere(func(t Tree) { t[quotaed+"/1"] = Node{Data: "xx"} })},

	{"a server has other data", "equal", func(e *Evidence) {
		node(e, "c", counter, func(n *Node) { n.Stat.Mtime++ })
	}},
	{"a server has another zxid", "equal", func(e *Evidence) {
		node(e, "b", "/chaos/made/1.1", func(n *Node) { n.Stat.Czxid++ })
	}},
	{"a server has another ACL", "equal", func(e *Evidence) {
		node(e, "b", "/chaos/made/1.1", func(n *Node) { n.ACL = "[]" })
	}},
	{"a server has one more", "equal", func(e *Evidence) { e.Trees["a"]["/more"] = Node{} }},
	{"a server has a session that the others have not", "equal", func(e *Evidence) { e.Sessions["b"] = append(e.Sessions["b"], "0x3") }},

	{"an ephemeral is left", "ephemerals", func(e *Evidence) {
		for s := range e.Trees {
			node(e, s, "/chaos/made/1.1", func(n *Node) { n.Stat.EphemeralOwner = 1 })
		}
	}},
	{"an ephemeral is made last", "ephemerals", everywhere(func(t Tree) { t["/late"] = Node{Stat: wire.Stat{EphemeralOwner: 2}} })},
}

func TestCheck_FindsWhatIsWrong(t *testing.T) {
	for _, c := range spoilings {
		t.Run(c.name, func(t *testing.T) {
			e := good()
			c.spoil(e)
			found := check(e)
			if len(found) == 0 {
				t.Fatal("nothing found")
			}
			for _, v := range found {
				if v.Check != c.check {
					t.Errorf("found by %s: %s", v.Check, v.What)
				}
				if v.Picture != nil {
					drawn(t, v)
				}
			}
		})
	}
}

func drawn(t *testing.T, v Violation) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "picture.html")
	if err := v.Picture(file); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(file); err != nil || info.Size() == 0 {
		t.Errorf("no picture: %v", err)
	}
}

// TestCheck_EachIsSpoilt: every check finds something here, in two ways at least.
func TestCheck_EachIsSpoilt(t *testing.T) {
	ways := make(map[string]int)
	for _, s := range spoilings {
		ways[s.check]++
	}
	for _, c := range Checks {
		if ways[c.Name] < 2 {
			t.Errorf("%s has to find %d", c.Name, ways[c.Name])
		}
	}
}
