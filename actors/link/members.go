package link

import (
	"fmt"
	"slices"
	"strings"

	"troupe/wire"
)

// Compare looks at two lists of an ensemble's servers. It counts the servers
// that vote by one list and not by the other, and says what differs, "" if
// nothing does. While the sets of voters differ by one server at most, any two
// of their quorums still meet.
func Compare(mine, theirs []wire.Member) (voters int, differences string) {
	a, b := roles(mine), roles(theirs)
	var said []string
	for id := range len(a) {
		if a[id] == b[id] {
			continue
		}
		if a[id] == voter || b[id] == voter {
			voters++
		}
		said = append(said, fmt.Sprintf("server %d is %s here and %s there", id, a[id], b[id]))
	}
	return voters, strings.Join(said, ", ")
}

// role is what a list says of a server.
type role uint8

const (
	absent role = iota
	observer
	voter
)

func (r role) String() string { return [...]string{"not listed", "an observer", "a voter"}[r] }

func roles(members []wire.Member) (r [256]role) {
	for _, m := range members {
		r[m.ID] = observer
		if m.Voter {
			r[m.ID] = voter
		}
	}
	return r
}

// voterIDs lists the voters, for people to compare.
func voterIDs(members []wire.Member) string {
	var ids []int
	for _, m := range members {
		if m.Voter {
			ids = append(ids, int(m.ID))
		}
	}
	slices.Sort(ids)
	return fmt.Sprint(ids)
}
