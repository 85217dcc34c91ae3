package chart

import (
	"fmt"

	"troupe/bench/model"
	"troupe/bench/sweep"
)

// OfModel is what a sweep's costs predict for ensembles whose servers have a
// machine each; none if the sweep is not enough for that.
func OfModel(r *sweep.Report) (charts []Chart) {
	var all []model.Costs
	for _, target := range r.Targets() {
		if c, err := model.Fit(r, target, 0); err == nil {
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return []Chart{byVoters(all, 0), byVoters(all, 100), byObservers(all)}
}

// byVoters has a line per target, and one of what the paper measured.
func byVoters(all []model.Costs, percent int) Chart {
	c := Chart{Name: fmt.Sprintf("model-%d", percent), X: "voters, each a machine of its own", Y: "operations per second, predicted", Log: true,
		Title: fmt.Sprintf("Predicted throughput against ensemble size, %s", share(percent))}
	for _, n := range model.Voters {
		c.Places = append(c.Places, Place{float64(n), fmt.Sprint(n)})
	}
	for i := range all {
		l := Line{Name: names[all[i].Target], Color: colors[all[i].Target], Kind: kinds[all[i].Target]}
		for _, n := range model.Voters {
			l.Points = append(l.Points, predicted(&all[i], n, model.Ensemble{Voters: n, Reads: float64(percent) / 100}))
		}
		c.add(l)
	}
	paper := Line{Name: "the paper, 2010, measured", Color: palette[2], Kind: Dotted}
	for _, p := range model.Paper {
		y := p.Writes
		if percent == 100 {
			y = p.Reads
		}
		paper.Points = append(paper.Points, Point{X: float64(p.Servers), Y: y})
	}
	c.add(paper)
	return c
}

// byObservers has a line per target and share of reads.
func byObservers(all []model.Costs) Chart {
	c := Chart{Name: "model-observers", X: fmt.Sprintf("observers beside %d voters, each a machine of its own", model.ObservedVoters), Log: true,
		Y: "operations per second, predicted", Title: "Predicted throughput against the number of observers"}
	for _, n := range model.Observers {
		c.Places = append(c.Places, Place{float64(n), fmt.Sprint(n)})
	}
	for i := range all {
		for j, percent := range []int{100, 0} {
			l := Line{Name: fmt.Sprintf("%s, %s", names[all[i].Target], share(percent)), Color: palette[j], Kind: kinds[all[i].Target]}
			for _, n := range model.Observers {
				l.Points = append(l.Points, predicted(&all[i], n, model.Ensemble{Voters: model.ObservedVoters, Observers: n, Reads: float64(percent) / 100}))
			}
			c.add(l)
		}
	}
	return c
}

func predicted(c *model.Costs, at int, e model.Ensemble) Point {
	e.Outstanding = model.StatedOutstanding
	rate, _ := c.Predict(e, model.Stated)
	return Point{X: float64(at), Y: rate}
}
