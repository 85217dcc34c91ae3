package chart

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Chart is one picture: lines over a few places on the X axis.
type Chart struct {
	Name   string // of its files, without a suffix
	Title  string
	X, Y   string // what the axes tell, with units
	Places []Place
	Log    bool // the Y axis; else it begins at 0
	Lines  []Line
}

// Place is a value of the X axis, and what is written there.
type Place struct {
	At   float64
	Name string
}

// Line is a curve with its name in the legend.
type Line struct {
	Name   string
	Color  color.Color
	Kind   Kind
	Points []Point
}

// Point is a value of a line, and the lowest and highest of the runs; both 0 if
// that is not told.
type Point struct{ X, Y, Low, High float64 }

// Kind is how a line is drawn.
type Kind int

// The kinds: one per system, so that a line is told from another without colours too.
const (
	Solid Kind = iota
	Dashed
	Dotted
)

const (
	width, height = 18 * vg.Centimeter, 11 * vg.Centimeter
	margin        = 3 * vg.Millimeter
	legendGap     = 5 * vg.Millimeter
	headGap       = 2 * vg.Millimeter
	thumbnail     = 9 * vg.Millimeter
	glyph         = 2.6 // points, its radius
	dotsPerInch   = 144
)

var (
	grid  = color.Gray{0xe2}
	white = color.Gray{0xff}
	black = color.Gray{}
	sans  = font.Font{Typeface: "Liberation", Variant: "Sans"}
)

// plot is the lines and axes. The legend stands beside them, and what the Y axis
// tells above it: the library centres it by values, which on a logarithmic axis
// is far from the middle.
func (c *Chart) plot() (*plot.Plot, plot.Legend, error) {
	p, legend := plot.New(), plot.NewLegend()
	p.X.Label.Text = c.X
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font, a.Tick.Label.Font = font.From(sans, 9), font.From(sans, 9)
		a.Label.Padding = 1.5 * vg.Millimeter
	}
	legend.TextStyle.Font, legend.ThumbnailWidth = font.From(sans, 9), thumbnail
	legend.Top, legend.Left, legend.Padding = true, true, 1.2*vg.Millimeter
	legend.YPosition = draw.PosBottom
	lines := plotter.NewGrid()
	lines.Vertical.Color, lines.Horizontal.Color = grid, grid
	p.Add(lines)
	for i := range c.Lines {
		if err := c.Lines[i].add(p, &legend); err != nil {
			return nil, legend, err
		}
	}
	c.axes(p)
	return p, legend, nil
}

// add draws the line.
func (l *Line) add(p *plot.Plot, legend *plot.Legend) error {
	line, marks, err := plotter.NewLinePoints(spots(l.Points))
	if err != nil {
		return err
	}
	bars, err := plotter.NewYErrorBars(spots(l.Points))
	if err != nil {
		return err
	}
	line.Color, line.Width = l.Color, vg.Points(1.4)
	bars.Color, bars.CapWidth = l.Color, vg.Points(4)
	marks.GlyphStyle = draw.GlyphStyle{Color: l.Color, Radius: glyph, Shape: draw.CircleGlyph{}}
	switch l.Kind {
	case Dashed:
		line.Dashes = []vg.Length{vg.Points(5), vg.Points(2.5)}
		marks.Shape = draw.BoxGlyph{}
	case Dotted:
		line.Dashes = []vg.Length{vg.Points(1.2), vg.Points(2.2)}
		marks.Shape = draw.PyramidGlyph{}
	}
	p.Add(bars, line, marks)
	legend.Add(l.Name, line, marks)
	return nil
}

// spots are points as the library wants them, with their errors.
type spots []Point

func (s spots) Len() int                { return len(s) }
func (s spots) XY(i int) (x, y float64) { return s[i].X, s[i].Y }
func (s spots) YError(i int) (low, high float64) {
	if s[i].Low == 0 && s[i].High == 0 {
		return 0, 0
	}
	return s[i].Y - s[i].Low, s[i].High - s[i].Y
}

// axes sets what the axes cover.
func (c *Chart) axes(p *plot.Plot) {
	var ticks []plot.Tick
	for _, place := range c.Places {
		ticks = append(ticks, plot.Tick{Value: place.At, Label: place.Name})
	}
	p.X.Tick.Marker = plot.ConstantTicks(ticks)
	first, last := c.Places[0].At, c.Places[len(c.Places)-1].At
	pad := max(0.03*(last-first), 0.03)
	p.X.Min, p.X.Max, p.X.Padding = first-pad, last+pad, 0
	p.Y.Padding = 0
	low, high := c.bounds()
	if !c.Log {
		p.Y.Min, p.Y.Max = 0, 1.05*high
		p.Y.Tick.Marker = plot.TickerFunc(linearTicks)
		return
	}
	p.Y.Scale = plot.LogScale{}
	p.Y.Min, p.Y.Max = low/1.3, high*1.3
	p.Y.Tick.Marker = plot.TickerFunc(logTicks)
}

// bounds are the lowest and highest value drawn; a chart of nothing has some too.
func (c *Chart) bounds() (low, high float64) {
	low, high = math.Inf(1), 0
	for _, l := range c.Lines {
		for _, p := range l.Points {
			high = max(high, p.Y, p.High)
			if p.Y > 0 {
				low = min(low, p.Y)
			}
			if p.Low > 0 {
				low = min(low, p.Low)
			}
		}
	}
	if high == 0 {
		return 0.1, 1
	}
	return low, high
}
