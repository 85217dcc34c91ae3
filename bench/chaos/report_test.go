package chaos

import (
	"errors"
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
		{Guard, wire.NoNode, Refused},
		{Look, wire.NoNode, Done},
		{Peek, wire.NoNode, NotDone},
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
			if s.With == s.Fault || s.With.info().has(alone) || s.Fault.info().has(alone) {
				t.Errorf("at once: %+v", s)
			}
		}
		if s.Calm < shortestCalm || s.Calm > longestCalm || s.Lasts < shortest || s.Lasts > longestPause || s.Lasts > longest && !s.Fault.info().has(pauses|silent) {
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

// TestEvent_Gap of a fault that leaves no server begins with its end.
func TestEvent_Gap(t *testing.T) {
	ops := []Op{
		{Kind: Write, Ended: 100, Outcome: Done},
		{Kind: Write, Ended: 900, Outcome: Done},
		{Kind: Write, Ended: 910, Outcome: Done},
	}
	for fault, want := range map[Fault]time.Duration{KillLeader: 800, KillAll: 200, PauseAll: 200} {
		if got := (&Event{Fault: fault, Begun: 101, Ended: 700, Served: 950}).gap(ops); got != want {
			t.Errorf("%s: %v", fault, got)
		}
	}
}

// TestReport_OfAGoodRun holds what people look at.
func TestReport_OfAGoodRun(t *testing.T) {
	const last = 38 * time.Second // of what good does
	o := Defaults()
	events := []Event{{Fault: KillLeader, Hit: []int{2}, Begun: 3, Ended: 20, Served: 25}}
	seats := []Seat{{0, 2}, {4, 0}, {6, 3}, {8, 3}}
	r := newReport(&o, events, seats, nil, good())
	if r.Lasted != last || len(r.Rows) != 1 || r.Rows[0].Times != 1 || len(r.Violations) > 0 {
		t.Errorf("%+v", r)
	}
	want := []span{{0, 4, 2}, {4, 6, 0}, {6, last, 3}}
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
		if got := (&worker{crowd: c, place: place, pinned: place < 3}).servers(); !slices.Equal(got, want) {
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

// TestScene_StartsAgainOnce holds for a server that two faults have ended.
func TestScene_StartsAgainOnce(t *testing.T) {
	s := &scene{}
	if got := s.fresh([]int{1, 2}); !slices.Equal(got, []int{1, 2}) {
		t.Error(got)
	}
	if got := s.fresh([]int{2, 0}); !slices.Equal(got, []int{0}) {
		t.Error(got)
	}
}

func TestFaulty_FindsErrorsInTheProgram(t *testing.T) {
	file := filepath.Join(t.TempDir(), "server.log")
	log := `{"level":"error","actor":"session","panic":"runtime error: slice bounds out of range [2:1]","stack":"goroutine 1"}
{"level":"error","actor":"txlog","panic":"transaction log: data directory is damaged","stack":"goroutine 2"}
WARNING: DATA RACE
{"level":"info","message":"session expired"}
`
	if err := os.WriteFile(file, []byte(log), 0o644); err != nil {
		t.Fatal(err)
	}
	found, err := faulty(file)
	if want := []string{`"panic":"runtime error: slice bounds out of range [2:1]`, "WARNING: DATA RACE"}; err != nil || !slices.Equal(found, want) {
		t.Errorf("%q, %v", found, err)
	}
}
