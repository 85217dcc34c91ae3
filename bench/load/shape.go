package load

import (
	"fmt"
	"strconv"
	"strings"
)

// Shape is how many sessions there are, and how many requests each keeps
// outstanding.
type Shape struct {
	Sessions    int `json:"sessions"`
	Outstanding int `json:"outstanding"`
}

// Shapes are those of the tables.
var Shapes = []Shape{{1, 1}, {50, 1}, {10, 40}}

const (
	maxSessions    = 10000
	maxOutstanding = 1000 // servers hold a session that has more back anyway
)

// ParseShape reads "sessions x outstanding", such as 10x40.
func ParseShape(s string) (Shape, error) {
	bad := fmt.Errorf("shape %q: want sessions x outstanding, such as 10x40; at most %dx%d", s, maxSessions, maxOutstanding)
	left, right, found := strings.Cut(s, "x")
	sessions, err := strconv.Atoi(left)
	if !found || err != nil || sessions < 1 || sessions > maxSessions {
		return Shape{}, bad
	}
	outstanding, err := strconv.Atoi(right)
	if err != nil || outstanding < 1 || outstanding > maxOutstanding {
		return Shape{}, bad
	}
	return Shape{sessions, outstanding}, nil
}

// String names the shape as the tables do.
func (s Shape) String() string {
	switch {
	case s.Outstanding > 1:
		return fmt.Sprintf("%d sessions x %d outstanding", s.Sessions, s.Outstanding)
	case s.Sessions == 1:
		return "1 synchronous client"
	}
	return fmt.Sprintf("%d synchronous clients", s.Sessions)
}
