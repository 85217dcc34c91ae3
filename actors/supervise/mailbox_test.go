package supervise

import (
	"fmt"
	"math/rand"
	"slices"
	"sync"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
)

// TestQueue_IsFirstInFirstOut, and holds nothing that has gone, and little once it is empty.
func TestQueue_IsFirstInFirstOut(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	for range 300 {
		var q queue
		in, out, most := 0, 0, rnd.Intn(200)+1
		for range 500 {
			if q.len() != in-out {
				t.Fatalf("%d messages, want %d", q.len(), in-out)
			}
			if rnd.Intn(2) == 0 && q.len() < most {
				q.push(in)
				in++
			} else if q.len() > 0 {
				if m := q.pop(); m != out {
					t.Fatalf("%v comes, want %d", m, out)
				}
				out++
			}
			for i, m := range q.all[:cap(q.all)] {
				if (i < q.head || i >= len(q.all)) && m != nil {
					t.Fatalf("%v is held in place %d of %d to %d", m, i, q.head, len(q.all))
				}
			}
			if q.len() == 0 && cap(q.all) > kept {
				t.Fatalf("empty, it has room for %d", cap(q.all))
			}
			if cap(q.all) > 4*most+kept {
				t.Fatalf("room for %d, of which %d are used at most", cap(q.all), most)
			}
		}
	}
}

// steps is a dispatcher, and an invoker, of a mailbox that the test runs.
type steps struct {
	actor.MessageInvoker
	due     []func()
	handled []any
	on      map[any]func()
}

func (s *steps) Schedule(fn func())        { s.due = append(s.due, fn) }
func (*steps) Throughput() int             { return 300 }
func (s *steps) InvokeSystemMessage(m any) { s.InvokeUserMessage(m) }
func (s *steps) EscalateFailure(r, m any)  { s.InvokeUserMessage(fmt.Sprint(r, " of ", m)) }
func (s *steps) InvokeUserMessage(m any) {
	s.handled = append(s.handled, m)
	if do := s.on[m]; do != nil {
		do()
	}
}

// run lets the mailbox run, and is what was handled.
func (s *steps) run(t *testing.T) (handled []any) {
	t.Helper()
	if len(s.due) > 1 {
		t.Fatalf("scheduled %d times", len(s.due))
	}
	for _, fn := range s.due {
		s.due = nil
		fn()
	}
	handled, s.handled = s.handled, nil
	return handled
}

func TestMailbox(t *testing.T) {
	s := &steps{on: make(map[any]func())}
	m := newMailbox()
	m.RegisterHandlers(s, s)
	m.Start()
	expect := func(want ...any) {
		t.Helper()
		if got := s.run(t); !slices.Equal(got, want) {
			t.Errorf("handled %v, want %v", got, want)
		}
	}
	expect()
	m.PostUserMessage("1")
	m.PostUserMessage("2")
	m.PostSystemMessage("s1")
	if n := m.UserMessageCount(); n != 2 {
		t.Errorf("%d messages", n)
	}
	expect("s1", "1", "2")
	m.PostUserMessage(nil) // as any other
	expect(nil)

	s.on["3"] = func() { m.PostUserMessage("5"); m.PostSystemMessage("s2") }
	m.PostUserMessage("3")
	m.PostUserMessage("4")
	expect("3", "s2", "4", "5")

	m.PostSystemMessage(&actor.SuspendMailbox{})
	m.PostUserMessage("6")
	expect()
	m.PostUserMessage("7")
	expect()
	m.PostSystemMessage("s3")
	expect("s3")
	m.PostSystemMessage(&actor.ResumeMailbox{})
	expect("6", "7")

	s.on["8"] = func() { panic("bug") }
	s.on["bug of 8"] = func() { m.PostSystemMessage(&actor.SuspendMailbox{}); m.PostSystemMessage("s4") }
	for _, message := range []string{"8", "9"} {
		m.PostUserMessage(message)
	}
	expect("8", "bug of 8", "s4")
	m.PostSystemMessage(&actor.ResumeMailbox{})
	expect("9")
}

// counting is an invoker that expects the messages of each sender in their order.
type counting struct {
	actor.MessageInvoker
	next [8]int
	left int
	t    *testing.T
	done chan struct{}
}

func (c *counting) InvokeSystemMessage(m any) { c.InvokeUserMessage(m) }
func (c *counting) InvokeUserMessage(m any) {
	from := m.([2]int)
	if c.next[from[0]] != from[1] {
		c.t.Errorf("message %d of %d, want %d", from[1], from[0], c.next[from[0]])
	}
	c.next[from[0]]++
	if c.left--; c.left == 0 {
		close(c.done)
	}
}

// TestMailbox_ManySenders: all is handled, in the order of each sender, by one at a time.
func TestMailbox_ManySenders(t *testing.T) {
	const each = 20000
	c := &counting{t: t, left: each * 8, done: make(chan struct{})}
	m := newMailbox()
	m.RegisterHandlers(c, dispatcher)
	var senders sync.WaitGroup
	for s := range c.next {
		senders.Go(func() {
			for i := range each {
				if s == 0 {
					m.PostSystemMessage([2]int{s, i})
				} else {
					m.PostUserMessage([2]int{s, i})
				}
			}
		})
	}
	senders.Wait()
	receive(t, c.done)
}
