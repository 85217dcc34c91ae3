package chart

import (
	"fmt"
	"image/color"
	"slices"

	"troupe/bench/load"
	"troupe/bench/sweep"
)

// palette can be told apart by people who see fewer colours (Okabe and Ito).
var palette = []color.Color{
	color.RGBA{0x00, 0x72, 0xb2, 0xff}, color.RGBA{0xd5, 0x5e, 0x00, 0xff}, color.RGBA{0x00, 0x9e, 0x73, 0xff},
	color.RGBA{0xcc, 0x79, 0xa7, 0xff}, color.RGBA{0xe6, 0x9f, 0x00, 0xff}, color.RGBA{0x56, 0xb4, 0xe9, 0xff},
}

// kinds of lines, by target.
var kinds = map[string]Kind{load.Troupe: Solid, load.Connected: Solid, load.Apache: Dashed, load.Ceiling: Dotted}

// colors are those of targets where lines are not told apart by ensemble size.
var colors = map[string]color.Color{load.Troupe: palette[0], load.Connected: palette[0], load.Apache: palette[1], load.Ceiling: palette[2]}

var names = map[string]string{load.Troupe: "Troupe", load.Apache: "Apache ZooKeeper", load.Ceiling: "echo server", load.Connected: "this ensemble"}

// OfSweep is the charts of a sweep: those that say something. A rate that was
// asked for does not, nor does one ensemble size alone, and the processor time of
// servers that ran already is not known.
func OfSweep(r *sweep.Report) (charts []Chart) {
	asked := r.Settings.Rate > 0
	if !asked {
		charts = append(charts, byReads(r, "throughput-reads", "Throughput against the share of reads", "operations per second",
			func(s *load.Series) Point { return Point{Y: s.Median.Rate, Low: s.MinRate, High: s.MaxRate} }))
	}
	if !slices.Contains(r.Targets(), load.Connected) {
		charts = append(charts, byReads(r, "cpu-reads", "Processor time of all servers per operation", "µs of processor time per operation",
			func(s *load.Series) Point { return Point{Y: s.Median.ServerCPU} }))
	}
	reads := r.Reads()
	for _, percent := range slices.Compact([]int{reads[0], reads[len(reads)-1]}) {
		if !asked && len(r.Sizes) > 1 {
			charts = append(charts, byServers(r, percent))
		}
		charts = append(charts, byPercentile(r, percent))
	}
	return charts
}

// byReads has a line per target and ensemble size.
func byReads(r *sweep.Report, name, title, y string, of func(*load.Series) Point) Chart {
	c := Chart{Name: name, Title: title, X: "reads, % of operations", Y: y, Log: true}
	for _, percent := range r.Reads() {
		c.Places = append(c.Places, Place{float64(percent), fmt.Sprint(percent)})
	}
	eachLine(r, func(size *sweep.Size, target string, l Line) {
		for _, percent := range r.Reads() {
			s := size.Series(percent, target)
			if s == nil {
				continue
			}
			if p := of(s); p.Y > 0 { // 0 has no logarithm
				p.X = float64(percent)
				l.Points = append(l.Points, p)
			}
		}
		c.add(l)
	})
	return c
}

// byServers has a line per target, for one share of reads.
func byServers(r *sweep.Report, percent int) Chart {
	c := Chart{Name: fmt.Sprintf("throughput-servers-%d", percent), X: "servers", Y: "operations per second",
		Title: fmt.Sprintf("Throughput against ensemble size, %s", share(percent))}
	for _, size := range r.Sizes {
		c.Places = append(c.Places, Place{float64(size.Servers), fmt.Sprint(size.Servers)})
	}
	for _, target := range r.Targets() {
		l := Line{Name: names[target], Color: colors[target], Kind: kinds[target]}
		for j := range r.Sizes {
			if s := r.Sizes[j].Series(percent, target); s != nil {
				l.Points = append(l.Points, Point{float64(r.Sizes[j].Servers), s.Median.Rate, s.MinRate, s.MaxRate})
			}
		}
		c.add(l)
	}
	return c
}

// byPercentile has a line per target and ensemble size, for one share of reads.
func byPercentile(r *sweep.Report, percent int) Chart {
	c := Chart{Name: fmt.Sprintf("latency-%d", percent), X: "percentile; " + r.Shape.String(), Y: "latency, ms", Log: true,
		Title: fmt.Sprintf("Latency %s, %s", how(r), share(percent))}
	for i, name := range []string{"50", "90", "99", "99.9", "max"} {
		c.Places = append(c.Places, Place{float64(i), name})
	}
	eachLine(r, func(size *sweep.Size, target string, l Line) {
		s := size.Series(percent, target)
		if s == nil || s.Median.P50 <= 0 {
			return // nothing was answered, and 0 has no logarithm
		}
		m := &s.Median
		for i, micros := range []float64{m.P50, m.P90, m.P99, m.P999, m.Max} {
			l.Points = append(l.Points, Point{X: float64(i), Y: micros / 1000})
		}
		c.add(l)
	})
	return c
}

// eachLine has one colour per ensemble size, one kind of line per target.
func eachLine(r *sweep.Report, f func(*sweep.Size, string, Line)) {
	for _, target := range r.Targets() {
		for i := range r.Sizes {
			size := &r.Sizes[i]
			f(size, target, Line{Name: fmt.Sprintf("%s, %s", names[target], servers(size.Servers)),
				Color: palette[i%len(palette)], Kind: kinds[target]})
		}
	}
}

// add takes a line that has something to show.
func (c *Chart) add(l Line) {
	if len(l.Points) > 0 {
		c.Lines = append(c.Lines, l)
	}
}

func servers(n int) string {
	if n == 1 {
		return "1 server"
	}
	return fmt.Sprintf("%d servers", n)
}

func share(percent int) string {
	switch percent {
	case 0:
		return "writes only"
	case 100:
		return "reads only"
	}
	return fmt.Sprintf("%d %% reads", percent)
}

// how says what the servers were given to do.
func how(r *sweep.Report) string {
	if r.Settings.Rate > 0 {
		return fmt.Sprintf("at %s operations per second", number(r.Settings.Rate))
	}
	return "at full load"
}
