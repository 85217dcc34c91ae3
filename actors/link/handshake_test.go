package link

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"troupe/wire"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	list := func(voters string, observers string) (m []wire.Member) {
		for _, c := range voters {
			m = append(m, wire.Member{ID: wire.ServerID(c - '0'), Voter: true})
		}
		for _, c := range observers {
			m = append(m, wire.Member{ID: wire.ServerID(c - '0')})
		}
		return m
	}
	for _, c := range []struct {
		mine, theirs []wire.Member
		voters       int
		said         string
	}{
		{list("123", ""), list("321", ""), 0, ""},
		{list("123", "4"), list("123", "4"), 0, ""},
		{list("123", ""), list("1234", ""), 1, "server 4 is not listed here and a voter there"},
		{list("1234", ""), list("123", ""), 1, "server 4 is a voter here and not listed there"},
		{list("1234", ""), list("123", "4"), 1, "server 4 is a voter here and an observer there"},
		{list("123", "4"), list("1234", ""), 1, "server 4 is an observer here and a voter there"},
		{list("123", "45"), list("123", ""), 0, "server 4 is an observer here and not listed there, server 5 is an observer here and not listed there"},
		{list("123", ""), list("124", ""), 2, "server 3 is a voter here and not listed there, server 4 is not listed here and a voter there"},
		{list("123", ""), list("", "123"), 3, "server 1 is a voter here and an observer there"},
		{nil, nil, 0, ""},
	} {
		if voters, said := Compare(c.mine, c.theirs); voters != c.voters || !strings.HasPrefix(said, c.said) || c.said == "" && said != "" {
			t.Errorf("%v and %v: %d, %q", c.mine, c.theirs, voters, said)
		}
	}
}

// twoWith starts two servers, of which the second says another hello.
func twoWith(t *testing.T, f func(*wire.Hello)) (a, b *station) {
	t.Helper()
	field := newField()
	a, b = field.listen(t, 1, []wire.ServerID{2}, setup{}), field.listen(t, 2, []wire.ServerID{1}, setup{})
	change(b, f)
	a.place()
	b.place()
	a.link(2, setup{})
	b.link(1, setup{})
	return a, b
}

// TestLink_RefusesWhoDoesNotFit, says why on both sides, tries again, and takes
// it when it fits.
func TestLink_RefusesWhoDoesNotFit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wrong func(*wire.Hello)
		words []string
	}{
		"link versions":   {func(h *wire.Hello) { h.Link = wire.Versions{Low: 7, High: 9} }, []string{"version of links", "1", "7 to 9"}},
		"record versions": {func(h *wire.Hello) { h.Record = wire.Versions{Low: 3, High: 3} }, []string{"version of records", "1 to 2", "3"}},
		"evaluation":      {func(h *wire.Hello) { h.Eval = wire.Versions{Low: 2, High: 3} }, []string{"version of evaluation", "2 to 3"}},
		"members": {func(h *wire.Hello) {
			h.Members = append(h.Members, wire.Member{ID: 3, Voter: true}, wire.Member{ID: 4, Voter: true})
		}, []string{"server 1", "server 2", "[1 2]", "[1 2 3 4]"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var right wire.Hello
			a, b := twoWith(t, func(h *wire.Hello) { right = *h; c.wrong(h) })
			a.log.has(t, append(c.words, `"peer":2`)...)
			b.log.has(t, append(c.words, `"peer":1`)...)
			for _, s := range []*station{a, b} {
				if strings.Contains(s.log.String(), "link up") {
					t.Error("up")
				}
			}
			b.hello.Store(&right)
			meet(t, a, b)
			exchange(t, a, b)
		})
	}
}

// TestLink_OneServerMoreIsOnlyWarnedOf.
func TestLink_OneServerMoreIsOnlyWarnedOf(t *testing.T) {
	t.Parallel()
	a, b := twoWith(t, func(h *wire.Hello) { h.Members = append(h.Members, wire.Member{ID: 3, Voter: true}) })
	meet(t, a, b)
	b.send(1, &Cut{"to warn again"})
	again(t, a, b)
	for _, s := range []*station{a, b} {
		s.log.has(t, "server 3 is", `"level":"warn"`)
		if n := strings.Count(s.log.String(), "server 3 is"); n != 1 {
			t.Errorf("warned %d times", n)
		}
	}
}

// TestLink_TheOwnersCheck refuses, also when only one side has anything against
// the other; both logs say it.
func TestLink_TheOwnersCheck(t *testing.T) {
	t.Parallel()
	f := newField()
	a, b := f.listen(t, 1, []wire.ServerID{2}, setup{}), f.listen(t, 2, []wire.ServerID{1}, setup{})
	var asked atomic.Int64
	no := func(h wire.Hello) error {
		asked.Add(1)
		return errors.New("ensemble X is not ensemble Y")
	}
	a.place()
	b.place()
	b.link(1, setup{})
	e := a.link(2, setup{})
	e.check.Store(&no)
	eventually(t, "asked again", func() bool { return asked.Load() >= 2 || e.isUp.Load() })
	if e.isUp.Load() { // the first Hello was faster than the check was set
		a.send(2, &Cut{"to be asked"})
		receive(t, "up", e.ups)
		receive(t, "up", b.links[1].ups)
		receive(t, "down", b.links[1].downs)
		receive(t, "down", e.downs)
		eventually(t, "asked again", func() bool { return asked.Load() >= 2 })
	}
	a.log.has(t, "ensemble X is not", `"level":"warn"`)
	b.log.has(t, "ensemble X is not", "refuses this one", `"level":"warn"`)
	if n := strings.Count(a.log.String(), "ensemble X is not"); n != 1 {
		t.Errorf("logged %d times", n)
	}
	if e.isUp.Load() {
		t.Error("up")
	}
	yes := func(wire.Hello) error { return nil }
	e.check.Store(&yes)
	meet(t, a, b)
	exchange(t, a, b)
}

// TestLink_ASecondServerWithAnIdIsRefused, told so, and the first is not
// disturbed by it. When the first dies, the second is taken.
func TestLink_ASecondServerWithAnIdIsRefused(t *testing.T) {
	t.Parallel()
	o := setup{timeout: 10 * patience} // so that silence has no part in it
	f := newField()
	second := f.listen(t, 2, []wire.ServerID{1}, o)
	a := f.stand(t, 1, []wire.ServerID{2}, o)
	first := f.stand(t, 2, []wire.ServerID{1}, o)
	meet(t, a, first)
	second.link(1, o) // others do not know where it is
	second.log.has(t, "id 2 is in use by another live server, at 127.0.0.1:", `"level":"warn"`)
	a.log.has(t, "id 2 is in use by another live server")
	exchange(t, a, first)
	if len(a.links[2].downs) > 0 || len(first.links[1].downs) > 0 || len(second.links[1].ups) > 0 {
		t.Error("the first is disturbed")
	}
	first.close()
	second.place()
	receive(t, "down", a.links[2].downs)
	meet(t, a, second)
	exchange(t, a, second)
}

// TestLink_ARestartedServerIsTakenThoughItsFormerSelfIsNotKnownDead: no packet
// has told of its end, and PeerTimeout is far away still.
func TestLink_ARestartedServerIsTakenThoughItsFormerSelfIsNotKnownDead(t *testing.T) {
	t.Parallel()
	o := setup{timeout: 10 * patience} // silence by itself would take longer than the test waits
	f := newField()
	second := f.listen(t, 2, []wire.ServerID{1}, o)
	a := f.stand(t, 1, []wire.ServerID{2}, o)
	first := f.stand(t, 2, []wire.ServerID{1}, o)
	meet(t, a, first)
	first.dead.Store(true)
	f.freeze()
	second.place()
	second.link(1, o)
	receive(t, "down", a.links[2].downs)
	meet(t, a, second)
	exchange(t, a, second)
}

// TestLink_RefusesItself, and servers that it does not know.
func TestLink_RefusesItself(t *testing.T) {
	t.Parallel()
	f := newField()
	a := f.stand(t, 1, []wire.ServerID{2}, setup{})
	f.place(2, a.net.Addr().String())
	a.log.has(t, "this is server-1, not", "server-2")
	stranger := f.stand(t, 7, []wire.ServerID{1}, setup{})
	stranger.log.has(t, "server 7 is not in the list of server 1")
	twin := f.listen(t, 1, []wire.ServerID{2, 3}, setup{})
	b := f.stand(t, 2, []wire.ServerID{1}, setup{})
	meet(t, a, b)
	twin.link(2, setup{})
	twin.log.has(t, "id 1 is in use")
	exchange(t, a, b)
}
