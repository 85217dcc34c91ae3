package quorum

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"troupe/bench/process"
	"troupe/bench/process/mesh"
)

// TestKill_UnderLoad kills leaders and followers, as many at once as an ensemble must bear, and starts
// them again.
func TestKill_UnderLoad(t *testing.T) {
	for _, servers := range []int{3, 5} {
		t.Run(fmt.Sprint(servers, " servers"), func(t *testing.T) {
			e := start(t, mesh.Spec{EnsembleSpec: process.EnsembleSpec{Servers: servers}})
			l := e.load(2*servers, 10)
			rounds := 4
			for begun, round := time.Now(), 0; round < rounds || time.Since(begun) < minutes(t); round++ {
				l.more(200)
				victims := e.victims(round, (servers-1)/2)
				e.kill(victims...)
				l.moreWithin(200, 20*time.Second)
				e.up(victims...)
			}
			l.more(200)
			l.end()
			l.account(e.agree())
		})
	}
}

// victims is who is to be killed: every other time the leader is among them.
func (e *ensemble) victims(round, n int) []int {
	e.Helper()
	leader := e.leader()
	followers := e.others(leader)
	rand.Shuffle(len(followers), func(i, j int) { followers[i], followers[j] = followers[j], followers[i] })
	if round%2 == 0 {
		return append(followers[:n-1], leader)
	}
	return followers[:n]
}

// TestKill_All kills all servers at once: what was acknowledged is there when they come back.
func TestKill_All(t *testing.T) {
	e := start(t, mesh.Spec{})
	l := e.load(6, 10)
	l.more(500)
	for range 2 {
		e.kill(e.others()...)
		e.up()
		l.more(200)
	}
	l.end()
	l.account(e.agree())
}

// TestRollingRestart stops one server after the other, the leader last, with SIGTERM.
func TestRollingRestart(t *testing.T) {
	e := start(t, mesh.Spec{})
	l := e.load(6, 10)
	l.more(200)
	leader := e.leader()
	for _, i := range append(e.others(leader), leader) {
		e.stop(i)
		l.moreWithin(100, 20*time.Second)
		e.up(i)
		l.moreWithin(100, 20*time.Second)
	}
	l.end()
	l.account(e.agree())
}
