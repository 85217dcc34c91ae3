package differential

import (
	"errors"
	"fmt"
	"slices"
	"sync"
)

// Pair runs each step on both servers at once.
type Pair struct{ apache, troupe *Side }

// NewPair talks to two fresh servers, or ensembles.
func NewPair(apache, troupe Servers) *Pair {
	p := &Pair{NewSide(apache), NewSide(troupe)}
	p.apache.Drowsy = true
	return p
}

// Nudged is how often the original had to be woken.
func (p *Pair) Nudged() int { return p.apache.Nudged }

// Close closes all connections.
func (p *Pair) Close() {
	p.apache.Close()
	p.troupe.Close()
}

// Run does one step and returns the difference, nil if there is none that is not
// explained. An error is a server that does not answer.
func (p *Pair) Run(step *Step) (*Difference, error) {
	var lines [2][]string
	var errs [2]error
	var both sync.WaitGroup
	for i, side := range []*Side{p.apache, p.troupe} {
		both.Go(func() { lines[i], errs[i] = side.Run(step) })
	}
	both.Wait()
	if errors.Is(errs[0], errNotOpen) && errors.Is(errs[1], errNotOpen) {
		return nil, nil // the step that opened it was left out
	}
	for i, name := range []string{"apache", "troupe"} {
		if errs[i] != nil {
			return nil, fmt.Errorf("%s: %s: %w", name, step.Text(), errs[i])
		}
	}
	if slices.Equal(lines[0], lines[1]) || explain(step.Text(), lines[0], lines[1]) != nil {
		return nil, nil
	}
	return &Difference{Step: step.Text(), Apache: lines[0], Troupe: lines[1]}, nil
}

// Shrink leaves out of steps whatever is not needed for fails to hold, in at
// most so many tries. It tries large pieces first, and single requests of
// bursts last.
func Shrink(steps []Step, tries int, fails func([]Step) bool) []Step {
	for size := len(steps) / 2; size > 0; size /= 2 {
		for end := len(steps); end > 0 && tries > 0; end -= size {
			start := max(0, end-size)
			less := slices.Concat(steps[:start], steps[end:])
			if tries--; fails(less) {
				steps = less
			}
		}
	}
	for i := len(steps) - 1; i >= 0; i-- {
		for j := len(steps[i].Burst) - 1; j >= 0 && tries > 0; j-- {
			less := slices.Clone(steps)
			less[i].Burst = slices.Delete(slices.Clone(steps[i].Burst), j, j+1)
			if tries--; len(less[i].Burst) > 0 && fails(less) {
				steps = less
			}
		}
	}
	return steps
}
