package scenario

import (
	"fmt"
	"strings"

	"troupe/bench/load"
)

// aims are the most that a figure may be of Apache's, by scenario and name, in which
// one * is anything.
var aims = []struct {
	scenario, name string
	most           float64
}{
	{"fan-out", "last of 1000 told", 1.0 / 3},
	{"sessions", "10000 sessions: memory of each", 1.0 / 2},
	{"trees", "start, empty", 1.0 / 5},
	{"trees", "memory, empty", 0.4},
	{"trees", "200000 znodes: start after kill -9", 1.0 / 4},
	{"trees", "200000 znodes: memory of each", 0.3},
	{"checkpoints", "1000000 znodes, *: p99.9", 1.0 / 5},
}

// aim is what is aimed at; false if nothing is.
func (r *Row) aim() (most float64, is bool) {
	for _, a := range aims {
		begin, end, star := strings.Cut(a.name, "*")
		if r.Scenario == a.scenario && (r.Name == a.name || star && strings.HasPrefix(r.Name, begin) && strings.HasSuffix(r.Name, end)) {
			return a.most, true
		}
	}
	return 0, false
}

// wanted says what is aimed at, and whether it is met; "-" if nothing is.
func (r *Row) wanted() string {
	aim, is := r.aim()
	if !is {
		return "-"
	}
	switch ratio := r.Ratio(); {
	case ratio == 0:
		return fmt.Sprintf("<= %.2f", aim)
	case ratio <= aim:
		return fmt.Sprintf("<= %.2f: met", aim)
	case r.share() >= load.CeilingShare:
		return fmt.Sprintf("<= %.2f, or %.0f %% of the ceiling: met", aim, load.CeilingShare*100)
	}
	return fmt.Sprintf("<= %.2f: not met", aim)
}
