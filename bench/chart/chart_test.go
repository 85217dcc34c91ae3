package chart

import (
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"troupe/bench/load"
	"troupe/bench/sweep"
)

// found is a sweep's report with made-up figures.
func found(targets []string, sizes, reads []int) *sweep.Report {
	r := &sweep.Report{Shape: load.Shape{Sessions: 21, Outstanding: 20}}
	for _, servers := range sizes {
		size := sweep.Size{Servers: servers}
		for _, percent := range reads {
			row := load.Row{Workload: load.Mix(percent), Shape: r.Shape}
			for i, target := range targets {
				rate := float64(10000+900*percent) / float64(1+3*i) * (1 + float64(servers)*float64(percent-40)/300)
				cpu := 1e6 / rate
				row.Targets = append(row.Targets, load.Series{Target: target, MinRate: 0.9 * rate, MaxRate: 1.05 * rate,
					Median: load.Sample{Rate: rate, ServerCPU: cpu, LeaderCPU: cpu / 2, WireBytes: 1200 * float64(servers), P50: 300 * cpu, P90: 500 * cpu, P99: 900 * cpu, P999: 4000 * cpu, Max: 5000 * cpu}})
			}
			size.Rows = append(size.Rows, row)
		}
		r.Sizes = append(r.Sizes, size)
	}
	return r
}

func TestOfSweep_DrawsEveryLine(t *testing.T) {
	r := found([]string{load.Troupe, load.Apache}, []int{1, 3, 7}, []int{0, 50, 100})
	charts := OfSweep(r)
	lines := map[string]int{"throughput-reads": 6, "cpu-reads": 6, "throughput-servers-0": 2, "latency-0": 6,
		"throughput-servers-100": 2, "latency-100": 6}
	if len(charts) != len(lines) {
		t.Errorf("%d charts", len(charts))
	}
	for _, c := range charts {
		if len(c.Lines) != lines[c.Name] {
			t.Errorf("%s: %d lines", c.Name, len(c.Lines))
		}
		for _, l := range c.Lines {
			if len(l.Points) != len(c.Places) {
				t.Errorf("%s, %s: %d points at %d places", c.Name, l.Name, len(l.Points), len(c.Places))
			}
		}
		checkFiles(t, &c)
	}
}

func TestOfModel_HasThePaperBeside(t *testing.T) {
	charts := OfModel(found([]string{load.Troupe, load.Apache}, []int{1, 3, 7}, []int{0, 50, 100}))
	lines := map[string]int{"model-0": 3, "model-100": 3, "model-observers": 4}
	if len(charts) != len(lines) {
		t.Errorf("%d charts", len(charts))
	}
	for _, c := range charts {
		if len(c.Lines) != lines[c.Name] {
			t.Errorf("%s: %d lines", c.Name, len(c.Lines))
		}
		for _, l := range c.Lines {
			for _, p := range l.Points {
				if p.Y <= 0 {
					t.Errorf("%s, %s: %+v", c.Name, l.Name, p)
				}
			}
		}
		checkFiles(t, &c)
	}
	if charts := OfModel(found([]string{load.Troupe}, []int{3}, []int{50})); charts != nil {
		t.Errorf("%d charts of a sweep that is not enough", len(charts))
	}
}

// checkFiles saves a chart and reads both files: all names are in the SVG, which
// is well-formed, and the PNG shows something.
func checkFiles(t *testing.T, c *Chart) {
	t.Helper()
	files, err := c.Save(t.TempDir())
	if err != nil || len(files) != 2 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		switch filepath.Ext(name) {
		case ".png":
			picture, err := png.Decode(strings.NewReader(string(b)))
			if err != nil || picture.Bounds().Dx() < 800 {
				t.Errorf("%s: %v", name, err)
			}
		case ".svg":
			d := xml.NewDecoder(strings.NewReader(string(b)))
			for err = nil; err == nil; {
				_, err = d.Token()
			}
			if !errors.Is(err, io.EOF) {
				t.Errorf("%s: %v", name, err)
			}
			for _, l := range c.Lines {
				if !strings.Contains(string(b), l.Name+"</text>") {
					t.Errorf("%s: no %q in the legend", name, l.Name)
				}
			}
			if strings.Contains(string(b), "font-family:Liberation Sans;") {
				t.Errorf("%s: a font that few have, and no other", name)
			}
			if !strings.Contains(string(b), c.X+"</text>") || !strings.Contains(string(b), c.Y+"</text>") {
				t.Errorf("%s: an axis has no name", name)
			}
		}
	}
}

func TestOfSweep_OfOneEnsembleThatRan(t *testing.T) {
	r := found([]string{load.Connected}, []int{3}, []int{50})
	charts := OfSweep(r)
	if len(charts) != 2 { // no processor times, and one size only
		t.Errorf("%d charts", len(charts))
	}
	r.Sizes[0].Rows[0].Targets[0].Median = load.Sample{} // nothing was answered
	for _, c := range append(charts, OfSweep(r)...) {
		checkFiles(t, &c)
	}
}

func TestOfSweep_AtAFixedRate(t *testing.T) {
	r := found([]string{load.Troupe}, []int{1, 3}, []int{0, 100})
	r.Settings.Rate = 2000
	for _, c := range OfSweep(r) {
		if strings.Contains(c.Name, "throughput") {
			t.Errorf("%s says nothing", c.Name)
		}
		if strings.Contains(c.Name, "latency") && !strings.Contains(c.Title, "2k") {
			t.Error(c.Title)
		}
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.05: "0.05", 999: "999", 1000: "1k", 12500: "12.5k", 460000: "460k"} {
		if got := number(v); got != want {
			t.Errorf("%v: %s", v, got)
		}
	}
	var labels []string
	for _, tick := range logTicks(0.4, 30) {
		labels = append(labels, tick.Label)
	}
	if got := fmt.Sprint(labels); got != "[0.5 1 2 5 10 20]" {
		t.Error(got)
	}
}
