package scenario

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"troupe/bench/process"
)

// Scenario is one thing to be measured.
type Scenario struct {
	Name        string
	What        string // in a line
	least, most int    // servers of the ensemble that it is for
	ceiling     bool   // it is for the ceiling, too
	run         func(context.Context, *World) ([]Figure, error)
}

// Scenarios are all there are, in the order in which they are measured.
var Scenarios = []Scenario{
	{"fan-out", "watchers of one znode are told that it has changed", 1, maxServers, true, fanOut},
	{"sessions", "a storm of connections, what an idle session costs, and who is still there after three timeouts", 1, maxServers, false, sessions},
	{"locks", "clients contend for one lock by the usual recipe", 1, maxServers, false, locks},
	{"trees", "memory and starts by the size of the tree", 1, 1, false, trees},
	{"checkpoints", "latency of writes at a fixed rate while a large tree is written to disk", 1, maxServers, false, checkpoints},
	{"rejoin", "a follower that was away catches up under load", 3, maxServers, false, rejoin},
}

const maxServers = 9 // of an ensemble

// find is the scenario of a name; false if there is none.
func find(name string) (Scenario, bool) {
	i := slices.IndexFunc(Scenarios, func(s Scenario) bool { return s.Name == name })
	if i < 0 {
		return Scenario{}, false
	}
	return Scenarios[i], true
}

// Names are those of the scenarios for so many servers.
func Names(servers int) (names []string) {
	for _, s := range Scenarios {
		if s.least <= servers && servers <= s.most {
			names = append(names, s.Name)
		}
	}
	return names
}

// Figure is one result of a scenario. Less is better.
type Figure struct {
	Name  string  `json:"name"`
	Unit  string  `json:"unit"`
	Value float64 `json:"value"`
}

// World is what a scenario works with: servers that serve, that have just been
// started, and that hold nothing. They are ended when it returns.
type World struct {
	Options
	Target  string
	Addrs   []string          // of the servers, for clients
	Servers []*process.Server // none of the ceiling
}

// List has a line for each scenario.
func List() string {
	var b strings.Builder
	for _, s := range Scenarios {
		fmt.Fprintf(&b, "\n  %-12s %s", s.Name, s.What)
	}
	return b.String()
}
