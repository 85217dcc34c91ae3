package sweep

import (
	"bytes"
	"context"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"troupe/bench/load"
	"troupe/bench/process"
)

// brief is the shortest sweep that has everything in it.
func brief(t *testing.T) Options {
	o := Defaults()
	o.Servers, o.Reads = []int{3, 1}, []int{100, 0}
	l := &o.Load
	l.Targets, l.Self, l.Dir = []string{load.Troupe}, os.Args[0], t.TempDir()
	l.Rounds, l.Long, l.Lead, l.Warm, l.Settle, l.Keys = 2, 50*time.Millisecond, 0, 0, 0, 20
	return o
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// TestRun_Smoke sweeps briefly, then loads a server that runs already. It
// judges no figure.
func TestRun_Smoke(t *testing.T) {
	binary, err := process.Build(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o := brief(t)
	o.Load.Binary = binary
	report, err := Run(within(t), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Sizes) != 2 || report.Sizes[0].Servers != 1 || report.Sizes[1].Servers != 3 ||
		!slices.Equal(report.Reads(), []int{0, 100}) || report.Machine.Servers[load.Troupe] == "" {
		t.Fatalf("%+v", report)
	}
	for _, size := range report.Sizes {
		for _, percent := range report.Reads() {
			if s := size.Series(percent, load.Troupe); s == nil || len(s.Samples) != 2 || s.Median.Seconds <= 0 {
				t.Errorf("%d servers, %d %% reads: %+v", size.Servers, percent, s)
			}
		}
	}
	if left, err := os.ReadDir(o.Load.Dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	checkJSON(t, report)

	server, err := process.Start(t.Context(), process.Spec{Kind: process.Troupe, Dir: t.TempDir(), Binary: binary})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Kill(); err != nil {
			t.Error(err)
		}
	})
	o = brief(t)
	o.Load.Connect = server.Addr
	report, err = Run(within(t), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Sizes) != 1 || report.Sizes[0].Servers != 1 || !slices.Equal(report.Targets(), []string{load.Connected}) {
		t.Errorf("%+v", report)
	}
	o.Load.Connect = "a:1,b:2,c:3"
	if n := o.connected(); n != 3 {
		t.Errorf("%d servers of %s", n, o.Load.Connect)
	}
}

func checkJSON(t *testing.T, report *Report) {
	t.Helper()
	var b bytes.Buffer
	if err := report.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	again, err := ReadJSON(&b)
	if err != nil {
		t.Fatal(err)
	}
	if !report.Began.Equal(again.Began) {
		t.Errorf("began %v, read %v", report.Began, again.Began)
	}
	again.Began = report.Began // its monotonic part does not travel
	if !reflect.DeepEqual(report, again) {
		t.Errorf("read  %+v\nwrote %+v", again, report)
	}
	if r, err := ReadJSON(strings.NewReader("{}")); err == nil {
		t.Errorf("nothing was read as %+v", r)
	}
}

func TestRun_RefusesWhatCannotBe(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"no server":     func(o *Options) { o.Servers = []int{0} },
		"no size":       func(o *Options) { o.Servers = nil },
		"a size twice":  func(o *Options) { o.Servers = []int{3, 3} },
		"many servers":  func(o *Options) { o.Servers = []int{99} },
		"no share":      func(o *Options) { o.Reads = nil },
		"101 % reads":   func(o *Options) { o.Reads = []int{101} },
		"two shapes":    func(o *Options) { o.Load.Shapes = load.Shapes },
		"no such thing": func(o *Options) { o.Load.Targets = []string{"etcd"} },
	} {
		o := brief(t)
		change(&o)
		if _, err := Run(t.Context(), o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestReport_TablesSayWhatWasFound(t *testing.T) {
	r := Report{}
	for _, servers := range []int{1, 3, 7} {
		rate := 700 - 100*float64(servers)
		row := load.Row{Workload: load.Mix(0), Shape: load.Shape{Sessions: 2, Outstanding: 3}}
		row.Targets = []load.Series{
			{Target: load.Troupe, MinRate: 1, MaxRate: 9999, Median: load.Sample{Rate: 2 * rate, ServerCPU: 20, P50: 50, P99: 99}},
			{Target: load.Apache, Median: load.Sample{Rate: rate, ServerCPU: 80}},
		}
		if servers == 7 {
			row.Targets[0].Median.Rate = 600
			row.Targets = row.Targets[:1]
		}
		r.Sizes = append(r.Sizes, Size{servers, []load.Row{row}})
	}
	var b bytes.Buffer
	if err := r.WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	for _, want := range []string{
		"| troupe, ops/s | 0 % reads |", "| 1 server | 1200 |", "| 3 servers | 800 |", "| 7 servers | 600 |",
		"| troupe/apache | 0 % reads |", "| 1 server | 2.00 |", "| 7 servers | - |",
		"| apache, server CPU us/op | 0 % reads |", "| 3 servers | 80.0 |",
		"Writes lost from 3 to 7 servers, troupe: 25 %.",
		"| 3 | 0 % | troupe | 800 | 1-9999 | 50 | 0 | 99 | 0 | 20.0 | 0.0 | 0.00 |",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("not in the tables: %s\n%s", want, &b)
		}
	}
	if strings.Contains(b.String(), "7 servers, apache") {
		t.Error("a loss of what was not measured")
	}
}
