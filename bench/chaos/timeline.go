package chaos

import (
	"cmp"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"
	"time"
)

// The timeline draws, above each other and over the same time, what was done,
// how long it took, who led and what happened to the servers.

const (
	slot      = 200 * time.Millisecond // of one point
	wide      = 1200.0                 // of the drawing, in pixels
	margin    = 70.0                   // for the names of the axes
	chartHigh = 120.0
	laneHigh  = 14.0
)

// chart is lines over time.
type chart struct {
	Title string
	Top   float64  // of the drawing
	Max   string   // at its top
	Lines []string // points of SVG polylines
}

// bar is something that lasted.
type bar struct {
	X, Y, Width, High float64
	Name, Text, Color string
}

// timeline is what the page shows.
type timeline struct {
	Report  *Report
	Summary string
	Width   float64
	Height  float64
	Names   float64 // where those of faults begin
	Left    float64
	High    float64
	Charts  []chart
	Faults  []bar // over all charts
	Leaders []bar
	Lanes   []chart // names of the leaders' lanes
	Seconds []bar
}

// newTimeline lays it out.
func newTimeline(r *Report) *timeline {
	t := &timeline{Report: r, Width: margin + wide + 10, Left: margin, High: chartHigh}
	n := int(r.Lasted/slot) + 1
	done, slow := make([]float64, n), make([][]float64, n)
	for i := range r.ops {
		if o := &r.ops[i]; o.Outcome == Done {
			at := int(o.Ended / slot)
			done[at] += float64(time.Second) / float64(slot)
			slow[at] = append(slow[at], millis(o.Ended-o.Begun))
		}
	}
	late := make([]float64, n)
	for i, all := range slow {
		if slices.Sort(all); len(all) > 0 {
			late[i] = all[len(all)*99/100]
		}
	}
	x := func(at time.Duration) float64 { return margin + wide*float64(at)/float64(r.Lasted) }
	top := 40.0
	t.Charts = append(t.Charts, plot("operations a second", top, done))
	t.Names = top + chartHigh + 35 // where the line below is flat but for moments
	t.Charts = append(t.Charts, plot("99 % within, ms", top+chartHigh+30, late))
	top += 2 * (chartHigh + 30)
	for _, w := range weights {
		if len(r.Usage) > 1 {
			t.Charts = append(t.Charts, r.draw(w, top, x))
			top += chartHigh + 30
		}
	}
	for _, s := range spans(r.Seats, r.Lasted) {
		if s.leader > 0 {
			t.Leaders = append(t.Leaders, bar{x(s.from), top + float64(s.leader-1)*(laneHigh+4), max(x(s.to)-x(s.from), 1), laneHigh, "",
				fmt.Sprintf("server %d leads from %.1f s to %.1f s", s.leader, s.from.Seconds(), s.to.Seconds()), ""})
		}
	}
	for i := range r.Servers {
		t.Lanes = append(t.Lanes, chart{Title: fmt.Sprintf("leads: %d", i+1), Top: top + float64(i)*(laneHigh+4)})
	}
	t.Height = top + float64(r.Servers)*(laneHigh+4) + 30
	for _, e := range r.Events {
		t.Faults = append(t.Faults, bar{x(e.Begun), 20, max(x(e.Served)-x(e.Begun), 1), t.Height - 40, name(e.Fault, e.With),
			fmt.Sprintf("%s, server %v, %.1f s to %.1f s, all served at %.1f s", name(e.Fault, e.With), e.Hit, e.Begun.Seconds(), e.Ended.Seconds(), e.Served.Seconds()),
			fmt.Sprintf("hsl(%d 70%% 60%%)", slices.IndexFunc(Faults, func(f FaultInfo) bool { return f.Fault == e.Fault })*360/len(Faults))})
	}
	for s := time.Duration(0); s <= r.Lasted; s += max((r.Lasted / 12).Round(5*time.Second), time.Second) {
		t.Seconds = append(t.Seconds, bar{X: x(s), Y: t.Height - 8, Text: fmt.Sprintf("%.0f s", s.Seconds())})
	}
	return t
}

// plot draws values that are a slot apart.
func plot(title string, top float64, values []float64) chart {
	highest := max(slices.MaxFunc(values, cmp.Compare[float64]), 1)
	var points strings.Builder
	for i, v := range values {
		fmt.Fprintf(&points, "%.1f,%.1f ", margin+wide*float64(i)/math.Max(float64(len(values)-1), 1), top+chartHigh*(1-v/highest))
	}
	return chart{title, top, fmt.Sprintf("%.0f", highest), []string{points.String()}}
}

// span is for how long the same server led.
type span struct {
	from, to time.Duration
	leader   int
}

// spans joins what was seen of leaders.
func spans(seats []Seat, end time.Duration) (all []span) {
	for _, s := range seats {
		if n := len(all); n > 0 && all[n-1].leader == s.Leader {
			continue
		} else if n > 0 {
			all[n-1].to = s.At
		}
		all = append(all, span{s.At, end, s.Leader})
	}
	return all
}

var page = template.Must(template.New("timeline").Parse(`<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>troupe chaos: {{.Report.Target}}, seed {{.Report.Seed}}</title>
<style>
body { font: 14px sans-serif; margin: 2em; }
svg text { font: 11px sans-serif; }
polyline { fill: none; stroke: #124; stroke-width: 1; }
.axis { stroke: #ccc; }
.fault { opacity: .35; }
svg text.name { font-size: 10px; fill: #555; }
.leader { fill: #2a7; }
pre { background: #f6f6f6; padding: 1em; overflow: auto; }
</style>
<h1>{{.Report.Target}}, {{.Report.Servers}} servers, seed {{.Report.Seed}}</h1>
<svg width="{{.Width}}" height="{{.Height}}" role="img" aria-label="timeline">
{{$names := .Names}}{{range .Faults}}<rect class="fault" x="{{.X}}" y="{{.Y}}" width="{{.Width}}" height="{{.High}}" fill="{{.Color}}"><title>{{.Text}}</title></rect>
<text class="name" transform="translate({{.X}} {{$names}}) rotate(90)" x="2" dy="-3">{{.Name}}</text>
{{end}}{{$left := .Left}}{{$high := .High}}{{range .Charts}}<text x="4" y="{{.Top}}">{{.Max}}</text>
<text x="{{$left}}" y="{{.Top}}" dy="-4">{{.Title}}</text>
<g transform="translate(0 {{$high}})"><line class="axis" x1="{{$left}}" x2="100%" y1="{{.Top}}" y2="{{.Top}}"/></g>
{{range .Lines}}<polyline points="{{.}}"/>
{{end}}{{end}}{{range .Lanes}}<text x="4" y="{{.Top}}" dy="11">{{.Title}}</text>
{{end}}{{range .Leaders}}<rect class="leader" x="{{.X}}" y="{{.Y}}" width="{{.Width}}" height="{{.High}}"><title>{{.Text}}</title></rect>
{{end}}{{range .Seconds}}<text x="{{.X}}" y="{{.Y}}">{{.Text}}</text>
{{end}}</svg>
<p>Coloured: from a fault until all servers served again.</p>
<pre>{{.Summary}}</pre>
{{with .Report.Events}}<table><tr><th align="left">at<th align="left">fault<th align="left">servers</tr>
{{range .}}<tr><td>{{printf "%.1f s" .Begun.Seconds}}<td>{{.Fault}}{{with .With}} and {{.}}{{end}}<td>{{.Hit}}</tr>
{{end}}</table>{{end}}
</html>
`))

// WriteHTML writes the report as a page.
func (r *Report) WriteHTML(w io.Writer) error {
	t := newTimeline(r)
	var text strings.Builder
	if err := r.Write(&text); err != nil {
		return err
	}
	t.Summary = text.String()
	return page.Execute(w, t)
}
