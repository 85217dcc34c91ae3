package mesh

import (
	"errors"

	"troupe/bench/process/lan"
)

// connect makes the links between all servers.
func (e *Ensemble) connect() error {
	n := len(e.Servers)
	for range n {
		row := make([]*gate, n)
		for to := range row {
			row[to] = newGate()
		}
		e.gates = append(e.gates, row)
	}
	for from := range n {
		e.links = append(e.links, make([][2]*link, n))
		for to := range n {
			for k := range 2 {
				if from == to {
					continue
				}
				l, err := newLink(address(e.ports[to][1+k]), e.gates[from][to], e.gates[to][from])
				if err != nil {
					return errors.Join(err, e.Kill())
				}
				e.links[from][to][k] = l
			}
		}
	}
	return nil
}

// Cut holds back all that one server sends to another from now on; a LAN loses it.
func (e *Ensemble) Cut(from, to int) {
	if e.spec.LAN != nil {
		e.spec.LAN.Set(from+1, to+1, lan.Cut)
		return
	}
	e.gates[from][to].set(false)
}

// Worsen says how packets get from one server to another from now on. It takes a LAN.
func (e *Ensemble) Worsen(from, to int, p lan.Path) { e.spec.LAN.Set(from+1, to+1, p) }

// Isolate cuts all links of a server, both ways.
func (e *Ensemble) Isolate(server int) {
	for other := range e.Servers {
		e.Cut(server, other)
		e.Cut(other, server)
	}
}

// Heal opens all links again.
func (e *Ensemble) Heal() {
	if e.spec.LAN != nil {
		e.spec.LAN.Heal()
		return
	}
	for _, row := range e.gates {
		for _, g := range row {
			g.set(true)
		}
	}
}
