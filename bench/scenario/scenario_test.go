package scenario

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

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
	if w := r.Rows[1].wanted(); w != "-" {
		t.Errorf("wanted: %q", w)
	}
	var b bytes.Buffer
	if err := r.WriteMarkdown(&b); err != nil || !strings.Contains(b.String(), "| fan-out | last of 1000 told, ms | 20.0 (10.0 to 30.0) | 80.0 (40.0 to 120) | 0.25 | <= 0.33: met |") {
		t.Errorf("%v: %s", err, &b)
	}
}

func TestOptions_Check(t *testing.T) {
	for name, spoil := range map[string]func(o *Options){
		"target twice": func(o *Options) { o.Targets = []string{"troupe", "troupe"} },
		"target":       func(o *Options) { o.Targets = []string{"etcd"} },
		"scenario":     func(o *Options) { o.Scenarios = []string{"rain"} },
		"none":         func(o *Options) { o.Scenarios = nil },
		"servers":      func(o *Options) { o.Ensemble = 0 },
		"watchers":     func(o *Options) { o.Watchers = []int{0} },
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
	o := Defaults()
	o.Targets, o.Rounds, o.Watchers, o.Binary, o.Dir = []string{"troupe"}, 1, []int{7}, binary, t.TempDir()
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Rows) != 2 || r.Rows[0].Name != fmt.Sprintf("last of %d told", 7) || r.Rows[0].Values["troupe"][0] <= 0 {
		t.Errorf("%+v", r.Rows)
	}
}
