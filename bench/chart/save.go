package chart

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
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
	png := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dotsPerInch))}
	c.draw(p, legend, png)
	for _, f := range []struct {
		suffix  string
		picture io.WriterTo
	}{{".svg", svg}, {".png", png}} {
		name := filepath.Join(dir, c.Name+f.suffix)
		if err := write(name, f.picture); err != nil {
			return nil, err
		}
		files = append(files, name)
	}
	return files, nil
}

func write(name string, picture io.WriterTo) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = picture.WriteTo(file)
	return errors.Join(err, file.Close())
}

// draw puts the legend to the right of the lines, so that it hides none.
func (c *Chart) draw(p *plot.Plot, legend plot.Legend, on vg.CanvasSizer) {
	all := draw.New(on)
	all.SetColor(white)
	all.Fill(all.Rectangle.Path())
	all = draw.Crop(all, margin, -margin, margin, -margin)
	beside := legend.Rectangle(all).Size().X + legendGap
	lines := draw.Crop(all, 0, -beside, 0, 0)
	p.Draw(lines)
	top := p.DataCanvas(lines).Max.Y // as high as the lines begin
	legend.Draw(draw.Crop(all, all.Size().X-beside+legendGap, 0, 0, top-all.Max.Y))
}
