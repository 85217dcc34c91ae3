package load

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// rowOf is a row whose targets have these rates in their runs.
func rowOf(rates map[string][]float64) Row {
	row := Row{Workload: Set, Shape: Shape{1, 1}}
	for _, name := range []string{Troupe, Apache, Ceiling} {
		if rates[name] == nil {
			continue
		}
		s := Series{Target: name}
		for _, r := range rates[name] {
			s.Samples = append(s.Samples, Sample{Rate: r})
		}
		s.summarize()
		row.Targets = append(row.Targets, s)
	}
	return row
}

func TestRow_IsJudgedByItsAimOrByTheCeiling(t *testing.T) {
	for name, c := range map[string]struct {
		rates   map[string][]float64
		servers int
		ratio   float64
		verdict string
	}{
		"fast":                  {map[string][]float64{Troupe: {10, 50, 30}, Apache: {20, 1, 90}, Ceiling: {500}}, 1, 1.5, "1.5 times Apache's"},
		"not so for three":      {map[string][]float64{Troupe: {10, 50, 30}, Apache: {20, 1, 90}, Ceiling: {500}}, 3, 1.5, "no, wants 2 times Apache's"},
		"slower, but as can be": {map[string][]float64{Troupe: {60}, Apache: {80}, Ceiling: {90, 110}}, 1, 0.75, "60 % of the ceiling"},
		"slower":                {map[string][]float64{Troupe: {59}, Apache: {80}, Ceiling: {100}}, 1, 0.7375, "no, wants 1.5 times Apache's"},
		"without a ceiling":     {map[string][]float64{Troupe: {158}, Apache: {79, 79, 1e9, 0}}, 5, 2, "2 times Apache's"},
		"alone":                 {map[string][]float64{Troupe: {79}}, 1, 0, ""},
	} {
		row := rowOf(c.rates)
		if ratio, verdict := row.Ratio(Troupe, Apache), row.Verdict(c.servers); ratio != c.ratio || verdict != c.verdict {
			t.Errorf("%s: %v, %q", name, ratio, verdict)
		}
	}
	row := rowOf(map[string][]float64{Troupe: {100}, Apache: {99}})
	row.Workload = Exists
	if verdict := row.Verdict(1); verdict != "1 times Apache's" {
		t.Errorf("a row without an aim of its own: %s", verdict)
	}
}

func TestSeries_IsSummedUp(t *testing.T) {
	s := rowOf(map[string][]float64{Troupe: {5, 3, 3.5, 2.75, 9, 9.25}}).Targets[0]
	if s.Median.Rate != 4.25 || s.MinRate != 2.75 || s.MaxRate != 9.25 {
		t.Errorf("%+v", s)
	}
}

func TestReport_TablesSayWhatWasFound(t *testing.T) {
	r := Report{Settings: Settings{Servers: 1}, Rows: []Row{rowOf(map[string][]float64{Troupe: {150}, Apache: {100}, Ceiling: {200}})},
		Footprint: &Footprint{Znodes: 1000, DataBytes: 100, PathBytes: 20,
			Targets: []Footprints{{Target: Troupe, Empty: 1 << 20, Filled: 1<<20 + 500000, StartEmpty: []float64{3, 1, 2}}}}}
	var b bytes.Buffer
	if err := r.WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	for _, want := range []string{
		"| set, 1 synchronous client | 150 | 100 | 200 | 1.50 | 75 % | 1.5 times Apache's |",
		"| resident, 1000 znodes of 100 B | 1.5 MiB, 500 B per znode, 380 beyond data and path |",
		"| start, empty | 2 ms |",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("not in the tables: %s\n%s", want, &b)
		}
	}
}

func TestOrder_GoesToAndFro(t *testing.T) {
	var all []int
	for round := range 3 {
		all = append(all, order(3, round)...)
	}
	if !slices.Equal(all, []int{0, 1, 2, 2, 1, 0, 0, 1, 2}) {
		t.Errorf("%v", all)
	}
}

func TestParseShape(t *testing.T) {
	for text, want := range map[string]Shape{"1x1": {1, 1}, "10x40": {10, 40}} {
		if got, err := ParseShape(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "10", "x", "0x1", "1x0", "1x1x1", "1x", "99999x1", "-1x1", "1x99999"} {
		if got, err := ParseShape(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}
