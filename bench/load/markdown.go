package load

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// WriteMarkdown writes the tables that people read.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	r.heading(&b)
	r.summary(&b)
	r.details(&b)
	if r.Footprint != nil {
		r.Footprint.tables(&b)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write tables: %w", err)
	}
	return nil
}

func (r *Report) heading(b *strings.Builder) {
	b.WriteString(r.Machine.Describe(r.Began, r.Settings.Heap) + "\n\n" + r.Settings.Describe() + "\n\n")
}

// Describe says where figures come from.
func (m *Machine) Describe(began time.Time, heap string) string {
	java := ""
	if m.Java != "" {
		java = fmt.Sprintf(", %s with a heap of %s", m.Java, heap)
	}
	versions := ""
	for _, name := range slices.Sorted(maps.Keys(m.Servers)) {
		versions += fmt.Sprintf(" %s says it is %s.", name, m.Servers[name])
	}
	return fmt.Sprintf("%s, %d cores (%s), Linux %s, data on %s, %s%s; troupe %s, source %s.%s Load average %s before, %s after.",
		began.Format("2006-01-02 15:04"), m.Cores, m.Processor, or(m.Kernel, "?"), or(m.FileSystem, "?"), m.Go, java,
		m.Version, or(m.Revision, "?"), versions, or(m.LoadBefore, "?"), or(m.LoadAfter, "?"))
}

// Describe says how figures are made.
func (s *Settings) Describe() string {
	return fmt.Sprintf("Median of %d interleaved runs of %.1f s each, after %.1f s unmeasured and %.0f s of warming up; "+
		"values of %d bytes, %d keys%s, fsync on. Spread is lowest to highest rate.%s%s",
		s.Rounds, s.Seconds, s.LeadSeconds, s.WarmSeconds, s.Value, s.Keys, s.skew(), s.loop(), s.cores())
}

func (s *Settings) skew() string {
	if s.Skew == 0 {
		return ""
	}
	return fmt.Sprintf(" by Zipf's law (%v)", s.Skew)
}

func (s *Settings) loop() string {
	if s.Rate == 0 {
		return ""
	}
	return fmt.Sprintf(" Open loop: %.0f requests per second, latency from when each was due.", s.Rate)
}

func (s *Settings) cores() string {
	if s.Procs == 0 {
		return ""
	}
	return fmt.Sprintf(" Troupe's servers use %d cores (GOMAXPROCS).", s.Procs)
}

// summary has one line per row, and how the targets compare.
func (r *Report) summary(b *strings.Builder) {
	if len(r.Rows) == 0 {
		return
	}
	columns := []string{"row"}
	for _, t := range r.Rows[0].Targets {
		columns = append(columns, t.Target+" ops/s")
	}
	columns = append(columns, "troupe/apache", "of the ceiling", "met")
	header(b, columns)
	for i := range r.Rows {
		row := &r.Rows[i]
		cells := []string{row.title()}
		for _, t := range row.Targets {
			cells = append(cells, fmt.Sprintf("%.0f", t.Median.Rate))
		}
		verdict := row.Verdict(r.Settings.Servers)
		if r.Settings.Rate > 0 {
			verdict = "" // a rate that was asked for says nothing
		}
		cells = append(cells, times(row.Ratio(Troupe, Apache)), percent(row.Ratio(Troupe, Ceiling)), or(verdict, "-"))
		line(b, cells)
	}
	b.WriteByte('\n')
}

// details has one line per row and target.
func (r *Report) details(b *strings.Builder) {
	header(b, []string{"row", "target", "ops/s", "spread", "p50 us", "p90 us", "p99 us", "p99.9 us",
		"server CPU us/op", "client CPU us/op", "client cores"})
	for i := range r.Rows {
		for _, t := range r.Rows[i].Targets {
			m := &t.Median
			server := "-"
			if m.ServerCPU > 0 {
				server = fmt.Sprintf("%.1f", m.ServerCPU)
			}
			line(b, []string{r.Rows[i].title(), t.Target, fmt.Sprintf("%.0f", m.Rate),
				fmt.Sprintf("%.0f-%.0f", t.MinRate, t.MaxRate), fmt.Sprintf("%.0f", m.P50), fmt.Sprintf("%.0f", m.P90), fmt.Sprintf("%.0f", m.P99),
				fmt.Sprintf("%.0f", m.P999), server, fmt.Sprintf("%.1f", m.ClientCPU), fmt.Sprintf("%.2f", m.ClientCores)})
		}
	}
	b.WriteByte('\n')
}

func (r *Row) title() string { return fmt.Sprintf("%s, %s", r.Workload, r.Shape) }

// tables has one column per target.
func (f *Footprint) tables(b *strings.Builder) {
	columns := []string{"memory and start"}
	for _, t := range f.Targets {
		columns = append(columns, t.Target)
	}
	header(b, columns)
	add := func(what string, cell func(t *Footprints) string) {
		cells := []string{what}
		for i := range f.Targets {
			cells = append(cells, cell(&f.Targets[i]))
		}
		line(b, cells)
	}
	per := func(resident func(*Footprints) int64) func(*Footprints) string {
		return func(t *Footprints) string {
			each := f.PerZnode(resident(t), t.Empty)
			return fmt.Sprintf("%.1f MiB, %.0f B per znode, %.0f beyond data and path", mebi(resident(t)), each,
				each-float64(f.DataBytes)-f.PathBytes)
		}
	}
	millis := func(of func(*Footprints) []float64) func(*Footprints) string {
		return func(t *Footprints) string { return fmt.Sprintf("%.0f ms", Median(of(t))) }
	}
	add("resident, empty", func(t *Footprints) string { return fmt.Sprintf("%.1f MiB", mebi(t.Empty)) })
	filled := fmt.Sprintf("%d znodes of %d B", f.Znodes, f.DataBytes)
	add("resident, "+filled, per(func(t *Footprints) int64 { return t.Filled }))
	add("the same after a restart", per(func(t *Footprints) int64 { return t.Restarted }))
	add("creates/s while filling", func(t *Footprints) string { return fmt.Sprintf("%.0f", t.FillRate) })
	add("start, empty", millis(func(t *Footprints) []float64 { return t.StartEmpty }))
	add("start, "+filled, millis(func(t *Footprints) []float64 { return t.StartClean }))
	add("the same after kill -9", millis(func(t *Footprints) []float64 { return t.StartKill }))
	b.WriteByte('\n')
}

func header(b *strings.Builder, columns []string) {
	line(b, columns)
	b.WriteString("|" + strings.Repeat("---|", len(columns)) + "\n")
}

func line(b *strings.Builder, cells []string) {
	b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

func mebi(bytes int64) float64 { return float64(bytes) / (1 << 20) }

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func times(ratio float64) string {
	if ratio == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", ratio)
}

func percent(share float64) string {
	if share == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f %%", share*100)
}
