package quorum

import (
	"strings"
	"testing"
	"time"

	"troupe/bench/process"
	"troupe/bench/process/mesh"
	"troupe/wire"
)

// mark is a znode that must survive.
const mark = "/mark"

// put makes a znode by way of a server.
func (e *ensemble) put(server int, path string) {
	e.Helper()
	conn := e.session(server, 10*time.Second)
	_, err := conn.Create(e.within(patience), path, []byte(path), wire.OpenACL, wire.ModePersistent)
	e.must(err)
	e.must(conn.Close(e.within(patience)))
}

// TestWipe_One: a server that has lost its data comes back while the others serve, whoever leads.
func TestWipe_One(t *testing.T) {
	e := start(t, mesh.Spec{})
	l := e.load(3, 10)
	for range 2 {
		l.more(100)
		victim := e.leader()
		e.kill(victim)
		e.wipe(victim)
		e.up(victim)
		l.more(100)
	}
	l.end()
	l.account(e.agree())
}

// TestWipe_LastCopy: with one server wiped and one that has data away, the third must not serve with the
// wiped one: what the quorum of the other two acknowledged would be forgotten.
func TestWipe_LastCopy(t *testing.T) {
	t.Parallel()
	e := start(t, mesh.Spec{})
	e.put(0, "/before")
	e.kill(2) // it knows nothing of what follows
	e.put(0, mark)
	e.kill(0, 1)
	e.wipe(1)
	e.begin(1, 2)
	refuse := func() bool { return e.serves(1) || e.serves(2) }
	e.never("a wiped server and one that was away serve", 2*time.Second, refuse)
	e.says(2, "too few have their data")
	e.up(0)
	e.up()
	if tree := e.agree(); tree[mark].data != mark {
		t.Errorf("%s was acknowledged, and is %+v", mark, tree[mark])
	}
}

// TestWipe_TwoOfFive: two wiped ones and one that was away do not make a quorum, and four with two that have
// data do not, since the two wiped may have been needed for what was acknowledged.
func TestWipe_TwoOfFive(t *testing.T) {
	t.Parallel()
	e := start(t, mesh.Spec{EnsembleSpec: process.EnsembleSpec{Servers: 5}})
	e.kill(3, 4)
	e.put(0, mark)
	e.kill(0, 1, 2)
	e.wipe(0, 1)
	e.begin(0, 1, 3, 4)
	e.never("servers serve that may have forgotten what was acknowledged", 2*time.Second, func() bool {
		return e.serves(0) || e.serves(1) || e.serves(3) || e.serves(4)
	})
	e.says(3, "too few have their data")
	e.up()
	if tree := e.agree(); tree[mark].data != mark {
		t.Errorf("%s was acknowledged, and is %+v", mark, tree[mark])
	}
}

// TestWipe_TwoOfFiveWhileOthersServe: they come back.
func TestWipe_TwoOfFiveWhileOthersServe(t *testing.T) {
	e := start(t, mesh.Spec{EnsembleSpec: process.EnsembleSpec{Servers: 5}})
	l := e.load(5, 10)
	l.more(100)
	victims := []int{e.leader(), e.others(e.leader())[0]}
	e.kill(victims...)
	e.wipe(victims...)
	l.more(100)
	e.up(victims...)
	l.more(100)
	l.end()
	l.account(e.agree())
}

// TestFirstStart_TwoOfThree: two empty servers begin, and the third joins.
func TestFirstStart_TwoOfThree(t *testing.T) {
	e := plan(t, mesh.Spec{})
	e.up(0, 1)
	e.put(0, mark)
	e.up(2)
	if tree := e.agree(); tree[mark].data != mark {
		t.Errorf("%s is %+v", mark, tree[mark])
	}
}

// TestFirstStart_OneOfThree serves nobody, and says why.
func TestFirstStart_OneOfThree(t *testing.T) {
	t.Parallel()
	e := plan(t, mesh.Spec{})
	e.begin(0)
	e.says(0, "too few of the voters can be reached")
	if e.serves(0) {
		t.Error("one server of three serves")
	}
}

// TestForeign: a server with the data of another ensemble is refused, and both sides say so; the others serve.
func TestForeign(t *testing.T) {
	t.Parallel()
	e, other := start(t, mesh.Spec{}), start(t, mesh.Spec{})
	e.put(0, mark)
	other.put(0, "/foreign") // an ensemble that has logged nothing binds nobody
	e.stop(e.others()...)
	other.stop(other.others()...)
	e.exchange(2, other.Dir(2))
	e.begin(2)
	e.up(0, 1)
	e.never("the server with foreign data serves", time.Second, func() bool { return e.serves(2) })
	e.says(2, "ensemble")
	e.says(0, "refused")
	if tree := e.agree(0, 1); tree[mark].data != mark {
		t.Errorf("%s is %+v", mark, tree[mark])
	}
}

// TestFarBehind: a follower is away for more than its leader keeps of the log, and gets the state.
func TestFarBehind(t *testing.T) {
	long(t)
	e := start(t, mesh.Spec{EnsembleSpec: process.EnsembleSpec{Config: []string{"snapCount=500"}}})
	victim := e.others(e.leader())[0]
	e.kill(victim)
	l := e.load(4, 100<<10)
	const enough = 4000 // of 100 KiB: three times what is kept
	l.moreWithin(enough, 4*patience)
	began := time.Now()
	e.up(victim)
	took := time.Since(began)
	e.says(victim, "the leader's state is on disk")
	t.Logf("it was back after %v and %d transfers, while others wrote: %d writes of 100 KiB by now", took.Round(time.Millisecond),
		strings.Count(e.log(victim), "the leader's state is on disk"), l.acked.Load())
	l.more(100)
	l.end()
	l.account(e.agree())
}
