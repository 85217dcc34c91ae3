package failover

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"troupe/bench/process"
)

func TestMeasure(t *testing.T) {
	start := time.Unix(1000, 0)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	lost := errors.New("lost")
	s := measure([]write{
		{"a", at(-5000), at(-4990), nil},
		{"a", at(-900), at(-890), nil}, // a gap that began more than a second before counts where it ends
		{"a", at(-40), at(-20), nil},
		{"a", at(-30), at(-10), lost},
		{"a", at(-10), at(5), nil},
		{"b", at(-8), at(6), lost},
		{"a", at(-7), at(7), lost},
		{"b", at(2), at(305), nil},
		{"b", at(2500), at(2600), nil},
		{"b", at(2600), at(2610), nil},
	}, at(0), "a")
	want := Sample{Gap: 2295, Before: 4100, P99Before: 20, P99After: 303, Rate: 2, Lost: 1, Failed: 1}
	if s != want {
		t.Errorf("got  %+v\nwant %+v", s, want)
	}
	if n := successes([]write{{"", at(0), at(1), nil}, {"", at(0), at(2), lost}, {"", at(0), at(5), nil}}, at(0), at(3)); n != 1 {
		t.Errorf("%d writes succeeded", n)
	}
}

func TestOptions_Check(t *testing.T) {
	good := Defaults()
	if err := good.check(); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(o *Options){
		"target twice": func(o *Options) { o.Targets = []string{"troupe", "troupe"} },
		"target":       func(o *Options) { o.Targets = []string{"etcd"} },
		"fault":        func(o *Options) { o.Faults = []Fault{"rain"} },
		"no fault":     func(o *Options) { o.Faults = nil },
		"servers":      func(o *Options) { o.Servers = 2 },
		"lead":         func(o *Options) { o.Lead = time.Millisecond },
	} {
		o := Defaults()
		spoil(&o)
		if _, err := Run(t.Context(), o); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// TestRun_Smoke hurts a real ensemble once in every way. Its figures are not looked at.
func TestRun_Smoke(t *testing.T) {
	if testing.Short() {
		t.Skip("starts real servers")
	}
	binary, err := process.Build(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o := Defaults()
	o.Targets, o.Rounds, o.Znodes, o.Sessions = []string{"troupe"}, 1, 1500, 6
	o.Faults = []Fault{KillLeader, IsolateLeader, Restart}
	o.Lead, o.After, o.Away, o.Progress = second, second, 200*time.Millisecond, io.Discard
	o.Binary, o.Dir = binary, t.TempDir()
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var table, all bytes.Buffer
	if err := errors.Join(r.WriteMarkdown(&table), r.WriteJSON(&all)); err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(all.Bytes(), &back); err != nil || len(back.Rows) != len(o.Faults) {
		t.Fatalf("%d rows, %v", len(back.Rows), err)
	}
	for _, row := range back.Rows {
		s := row.Targets[0].Samples[0]
		if s.Gap <= 0 || s.Rate <= 0 || row.Fault == Restart && s.Start <= 0 {
			t.Errorf("%s: %+v", row.Fault, s)
		}
		if !strings.Contains(table.String(), "| "+string(row.Fault)+" | troupe |") {
			t.Errorf("%s is not in the table:\n%s", row.Fault, table.String())
		}
	}
}
