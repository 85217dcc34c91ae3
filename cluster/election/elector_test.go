package election

import (
	"testing"

	"troupe/wire"
)

var three = []wire.ServerID{1, 2, 3}

func has(e wire.Epoch, counter uint32) wire.Credentials {
	return wire.Credentials{Current: e, Last: wire.MakeZxid(e, counter)}
}

// looker is server 2 of three, which reaches the others and looks.
func looker(c wire.Credentials) *Elector {
	e := New(2, three)
	e.Step(Up{1}, nil)
	e.Step(Up{3}, nil)
	e.Step(Look{Credentials: c}, nil)
	return e
}

// looking is what one tells that looks.
func looking(vote wire.ServerID, c wire.Credentials) *wire.Notification {
	return &wire.Notification{State: wire.Looking, Voter: true, Leader: vote, Credentials: c, Electable: true}
}

func elected(out []Effect) wire.ServerID {
	for _, f := range out {
		if f, ok := f.(Elected); ok {
			return f.Leader
		}
	}
	return 0
}

func find[E Effect](out []Effect) (e E, ok bool) {
	for _, f := range out {
		if e, ok = f.(E); ok {
			return e, true
		}
	}
	return e, false
}

func TestElector_VotesForTheBest(t *testing.T) {
	for name, c := range map[string]struct {
		theirs wire.Credentials
		vote   wire.ServerID
	}{"higher id": {has(1, 5), 3}, "more records": {has(1, 6), 3}, "fewer records": {has(1, 4), 2}, "a later epoch": {has(2, 0), 3},
		"cannot vouch": {wire.Credentials{Current: 9, Blank: true}, 2}} {
		t.Run(name, func(t *testing.T) {
			e := looker(has(1, 5))
			e.Step(Heard{3, looking(0, c.theirs)}, nil)
			if got := e.State().Leader; got != c.vote {
				t.Fatalf("votes for %d, want %d", got, c.vote)
			}
		})
	}
}

func TestElector_DecidesAtOnceWhenAllHaveVoted(t *testing.T) {
	e := looker(has(1, 5))
	out := e.Step(Heard{3, looking(3, has(1, 5))}, nil)
	wait, waits := find[Wait](out)
	if elected(out) != 0 || !waits {
		t.Fatalf("server 1 has not voted: %v", out)
	}
	if out = e.Step(Heard{1, looking(3, has(1, 5))}, nil); elected(out) != 3 {
		t.Fatalf("all have voted: %v", out)
	}
	if out = e.Step(Expired{wait.Number}, nil); len(out) != 0 {
		t.Fatalf("decided twice: %v", out)
	}
}

func TestElector_IsPatientFirst(t *testing.T) {
	e := looker(has(1, 5))
	wait, _ := find[Wait](e.Step(Heard{3, looking(3, has(1, 5))}, nil))
	if out := e.Step(Expired{wait.Number}, nil); elected(out) != 3 {
		t.Fatalf("%v", out)
	}
}

func TestElector_WhoIsGoneIsNotWaitedFor(t *testing.T) {
	e := looker(has(1, 5))
	e.Step(Heard{3, looking(3, has(1, 5))}, nil)
	if out := e.Step(Down{1}, nil); elected(out) != 3 {
		t.Fatalf("%v", out)
	}
}

func TestElector_JoinsWhoLeads(t *testing.T) {
	e := looker(has(9, 5))
	if out := e.Step(Heard{1, &wire.Notification{State: wire.Leading, Voter: true, Leader: 1, Credentials: has(1, 1)}}, nil); elected(out) != 1 {
		t.Fatalf("%v", out)
	}
	if s := e.State(); s.State != wire.Following || !s.Electable {
		t.Fatalf("%+v", s)
	}
}

// Its learners still say that they follow it; one of them had more history.
func TestElector_DoesNotLeadAgainWhoHasMore(t *testing.T) {
	e := looker(has(1, 5))
	for id, c := range map[wire.ServerID]wire.Credentials{1: has(1, 5), 3: has(2, 1)} {
		e.Step(Heard{id, &wire.Notification{State: wire.Following, Voter: true, Leader: 2, Credentials: c, Electable: true}}, nil)
	}
	if out := e.Step(Look{Credentials: has(1, 5)}, nil); elected(out) != 0 || e.State().Leader != 3 {
		t.Fatalf("%v, votes for %d", out, e.State().Leader)
	}
}

func TestElector_IsForsaken(t *testing.T) {
	e := looker(has(1, 5))
	e.Step(Heard{1, looking(3, has(1, 5))}, nil)
	e.Step(Heard{3, looking(3, has(1, 5))}, nil) // elected
	if out := e.Step(Heard{3, looking(3, has(1, 5))}, nil); len(out) != 0 {
		t.Fatalf("it has not decided yet, no more: %v", out)
	}
	out := e.Step(Heard{3, looking(1, has(1, 5))}, nil)
	if f, ok := find[Forsaken](out); !ok || f.By != 3 {
		t.Fatalf("%v", out)
	}
}

func TestElector_Blank(t *testing.T) {
	blank := wire.Credentials{Blank: true}
	begun := wire.Credentials{Current: 1, Blank: true}
	for name, c := range map[string]struct {
		mine, first, third wire.Credentials
		leader             wire.ServerID
	}{"a first start": {blank, blank, blank, 3}, "a first start after one that came to nothing": {blank, blank, begun, 3},
		"one wiped of three": {blank, has(1, 5), has(1, 5), 3}, "two wiped of three": {blank, blank, has(1, 5), 0}} {
		t.Run(name, func(t *testing.T) {
			e := looker(c.mine)
			e.Step(Heard{1, looking(3, c.first)}, nil)
			if got := elected(e.Step(Heard{3, looking(3, c.third)}, nil)); got != c.leader {
				t.Fatalf("elected %d, want %d", got, c.leader)
			}
		})
	}
}

func TestElector_WhoIsBarredDoesNotStand(t *testing.T) {
	e := New(2, three)
	e.Step(Up{1}, nil)
	e.Step(Look{Credentials: has(9, 9), Barred: true}, nil)
	e.Step(Heard{1, looking(1, has(1, 1))}, nil)
	if s := e.State(); s.Leader != 1 || s.Electable {
		t.Fatalf("%+v", s)
	}
}

func TestElector_WhoReachesNoQuorumDoesNotStand(t *testing.T) {
	e := New(2, three)
	e.Step(Look{Credentials: has(1, 1)}, nil)
	if s := e.State(); s.Leader != 0 || s.Electable {
		t.Fatalf("%+v", s)
	}
	e.Step(Up{3}, nil)
	if s := e.State(); s.Leader != 2 || !s.Electable {
		t.Fatalf("%+v", s)
	}
}

func TestElector_ObserverJoinsOnlyWhoLeads(t *testing.T) {
	e := New(4, three)
	for _, id := range three {
		e.Step(Up{id}, nil)
		if out := e.Step(Heard{id, looking(3, has(1, 1))}, nil); elected(out) != 0 {
			t.Fatalf("%v", out)
		}
	}
	e.Step(Look{}, nil)
	if out := e.Step(Heard{3, &wire.Notification{State: wire.Leading, Voter: true, Leader: 3}}, nil); elected(out) != 3 || e.State().State != wire.Observing {
		t.Fatalf("%v", out)
	}
}
