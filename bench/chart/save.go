package chart

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Save writes the chart into a directory, as SVG and as PNG, and returns the
// names of the files.
func (c *Chart) Save(dir string) (files []string, err error) {
	p, legend, err := c.plot()
	if err != nil {
		return nil, fmt.Errorf("chart %s: %w", c.Name, err)
	}
	svg := vgsvg.NewWith(vgsvg.UseWH(width, height))
	c.draw(p, legend, svg)
	var text bytes.Buffer
	if _, err := svg.WriteTo(&text); err != nil {
		return nil, fmt.Errorf("chart %s: %w", c.Name, err)
	}
	png := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dotsPerInch))}
	c.draw(p, legend, png)
	var pixels bytes.Buffer
	if _, err := png.WriteTo(&pixels); err != nil {
		return nil, fmt.Errorf("chart %s: %w", c.Name, err)
	}
	name := filepath.Join(dir, c.Name)
	files = []string{name + ".svg", name + ".png"}
	return files, errors.Join(os.WriteFile(files[0], anywhere(text.Bytes()), 0o644), os.WriteFile(files[1], pixels.Bytes(), 0o644))
}

// anywhere names fonts as wide as the drawing's, for machines without that.
func anywhere(svg []byte) []byte {
	return bytes.ReplaceAll(svg, []byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;"))
}

// draw puts the legend to the right of the lines, so that it hides none.
func (c *Chart) draw(p *plot.Plot, legend plot.Legend, on vg.CanvasSizer) {
	all := draw.New(on)
	all.SetColor(white)
	all.Fill(all.Rectangle.Path())
	all = draw.Crop(all, margin, -margin, margin, -margin)
	all = heading(all, c.Title, 12)
	all = heading(all, c.Y, 9)
	beside := legend.Rectangle(all).Size().X + legendGap
	lines := draw.Crop(all, 0, -beside, 0, 0)
	p.Draw(lines)
	legend.Draw(draw.Crop(all, all.Size().X-beside+legendGap, 0, 0, 0))
}

// heading writes a line at the top left and returns what is left below.
func heading(c draw.Canvas, text string, size vg.Length) draw.Canvas {
	style := draw.TextStyle{Color: black, Font: font.From(sans, size), Handler: plot.DefaultTextHandler, YAlign: draw.YTop}
	c.FillText(style, vg.Point{X: c.Min.X, Y: c.Max.Y}, text)
	return draw.Crop(c, 0, 0, 0, -style.Height(text)-headGap)
}
