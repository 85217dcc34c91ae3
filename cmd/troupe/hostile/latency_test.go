package hostile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

const turns = 3 // of a pair of measurements

// TestLatency measures, for every attacker, the neighbour's p99 while a server that
// discards everything is attacked beside its own, and while its own is, in turns. It
// prints the medians, and wants that of the second below twice the first, or as much as
// the attacker says.
func TestLatency(t *testing.T) {
	if !long {
		t.Skip("takes minutes; TROUPE_HOSTILE=long")
	}
	discarder := startDiscarder(t)
	var table strings.Builder
	fmt.Fprintf(&table, "\n| attacker | outcome | server's memory, at most | p99, discarded | p99, attacked |\n|---|---|---|---|---|\n")
	for _, a := range clientAttackers() {
		t.Run(a.name, func(t *testing.T) { measure(t, &a, discarder, &table) })
	}
	t.Log(table.String())
}

func measure(t *testing.T, a *attacker, discarder string, table *strings.Builder) {
	s := startServer(t)
	if a.prepare != nil {
		prepare(t, a, s.Addr)
	}
	n := settle(t, s.Addr)
	before := usage(t, s)
	forgetPeak(t, s.Pid())
	var last *outcome
	p99 := func(addr string, patience time.Duration) time.Duration {
		n.forget()
		last = a.run(t.Context(), addr, lasts(), patience)
		d := n.quantile(0.99)
		n.check(t)
		nothingIsLeft(t, s, before) // nor any work that would disturb the next turn
		return d
	}
	var base, attacked []time.Duration
	for range turns {
		base = append(base, p99(discarder, 0))
		attacked = append(attacked, p99(s.Addr, soon))
	}
	slices.Sort(base)
	slices.Sort(attacked)
	b, x := base[turns/2], attacked[turns/2]
	fmt.Fprintf(table, "| %s | %v | %d MiB | %.2f ms | %.2f ms |\n", a.name, last, peak(t, s.Pid()), ms(b), ms(x))
	if ms(x) >= cmp.Or(a.slower, 2)*ms(b) {
		t.Errorf("the neighbour's p99 is %v under attack, and %v beside it", x, b)
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
