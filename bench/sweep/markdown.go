package sweep

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"troupe/bench/load"
)

// WriteMarkdown writes the tables that people read.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s %s; ensembles of one size at a time.\n\n", r.Machine.Describe(r.Began, r.Settings.Heap),
		r.Settings.Describe(), r.Shape)
	targets := r.Targets()
	for _, target := range targets {
		r.pivot(&b, target+", ops/s", func(s *Size, percent int) string {
			return figure(s.Series(percent, target), "%.0f", func(m *load.Sample) float64 { return m.Rate })
		})
	}
	if slices.Contains(targets, load.Troupe) && slices.Contains(targets, load.Apache) {
		r.pivot(&b, "troupe/apache", func(s *Size, percent int) string {
			return times(s.row(percent).Ratio(load.Troupe, load.Apache))
		})
	}
	for _, target := range targets {
		if target == load.Connected {
			continue // its processor time is not known
		}
		r.pivot(&b, target+", server CPU us/op", func(s *Size, percent int) string {
			return figure(s.Series(percent, target), "%.1f", func(m *load.Sample) float64 { return m.ServerCPU })
		})
	}
	r.losses(&b)
	r.details(&b)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write tables: %w", err)
	}
	return nil
}

// pivot has a line per ensemble size and a column per share of reads, as in the paper.
func (r *Report) pivot(b *strings.Builder, what string, cell func(*Size, int) string) {
	columns := []string{what}
	for _, percent := range r.Reads() {
		columns = append(columns, fmt.Sprintf("%d %% reads", percent))
	}
	line(b, columns)
	b.WriteString("|" + strings.Repeat("---|", len(columns)) + "\n")
	for i := range r.Sizes {
		s := &r.Sizes[i]
		cells := []string{servers(s.Servers)}
		for _, percent := range r.Reads() {
			cells = append(cells, cell(s, percent))
		}
		line(b, cells)
	}
	b.WriteByte('\n')
}

// The paper's own sizes, between which its writes lose a third.
const few, many = 3, 7

// losses says what more servers cost the writes.
func (r *Report) losses(b *strings.Builder) {
	for _, target := range r.Targets() {
		if share, known := r.Loss(target, 0, few, many); known {
			fmt.Fprintf(b, "Writes lost from %d to %d servers, %s: %.0f %%.\n\n", few, many, target, 100*share)
		}
	}
}

// details has one line per size, share of reads and target.
func (r *Report) details(b *strings.Builder) {
	columns := []string{"servers", "reads", "target", "ops/s", "spread", "p50 us", "p90 us", "p99 us", "p99.9 us",
		"server CPU us/op", "client CPU us/op", "client cores"}
	line(b, columns)
	b.WriteString("|" + strings.Repeat("---|", len(columns)) + "\n")
	for i := range r.Sizes {
		for j := range r.Sizes[i].Rows {
			row := &r.Sizes[i].Rows[j]
			percent, _ := row.Workload.Reads()
			for k := range row.Targets {
				line(b, append([]string{fmt.Sprint(r.Sizes[i].Servers), fmt.Sprintf("%d %%", percent)}, cells(&row.Targets[k])...))
			}
		}
	}
	b.WriteByte('\n')
}

func cells(s *load.Series) []string {
	m, cpu := &s.Median, "-"
	if m.ServerCPU > 0 {
		cpu = fmt.Sprintf("%.1f", m.ServerCPU)
	}
	cells := []string{s.Target, fmt.Sprintf("%.0f", m.Rate), fmt.Sprintf("%.0f-%.0f", s.MinRate, s.MaxRate)}
	for _, latency := range []float64{m.P50, m.P90, m.P99, m.P999} {
		cells = append(cells, fmt.Sprintf("%.0f", latency))
	}
	return append(cells, cpu, fmt.Sprintf("%.1f", m.ClientCPU), fmt.Sprintf("%.2f", m.ClientCores))
}

func figure(s *load.Series, format string, of func(*load.Sample) float64) string {
	if s == nil {
		return "-"
	}
	return fmt.Sprintf(format, of(&s.Median))
}

func times(ratio float64) string {
	if ratio == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", ratio)
}

func servers(n int) string {
	if n == 1 {
		return "1 server"
	}
	return fmt.Sprintf("%d servers", n)
}

func line(b *strings.Builder, cells []string) {
	b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}
