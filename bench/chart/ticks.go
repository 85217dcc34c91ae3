package chart

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// linearTicks are some round numbers, from 0 on.
func linearTicks(_, high float64) (ticks []plot.Tick) {
	const about = 6
	step := math.Pow(10, math.Floor(math.Log10(high/about)))
	for _, of := range []float64{5, 2} {
		if high/(of*step) >= about {
			step *= of
			break
		}
	}
	for i := 0.0; i*step <= high; i++ {
		ticks = append(ticks, plot.Tick{Value: i * step, Label: number(i * step)})
	}
	return ticks
}

// logTicks are 1, 2 and 5 of every power of ten.
func logTicks(low, high float64) (ticks []plot.Tick) {
	for power := math.Pow(10, math.Floor(math.Log10(low))); power <= high; power *= 10 {
		for _, of := range []float64{1, 2, 5} {
			if v := of * power; v >= low && v <= high {
				ticks = append(ticks, plot.Tick{Value: v, Label: number(v)})
			}
		}
	}
	return ticks
}

// number writes thousands as k.
func number(v float64) string {
	unit := ""
	if math.Abs(v) >= 1000 {
		v, unit = v/1000, "k"
	}
	return strconv.FormatFloat(v, 'g', 4, 64) + unit
}
