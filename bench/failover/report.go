package failover

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Report is all that was measured.
type Report struct {
	Began    time.Time `json:"began"`
	Took     float64   `json:"tookSeconds"`
	Machine  Machine   `json:"machine"`
	Settings Settings  `json:"settings"`
	Rows     []Row     `json:"rows"`
}

// Machine is where a report comes from. Load averages tell how quiet it was.
type Machine struct {
	Cores      int    `json:"cores"`
	Go         string `json:"go"`
	LoadBefore string `json:"loadBefore"`
	LoadAfter  string `json:"loadAfter"`
}

// Settings are the options that the figures depend on.
type Settings struct {
	Servers  int      `json:"servers"`
	Rounds   int      `json:"rounds"`
	Znodes   int      `json:"znodes"`
	Sessions int      `json:"sessions"`
	Value    int      `json:"value"`
	Config   []string `json:"config,omitempty"`
	Heap     string   `json:"heap"`
}

// Row is one fault on all targets.
type Row struct {
	Fault   Fault    `json:"fault"`
	Targets []Series `json:"targets"`
}

// Series is the rounds of one target, in their order.
type Series struct {
	Target  string   `json:"target"`
	Samples []Sample `json:"samples"`
}

func begin(o *Options) *Report {
	return &Report{Began: time.Now(), Machine: Machine{Cores: runtime.NumCPU(), Go: runtime.Version(), LoadBefore: loadAverage()},
		Settings: Settings{o.Servers, o.Rounds, o.Znodes, o.Sessions, o.Value, o.Config, o.Heap}}
}

func (r *Report) end() {
	r.Took = time.Since(r.Began).Seconds()
	r.Machine.LoadAfter = loadAverage()
}

func loadAverage() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "?"
	}
	first, _, _ := strings.Cut(string(b), " ")
	return first
}

// of is one figure of every round.
func (s *Series) of(figure func(*Sample) float64) []float64 {
	var all []float64
	for i := range s.Samples {
		all = append(all, figure(&s.Samples[i]))
	}
	return all
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) == 0 {
		return 0
	}
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// WriteJSON writes every single round.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return nil
}

// goal is what the project has set itself for a fault, as one figure in milliseconds.
type goal struct {
	name   string
	most   float64
	figure func(*Sample) float64
}

var (
	gap   = func(s *Sample) float64 { return s.Gap }
	goals = map[Fault]goal{
		KillLeader:    {"no write", 150, gap},
		StopLeader:    {"no write", 100, gap},
		PauseLeader:   {"no write", 2000, gap},
		IsolateLeader: {"no write", 2000, gap},
		KillFollower:  {"p99 after less before", 50, func(s *Sample) float64 { return s.P99After - s.P99Before }},
		Restart:       {"start", 1000, func(s *Sample) float64 { return s.Start }},
	}
)

// WriteMarkdown writes the table that people read.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	m, s := &r.Machine, &r.Settings
	fmt.Fprintf(&b, "%s, %d cores, %s, load average %s before and %s after; %d servers, %d znodes, %d sessions each writing %d bytes "+
		"at a time, %d rounds of each fault. Times in ms.\n\n", r.Began.Format("2006-01-02 15:04"), m.Cores, m.Go, m.LoadBefore,
		m.LoadAfter, s.Servers, s.Znodes, s.Sessions, s.Value, s.Rounds)
	b.WriteString("| fault | target | figure | median | worst | goal | median gap | worst gap | gap before | p99 before | p99 after | writes/s | lost | failed | missed |\n")
	b.WriteString("|" + strings.Repeat("---|", 15) + "\n")
	for _, row := range r.Rows {
		for i := range row.Targets {
			row.line(&b, &row.Targets[i])
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}

func (r *Row) line(b *strings.Builder, t *Series) {
	g := goals[r.Fault]
	figures, gaps := t.of(g.figure), t.of(gap)
	typical := func(figure func(*Sample) float64) float64 { return median(t.of(figure)) }
	var lost, failed int
	for i := range t.Samples {
		lost, failed = lost+t.Samples[i].Lost, failed+t.Samples[i].Failed
	}
	fmt.Fprintf(b, "| %s | %s | %s | %.1f | %.1f | %.0f | %.1f | %.1f | %.1f | %.1f | %.1f | %.0f | %d | %d | %.0f |\n", r.Fault, t.Target,
		g.name, median(figures), slices.Max(figures), g.most, median(gaps), slices.Max(gaps),
		typical(func(s *Sample) float64 { return s.Before }), typical(func(s *Sample) float64 { return s.P99Before }),
		typical(func(s *Sample) float64 { return s.P99After }), typical(func(s *Sample) float64 { return s.Rate }),
		lost, failed, typical(func(s *Sample) float64 { return float64(s.Missed) }))
}
