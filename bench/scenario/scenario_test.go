package scenario

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"troupe/bench/process"
)

func TestRow(t *testing.T) {
	r := &Report{Ensemble: 1}
	for _, v := range []float64{30, 10, 20} {
		r.add("fan-out", "troupe", []Figure{{"last of 1000 told", "ms", v}})
		r.add("fan-out", "apache", []Figure{{"last of 1000 told", "ms", 4 * v}, {"something else", "ms", v}})
	}
	if len(r.Rows) != 2 || math.Abs(r.Rows[0].Ratio()-0.25) > 1e-9 || r.Rows[1].Ratio() != 0 {
		t.Fatalf("%+v", r.Rows)
	}
	for scale, want := range map[float64]string{1: "<= 0.33: met", 10: "<= 0.33: not met"} {
		row := Row{"fan-out", "last of 1000 told", "ms", map[string][]float64{"troupe": {10 * scale}, "apache": {40}}}
		if row.wanted() != want {
			t.Errorf("%q, not %q", row.wanted(), want)
		}
	}
	for ceiling, want := range map[float64]string{11: "<= 0.33: not met", 12: "<= 0.33, or 60 % of the ceiling: met"} {
		row := Row{"fan-out", "last of 1000 told", "ms", map[string][]float64{"troupe": {20}, "apache": {40}, "ceiling": {ceiling}}}
		if row.wanted() != want {
			t.Errorf("%q, not %q", row.wanted(), want)
		}
	}
	if aim, is := (&Row{Scenario: "checkpoints", Name: "1000000 znodes, 9 sets/s: p99.9"}).aim(); !is || aim != 0.2 {
		t.Errorf("aim %v, %v", aim, is)
	}
	if w := r.Rows[1].wanted(); w != "-" {
		t.Errorf("wanted: %q", w)
	}
	var b bytes.Buffer
	if err := r.WriteMarkdown(&b); err != nil || !strings.Contains(b.String(), "| fan-out | last of 1000 told, ms | 20.0 (10.0 to 30.0) | 80.0 (40.0 to 120) | - | 0.25 | - | <= 0.33: met |") {
		t.Errorf("%v: %s", err, &b)
	}
}

func TestOptions_Check(t *testing.T) {
	for name, spoil := range map[string]func(o *Options){
		"target twice": func(o *Options) { o.Targets = []string{"troupe", "troupe"} },
		"target":       func(o *Options) { o.Targets = []string{"etcd"} },
		"the ceiling":  func(o *Options) { o.Targets, o.Scenarios = []string{"ceiling"}, []string{"locks"} },
		"scenario":     func(o *Options) { o.Scenarios = []string{"rain"} },
		"no target":    func(o *Options) { o.Targets = nil },
		"servers":      func(o *Options) { o.Ensemble = 0 },
		"watchers":     func(o *Options) { o.Watchers = []int{0} },
		"sessions":     func(o *Options) { o.Sessions = 0 },
		"contenders":   func(o *Options) { o.Contenders = 0 },
		"shrinking":    func(o *Options) { o.Znodes = []int{10, 5} },
		"no time":      func(o *Options) { o.For = 0 },
		"too few":      func(o *Options) { o.Scenarios = []string{"rejoin"} },
		"no rate":      func(o *Options) { o.Targets, o.Scenarios = []string{"troupe"}, []string{"checkpoints"} },
	} {
		o := Defaults()
		spoil(&o)
		if _, err := Run(t.Context(), o); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// TestRun_Smoke takes a real server through all of it, small. Its figures are not judged.
func TestRun_Smoke(t *testing.T) {
	if testing.Short() {
		t.Skip("starts real servers")
	}
	binary, err := process.Build(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	small := Defaults()
	small.Targets, small.Rounds, small.Binary, small.Self = []string{"troupe", "ceiling"}, 1, binary, binary
	small.Watchers, small.Sessions, small.Contenders, small.Znodes = []int{7}, 20, 3, []int{10, 50}
	small.Rate, small.For, small.Settle = 500, time.Second, time.Second
	for _, test := range []struct {
		scenario string
		servers  int
		rows     int
	}{{"fan-out", 3, 2}, {"locks", 1, 1}, {"trees", 1, 2 + 2*3}} {
		t.Run(test.scenario, func(t *testing.T) {
			t.Parallel()
			o := small
			o.Scenarios, o.Ensemble, o.Dir = []string{test.scenario}, test.servers, t.TempDir()
			r, err := Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Rows) != test.rows {
				t.Errorf("%d rows: %+v", len(r.Rows), r.Rows)
			}
			for _, row := range r.Rows {
				targets := 1
				if test.scenario == "fan-out" {
					targets = 2
				}
				for _, v := range row.Values {
					if len(row.Values) != targets || len(v) != 1 || v[0] <= 0 && row.Unit == "ms" {
						t.Errorf("%+v", row)
					}
				}
			}
		})
	}
}
