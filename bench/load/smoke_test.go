package load_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"troupe/bench/command"
	"troupe/bench/load"
	"troupe/bench/process"
)

// The test binary plays the ceiling's part: "bench ceiling-server" as in the real program.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "bench" {
		cmd := command.New()
		cmd.SetArgs(os.Args[2:])
		if err := cmd.Execute(); err != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// all is every kind of workload.
var all = []load.Workload{load.Get, load.Set, load.Create, load.Delete, load.Exists, load.GetChildren, load.Multi, load.Mix(50)}

// brief is the shortest run that has everything in it.
func brief(t *testing.T, targets ...string) load.Options {
	o := load.Defaults()
	o.Targets, o.Self, o.Dir = targets, os.Args[0], t.TempDir()
	o.Rounds, o.Long, o.Lead, o.Warm, o.Settle = 2, 20*time.Millisecond, 0, 0, 0
	o.Shapes = []load.Shape{{1, 1}, {3, 5}}
	o.Keys, o.Znodes, o.Heap = 20, 200, "128m"
	return o
}

// TestRun_Smoke runs every row, briefly, and reads the results back. It judges no figure.
func TestRun_Smoke(t *testing.T) {
	binary, err := process.Build(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o := brief(t, load.Troupe, load.Ceiling)
	o.Binary, o.Workloads = binary, all
	var progress bytes.Buffer
	o.Progress = &progress
	report, err := load.Run(within(t), o)
	if err != nil {
		t.Fatalf("%v\n%s", err, &progress)
	}
	checkRows(t, report, o)
	f := report.Footprint
	if f == nil || len(f.Targets) != 1 || f.PathBytes < 10 {
		t.Fatalf("footprint %+v", f)
	}
	for _, of := range f.Targets {
		if of.Empty <= 0 || of.Filled <= 0 || of.Restarted <= 0 || of.FillRate <= 0 ||
			len(of.StartEmpty) != o.Rounds || len(of.StartClean) != o.Rounds || len(of.StartKill) != o.Rounds {
			t.Errorf("footprint %+v", of)
		}
	}
	checkFormats(t, report)
}

// checkRows finds rows that were not run.
func checkRows(t *testing.T, report *load.Report, o load.Options) {
	t.Helper()
	if len(report.Rows) != len(o.Workloads)*len(o.Shapes) {
		t.Fatalf("%d rows", len(report.Rows))
	}
	total := uint64(0)
	for _, row := range report.Rows {
		for _, s := range row.Targets {
			m := s.Median
			if len(s.Samples) != o.Rounds || m.Seconds <= 0 || m.P99 < m.P50 || m.Max < m.P99 ||
				s.MinRate > m.Rate || s.MaxRate < m.Rate {
				t.Errorf("%s %s: %+v", row.Workload, row.Shape, s)
			}
			// A machine with other work may stand still for as long as a run is; not for all of them.
			if total += m.Ops; m.Ops > 0 && (m.P50 <= 0 || m.ClientCPU <= 0 || m.Rate <= 0) {
				t.Errorf("%s %s: %+v", row.Workload, row.Shape, s)
			}
		}
	}
	if total == 0 {
		t.Error("nothing was done in all rows")
	}
}

// checkFormats writes the results in both forms, and reads back the one that programs read.
func checkFormats(t *testing.T, report *load.Report) {
	t.Helper()
	var asJSON, asMarkdown bytes.Buffer
	if err := report.WriteJSON(&asJSON); err != nil {
		t.Fatal(err)
	}
	again, err := load.ReadJSON(&asJSON)
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
	if err := report.WriteMarkdown(&asMarkdown); err != nil {
		t.Fatal(err)
	}
	columns := 0
	for line := range strings.Lines(asMarkdown.String()) {
		n := strings.Count(line, "|")
		if n > 0 && columns > 0 && n != columns {
			t.Errorf("%d columns, %d expected: %s", n-1, columns-1, line)
		}
		columns = n
	}
	for _, row := range report.Rows {
		if want := fmt.Sprintf("| %s, %s |", row.Workload, row.Shape); !strings.Contains(asMarkdown.String(), want) {
			t.Errorf("no %q in the tables", want)
		}
	}
}

// TestRun_Connect loads a server that was there before, and leaves nothing on it.
func TestRun_Connect(t *testing.T) {
	if err := process.Available(process.Apache); err != nil {
		if os.Getenv("TROUPE_REQUIRE_STOCK") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	server, err := process.Start(t.Context(), process.Spec{Kind: process.Apache, Dir: t.TempDir(), Heap: "128m"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Kill(); err != nil {
			t.Error(err)
		}
	})
	o := brief(t)
	o.Connect, o.Rounds, o.Workloads, o.Skew = server.Addr, 1, all, 1
	report, err := load.Run(within(t), o)
	if err != nil {
		t.Fatal(err)
	}
	checkRows(t, report, o)
	if report.Footprint != nil {
		t.Error("a server that is not ours was weighed")
	}
	checkFormats(t, report)
	answer, err := server.Word(t.Context(), "srvr")
	if err != nil || !strings.Contains(answer, "Node count: 5\n") {
		t.Errorf("left behind: %s, %v", answer, err)
	}
}

func TestRun_AtAFixedRate(t *testing.T) {
	o := brief(t, load.Ceiling)
	o.Rate, o.Workloads, o.Servers = 2000, all, 3
	report, err := load.Run(within(t), o)
	if err != nil {
		t.Fatal(err)
	}
	checkRows(t, report, o)
	for _, row := range report.Rows {
		for _, s := range row.Targets[0].Samples {
			if float64(s.Ops) > o.Rate*s.Seconds+1 {
				t.Errorf("%s: %d requests in %v s", row.Workload, s.Ops, s.Seconds)
			}
		}
	}
}

func TestRun_RefusesWhatCannotBe(t *testing.T) {
	for name, change := range map[string]func(*load.Options){
		"no target":         func(o *load.Options) { o.Targets = nil },
		"unknown target":    func(o *load.Options) { o.Targets = []string{"etcd"} },
		"the same twice":    func(o *load.Options) { o.Targets = []string{load.Ceiling, load.Ceiling} },
		"no rounds":         func(o *load.Options) { o.Rounds = 0 },
		"no time":           func(o *load.Options) { o.Long = 0 },
		"value too long":    func(o *load.Options) { o.Value = 1 << 20 },
		"multi too long":    func(o *load.Options) { o.Workloads, o.Value = all, 100<<10 },
		"skew upside down":  func(o *load.Options) { o.Skew = -1 },
		"rate too high":     func(o *load.Options) { o.Rate = 1e9 },
		"less than no keys": func(o *load.Options) { o.Keys = -1 },
	} {
		o := brief(t, load.Ceiling)
		change(&o)
		if _, err := load.Run(t.Context(), o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestRun_SaysThatNobodyIsThere(t *testing.T) {
	o := brief(t)
	o.Connect = "127.0.0.1:1"
	if _, err := load.Run(within(t), o); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Fatalf("%v", err)
	}
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}
