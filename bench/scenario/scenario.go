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
	Name string
	What string // in a line
	run  func(context.Context, *World) ([]Figure, error)
}

// Scenarios are all there are, in the order in which they are measured.
var Scenarios = []Scenario{
	{"fan-out", "watchers of one znode are told that it has changed", fanOut},
}

// find is the scenario of a name; false if there is none.
func find(name string) (Scenario, bool) {
	i := slices.IndexFunc(Scenarios, func(s Scenario) bool { return s.Name == name })
	if i < 0 {
		return Scenario{}, false
	}
	return Scenarios[i], true
}

// Names are those of Scenarios.
func Names() (names []string) {
	for _, s := range Scenarios {
		names = append(names, s.Name)
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
	Servers []*process.Server
}

// Addrs are the client addresses of the servers.
func (w *World) Addrs() (addrs []string) {
	for _, s := range w.Servers {
		addrs = append(addrs, s.Addr)
	}
	return addrs
}

// List has a line for each scenario.
func List() string {
	var b strings.Builder
	for _, s := range Scenarios {
		fmt.Fprintf(&b, "\n  %-12s %s", s.Name, s.What)
	}
	return b.String()
}
