package load

import (
	"fmt"
	"strconv"
	"strings"
)

// Workload is what the sessions ask for: one of the names below, or "mixed:R"
// with R % of reads.
type Workload string

// The workloads. All but create and delete choose from the keys.
const (
	Get         Workload = "get"
	Set         Workload = "set"
	Create      Workload = "create" // a new znode every time
	Delete      Workload = "delete" // of znodes that were created before, unmeasured
	Exists      Workload = "exists"
	GetChildren Workload = "getChildren" // of a parent of ceiling.Children
	Multi       Workload = "multi"       // multiSets sets in one transaction
	Mixed       Workload = "mixed:90"    // get in nine of ten, and set
)

// Workloads are those of the tables, in their order.
var Workloads = []Workload{Get, Set, Create, Mixed}

const mixedPrefix = "mixed"

// Mix is get and set by chance, with so many reads of a hundred.
func Mix(reads int) Workload { return Workload(fmt.Sprintf("%s:%d", mixedPrefix, reads)) }

// Reads is the percentage of reads of a mix; false for other workloads.
func (w Workload) Reads() (percent int, mixed bool) {
	name, share, found := strings.Cut(string(w), ":")
	percent, err := strconv.Atoi(share)
	return percent, found && name == mixedPrefix && err == nil && percent >= 0 && percent <= 100
}

// String names the workload as the tables do.
func (w Workload) String() string {
	if percent, mixed := w.Reads(); mixed {
		return fmt.Sprintf("mixed (%d %% reads)", percent)
	}
	return string(w)
}

// ParseWorkload reads a workload's name; "mixed" alone is that of the tables.
func ParseWorkload(s string) (Workload, error) {
	switch w := Workload(s); w {
	case Get, Set, Create, Delete, Exists, GetChildren, Multi:
		return w, nil
	case mixedPrefix:
		return Mixed, nil
	default:
		if percent, mixed := w.Reads(); mixed {
			return Mix(percent), nil
		}
	}
	return "", fmt.Errorf("workload %q: want get, set, create, delete, exists, getChildren, multi, or mixed:R with R %% of reads", s)
}
