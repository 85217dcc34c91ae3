package chaos

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Step is one fault of a plan, or two at once.
type Step struct {
	Fault Fault
	With  Fault // begun while Fault lasts, and repaired with it; none if empty
	// Calm is how long the ensemble is let be before, Lasts how long the fault lasts.
	Calm, Lasts time.Duration
	// Seed decides who is hit, of those that are in the role the fault is for, and
	// how much.
	Seed uint64
}

// Bounds of a step's times.
const (
	shortestCalm, longestCalm = 500 * time.Millisecond, 2 * time.Second
	shortest, longest         = 200 * time.Millisecond, 4 * time.Second
	// longestPause is for processes that are stopped and go on, one time in longPauses.
	longestPause, longPauses = 30 * time.Second, 8
	// longestSilence is for servers that are cut off, one time in longSilences: there
	// are those that wait ten seconds for a word of their leader, and shorter faults
	// are over before they have lost anything but that time.
	longestSilence, longSilences = 14 * time.Second, 2
	// doubles is how many steps there are for one with two faults.
	doubles = 4
)

// plan makes up the steps of a run. The same seed, faults and time make the same.
func plan(seed uint64, faults []Fault, span time.Duration) (steps []Step) {
	rnd := rand.New(rand.NewPCG(seed, 0))
	between := func(low, high time.Duration) time.Duration {
		return (low + time.Duration(rnd.Int64N(int64(high-low)))).Truncate(time.Millisecond)
	}
	mixed := slices.DeleteFunc(slices.Clone(faults), func(f Fault) bool { return f.info().has(alone) })
	var next []int // each comes once before any comes again
	for at := time.Duration(0); at < span; {
		if len(next) == 0 {
			next = rnd.Perm(len(faults))
		}
		s := Step{Fault: faults[next[0]], Calm: between(shortestCalm, longestCalm),
			Lasts: between(shortest, longest), Seed: rnd.Uint64()}
		switch f := s.Fault.info(); {
		case f.has(pauses) && rnd.IntN(longPauses) == 0 && longestPause < span/4:
			s.Lasts = between(longest, longestPause)
		case f.has(silent) && rnd.IntN(longSilences) == 0 && longestSilence < span/8:
			s.Lasts = between(longest, longestSilence)
		}
		if !s.Fault.info().has(alone) && len(mixed) > 1 && rnd.IntN(doubles) == 0 {
			for s.With == "" || s.With == s.Fault {
				s.With = mixed[rnd.IntN(len(mixed))]
			}
		}
		steps, next = append(steps, s), next[1:]
		at += s.Calm + s.Lasts
	}
	return steps
}

// name is what a step or an event is called.
func name(fault, with Fault) string {
	if with == "" {
		return string(fault)
	}
	return fmt.Sprintf("%s and %s", fault, with)
}
