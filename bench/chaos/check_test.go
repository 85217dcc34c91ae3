package chaos

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"troupe/bench/client"
	"troupe/wire"
)

// Each history stands for one that is right; each change makes it wrong in one
// way, which one check has to find, and no other.

// good is what three sessions may have seen.
func good() *Evidence {
	tree := Tree{
		"/chaos/made/1.1":               {Stat: wire.Stat{Czxid: 7}},
		"/chaos/numbered/n-0000000000":  {Stat: wire.Stat{Czxid: 8}},
		"/chaos/numbered/n-0000000001":  {Stat: wire.Stat{Czxid: 9}},
		"/chaos/made/of unknown end":    {},
		"/chaos/numbered/n-of somebody": {},
	}
	return &Evidence{
		Trees: map[string]Tree{"a": tree, "b": maps.Clone(tree), "c": maps.Clone(tree)},
		Ops: []Op{
			{Session: 1, Kind: Write, Path: "/r", Value: "x", Begun: 1, Ended: 5, Outcome: Done, Version: 1},
			{Session: 2, Kind: Read, Path: "/r", Begun: 2, Ended: 6, Outcome: Done, Got: "x", Version: 1},
			{Session: 3, Kind: Swap, Path: "/r", Value: "y", If: 1, Begun: 7, Ended: 9, Outcome: Done, Version: 2},
			{Session: 1, Kind: Peek, Path: "/r", Begun: 10, Ended: 11, Outcome: Done, Got: "x", Version: 1}, // behind, and may be
			{Session: 2, Kind: Swap, Path: "/r", Value: "z", If: 1, Begun: 10, Ended: 12, Outcome: Refused},
			{Session: 1, Kind: Write, Path: "/r", Value: "lost", Begun: 12, Ended: 20, Outcome: Unknown},
			{Session: 2, Kind: Read, Path: "/r", Begun: 21, Ended: 22, Outcome: Done, Got: "y", Version: 2},
			{Session: 3, Kind: Read, Path: "/r", Begun: 23, Ended: 24, Outcome: Done, Got: "lost", Version: 3}, // only now
			{Session: 3, Kind: Write, Path: "/r", Value: "never", Begun: 25, Ended: 26, Outcome: NotDone},
			{Session: 1, Kind: Create, Path: "/chaos/made/1.1", Begun: 30, Ended: 31, Outcome: Done},
			{Session: 1, Kind: Create, Path: "/chaos/made/of unknown end", Begun: 32, Ended: 33, Outcome: Unknown},
			{Session: 1, Kind: Create, Path: "/chaos/made/not made", Begun: 32, Ended: 33, Outcome: NotDone},
			{Session: 1, Kind: Sequence, Path: "/chaos/numbered/n-", Got: "/chaos/numbered/n-0000000000", Begun: 40, Ended: 41, Outcome: Done},
			{Session: 2, Kind: Sequence, Path: "/chaos/numbered/n-", Got: "/chaos/numbered/n-0000000001", Begun: 42, Ended: 43, Outcome: Done},
		},
	}
}

func TestCheck_Good(t *testing.T) {
	if found := check(good()); len(found) > 0 {
		t.Errorf("%+v", found)
	}
}

func TestCheck_FindsWhatIsWrong(t *testing.T) {
	node := func(e *Evidence, server, path string, change func(*Node)) {
		n := e.Trees[server][path]
		change(&n)
		e.Trees[server][path] = n
	}
	for _, c := range []struct {
		name, check string
		spoil       func(e *Evidence)
	}{
		{"a server does not come back", "returns", func(e *Evidence) { e.Stuck, e.Trees = errors.New("server.1 does not serve"), nil }},
		{"a read behind a sync is stale", "linearizable", func(e *Evidence) { e.Ops[6].Got, e.Ops[6].Version = "x", 1 }},
		{"a read shows what nobody wrote", "linearizable", func(e *Evidence) { e.Ops[1].Got = "w" }},
		{"a write is lost", "linearizable", func(e *Evidence) { e.Ops[0].Version = 1; e.Ops[2].Version = 1 }},
		{"a swap succeeds twice", "linearizable", func(e *Evidence) { e.Ops[4].Outcome, e.Ops[4].Version = Done, 2 }},
		{"a swap is refused without cause", "linearizable", func(e *Evidence) { e.Ops[2].Outcome = Refused; e.Ops[2].Version = 0 }},
		{"what was not done is done", "linearizable", func(e *Evidence) { e.Ops[5].Outcome = NotDone }},
		{"a session's view goes back", "monotonic", func(e *Evidence) {
			e.Ops = slices.Insert(e.Ops, 3, Op{Session: 1, Kind: Peek, Path: "/r", Begun: 9, Ended: 10, Outcome: Done, Got: "y", Version: 2})
		}},
		{"what was created is missing everywhere", "present", func(e *Evidence) {
			for _, tree := range e.Trees {
				delete(tree, "/chaos/made/1.1")
			}
		}},
		{"what got a number is missing everywhere", "present", func(e *Evidence) {
			for _, tree := range e.Trees {
				delete(tree, "/chaos/numbered/n-0000000001")
			}
		}},
		{"what was refused is there", "present", func(e *Evidence) {
			for _, tree := range e.Trees {
				tree["/chaos/made/not made"] = Node{}
			}
		}},
		{"a number is given twice", "sequence", func(e *Evidence) { e.Ops[13].Got = e.Ops[12].Got }},
		{"numbers go back", "sequence", func(e *Evidence) { e.Ops[12].Got, e.Ops[13].Got = e.Ops[13].Got, e.Ops[12].Got }},
		{"another znode is made", "sequence", func(e *Evidence) { e.Ops[12].Path = "/chaos/other" }},
		{"a server has other data", "equal", func(e *Evidence) {
			node(e, "c", "/chaos/made/1.1", func(n *Node) { n.Data = "x" })
		}},
		{"a server has another zxid", "equal", func(e *Evidence) {
			node(e, "b", "/chaos/made/1.1", func(n *Node) { n.Stat.Czxid++ })
		}},
		{"a server has one more", "equal", func(e *Evidence) { e.Trees["a"]["/chaos/more"] = Node{} }},
		{"an ephemeral is left", "ephemerals", func(e *Evidence) {
			for s := range e.Trees {
				node(e, s, "/chaos/made/1.1", func(n *Node) { n.Stat.EphemeralOwner = 1 })
			}
		}},
	} {
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
					file := filepath.Join(t.TempDir(), "picture.html")
					if err := v.Picture(file); err != nil {
						t.Error(err)
					}
					if info, err := os.Stat(file); err != nil || info.Size() == 0 {
						t.Errorf("no picture: %v", err)
					}
				}
			}
		})
	}
}

// TestOp_Settle: what is not known to be the one or the other is neither.
func TestOp_Settle(t *testing.T) {
	for _, c := range []struct {
		kind Kind
		err  error
		want Outcome
	}{
		{Write, nil, Done},
		{Write, client.ErrConnectionLost, Unknown},
		{Read, client.ErrConnectionLost, NotDone},
		{Write, errors.Join(client.ErrNotSent, client.ErrSessionExpired), NotDone},
		{Swap, wire.BadVersion, Refused},
		{Create, wire.NodeExists, NotDone},
	} {
		o := Op{Kind: c.kind}
		if o.settle(c.err); o.Outcome != c.want {
			t.Errorf("%s, %v: %s, not %s", c.kind, c.err, o.Outcome, c.want)
		}
	}
}

func TestPlan_OfOneSeedIsTheSame(t *testing.T) {
	faults := Defaults().Faults
	a, b := plan(1, faults, 10*time.Minute), plan(1, faults, 10*time.Minute)
	if !reflect.DeepEqual(a, b) {
		t.Error("two plans of one seed differ")
	}
	if reflect.DeepEqual(a, plan(2, faults, 10*time.Minute)) {
		t.Error("plans of two seeds do not")
	}
	seen, together := make(map[Fault]bool), 0
	for _, s := range a {
		seen[s.Fault] = true
		if s.With != "" {
			together++
			if s.With == s.Fault || s.With.info().alone || s.Fault.info().alone {
				t.Errorf("at once: %+v", s)
			}
		}
		if s.Calm < shortestCalm || s.Calm > longestCalm || s.Lasts < shortest || s.Lasts > longestPause || s.Lasts > longest && !s.Fault.info().pauses {
			t.Errorf("%+v", s)
		}
	}
	if together == 0 {
		t.Error("never two at once")
	}
	if len(seen) != len(faults) {
		t.Errorf("%d of %d faults in ten minutes", len(seen), len(faults))
	}
}

func TestGap(t *testing.T) {
	ops := []Op{
		{Kind: Write, Ended: 100, Outcome: Done},
		{Kind: Read, Ended: 150, Outcome: Done},
		{Kind: Write, Ended: 180, Outcome: Unknown},
		{Kind: Create, Ended: 300, Outcome: Done}, // 200 since the last
		{Kind: Swap, Ended: 350, Outcome: Refused},
		{Kind: Write, Ended: 700, Outcome: Done}, // 400, which ends after the span has
		{Kind: Write, Ended: 2000, Outcome: Done},
	}
	if got := gap(ops, 200, 500); got != 400 {
		t.Error(got)
	}
	if got := gap(ops, 150, 250); got != 200 {
		t.Error(got)
	}
	if got := gap(ops[:3], 200, 500); got != 400 {
		t.Errorf("%v, and nothing succeeded at all", got)
	}
}

// TestReport_OfAGoodRun holds what people look at.
func TestReport_OfAGoodRun(t *testing.T) {
	o := Defaults()
	events := []Event{{Fault: KillLeader, Hit: []int{2}, Begun: 3, Ended: 20, Served: 25}}
	seats := []Seat{{0, 2}, {4, 0}, {6, 3}, {8, 3}}
	r := newReport(&o, events, seats, nil, good())
	if r.Lasted != 43 || len(r.Rows) != 1 || r.Rows[0].Times != 1 || len(r.Violations) > 0 {
		t.Errorf("%+v", r)
	}
	want := []span{{0, 4, 2}, {4, 6, 0}, {6, 43, 3}}
	if got := spans(seats, r.Lasted); !slices.Equal(got, want) {
		t.Errorf("leaders %+v", got)
	}
	dir := t.TempDir()
	if err := r.Save(dir); err != nil {
		t.Fatal(err)
	}
	for name, words := range map[string]string{"report.txt": "linearizable  holds", "report.html": "kill-leader, server [2]",
		"report.json": `"seed": 1`, "history.jsonl": `"kind":"sequence"`} {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !strings.Contains(string(b), words) {
			t.Errorf("%s: no %q in %q, %v", name, words, b, err)
		}
	}
}

// TestComparison_OfRuns takes each run's longest, and the median of those.
func TestComparison_OfRuns(t *testing.T) {
	run := func(target string, gap float64) *Report {
		return &Report{Target: target, Rows: []Row{{Fault: KillLeader, Gap: 1, GapWorst: gap, Back: 1, BackWorst: 10 * gap}}}
	}
	c := Comparison{[]*Report{run("troupe", 30), run("apache", 500), run("troupe", 10), run("apache", 700), run("troupe", 20)}}
	var text strings.Builder
	if err := c.Write(&text); err != nil {
		t.Fatal(err)
	}
	want := []string{"kill-leader", "3", "20", "/", "30", "200", "/", "300", "700", "/", "700", "7000", "/", "7000"}
	if line := strings.Fields(strings.Split(text.String(), "\n")[2]); !slices.Equal(line, want) {
		t.Errorf("%q in\n%s", line, text.String())
	}
	if c.Violated() {
		t.Error("nothing was violated")
	}
	if c.Reports[3].Violations = []Violation{{}}; !c.Violated() {
		t.Error("a violation is overlooked")
	}
}

// TestWorker_EachServerHasOneOfItsOwn, and all others may go anywhere.
func TestWorker_EachServerHasOneOfItsOwn(t *testing.T) {
	c := &crowd{addrs: []string{"a", "b", "c"}}
	for place, want := range [][]string{{"a"}, {"b"}, {"c"}, {"a", "b", "c"}, {"b", "c", "a"}} {
		if got := (&worker{crowd: c, place: place}).servers(); !slices.Equal(got, want) {
			t.Errorf("%d: %q", place, got)
		}
	}
}

func TestOptions_Check(t *testing.T) {
	for name, spoil := range map[string]func(*Options){
		"target":        func(o *Options) { o.Target = "etcd" },
		"servers":       func(o *Options) { o.Servers = 2 },
		"fault":         func(o *Options) { o.Faults = []Fault{"rain"} },
		"no fault":      func(o *Options) { o.Faults = nil },
		"not on apache": func(o *Options) { o.Target, o.Faults = "apache", []Fault{FlipFollower} },
		"not there":     func(o *Options) { o.Network, o.Faults = Proxies, []Fault{Loss} },
		"time":          func(o *Options) { o.For = 0 },
	} {
		o := Defaults()
		if spoil(&o); o.check() == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if o := Defaults(); o.check() != nil {
		t.Error(o.check())
	}
}
