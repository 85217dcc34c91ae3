//go:build faults

package inject

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// message is the context of a message.
type message struct {
	actor.Context
	m any
}

func (m message) Message() any { return m.m }

// received is what an actor of a kind receives.
func received(t *testing.T, kind string, messages ...any) (through []any) {
	t.Helper()
	a := Actor(kind, actor.ReceiveFunc(func(c actor.Context) { through = append(through, c.Message()) }))
	for _, m := range messages {
		a.Receive(message{m: m})
	}
	return through
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestDrop_LosesTheNext, of one kind, but nothing of an actor's life.
func TestDrop_LosesTheNext(t *testing.T) {
	must(t, Drop("tree", 2))
	started := new(actor.Started)
	if got := received(t, "tree", "a", started, "b", "c"); !slices.Equal(got, []any{started, "c"}) {
		t.Errorf("through came %v", got)
	}
	must(t, Drop("tree", 1))
	if got := received(t, "txlog", "a"); len(got) != 1 {
		t.Errorf("another kind lost its message")
	}
	if got := received(t, "tree", "a", "b"); !slices.Equal(got, []any{"b"}) {
		t.Errorf("through came %v", got)
	}
}

func TestDelay_HoldsUpForAWhile(t *testing.T) {
	const by = 50 * time.Millisecond
	must(t, Delay("tree", by))
	begun := time.Now()
	if got := received(t, "tree", "a", "b"); len(got) != 2 || time.Since(begun) < 2*by {
		t.Errorf("%v after %v", got, time.Since(begun))
	}
	hurts["tree"].until = time.Now()
	begun = time.Now()
	if received(t, "tree", "a"); time.Since(begun) >= by {
		t.Error("it is held up when that is over")
	}
}

type sink struct {
	actor.Process
	got []any
}

func (s *sink) SendUserMessage(_ *actor.PID, message any) { s.got = append(s.got, message) }

func TestProcess_LosesFrames(t *testing.T) {
	s := &sink{}
	p := Process(Frame, s)
	must(t, Drop(Frame, 1))
	for _, m := range []any{"a", "b"} {
		p.SendUserMessage(nil, m)
	}
	if !slices.Equal(s.got, []any{"b"}) {
		t.Errorf("through came %v", s.got)
	}
}

func TestJump_MovesTheWallClock(t *testing.T) {
	Jump(time.Hour)
	Jump(time.Minute)
	if d := time.Until(Wall()); d < time.Hour || d > time.Hour+time.Minute {
		t.Errorf("it is %v ahead", d)
	}
	Adjust()
	if d := time.Until(Wall()); d > 0 {
		t.Errorf("it is %v ahead", d)
	}
}

// TestKnown_IsTheSupervisionTree that package actors draws, and Frame.
func TestKnown_IsTheSupervisionTree(t *testing.T) {
	doc, err := os.ReadFile("../doc.go")
	must(t, err)
	drawn := 1
	for _, m := range regexp.MustCompile(`(?m)^//\t[|' -]*(\w+)( x \w)?   `).FindAllStringSubmatch(string(doc), -1) {
		drawn++
		must(t, Known(m[1]))
	}
	if drawn != len(hurts) {
		t.Errorf("%d kinds are drawn, %d known", drawn, len(hurts))
	}
}

func TestKnown(t *testing.T) {
	for _, err := range []error{Known("nobody"), Delay("nobody", 1), Drop("nobody", 1)} {
		if err == nil || !strings.Contains(err.Error(), "elector, follower, frame") {
			t.Errorf("error %v", err)
		}
	}
}
