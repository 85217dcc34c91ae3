package supervise

import (
	"runtime"
	"sync"

	"github.com/asynkron/protoactor-go/actor"
)

// kept is how many messages an empty mailbox keeps room for: a server has one mailbox
// for each of its clients, of whom most are idle.
const kept = 8

// mailbox is a Proto.Actor mailbox that takes little memory when it is empty, and one lock
// for each message. It has no limit, for who posts never waits: what may be on its way is
// bounded where it comes from. It has no use for middleware and batches, which nothing here has.
type mailbox struct {
	invoker    actor.MessageInvoker
	dispatcher actor.Dispatcher
	process    func() // m.run

	mu           sync.Mutex
	system, user queue
	running      bool // it has been given to the dispatcher
	suspended    bool // user messages wait
}

func newMailbox() actor.Mailbox { return &mailbox{} }

// RegisterHandlers implements actor.Mailbox.
func (m *mailbox) RegisterHandlers(invoker actor.MessageInvoker, dispatcher actor.Dispatcher) {
	m.invoker, m.dispatcher, m.process = invoker, dispatcher, m.run
}

// Start implements actor.Mailbox.
func (*mailbox) Start() {}

// UserMessageCount implements actor.Mailbox.
func (m *mailbox) UserMessageCount() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.user.len()
}

// PostUserMessage implements actor.Mailbox.
func (m *mailbox) PostUserMessage(message any) {
	m.mu.Lock()
	m.user.push(message)
	m.wake(!m.suspended)
}

// PostSystemMessage implements actor.Mailbox.
func (m *mailbox) PostSystemMessage(message any) {
	m.mu.Lock()
	m.system.push(message)
	m.wake(true)
}

// wake lets the actor run, unless it does, and unlocks.
func (m *mailbox) wake(due bool) {
	due = due && !m.running
	m.running = m.running || due
	m.mu.Unlock()
	if due {
		m.dispatcher.Schedule(m.process)
	}
}

// run handles messages until there are none.
func (m *mailbox) run() {
	for m.handle() {
	}
}

// handle handles messages until there are none, or more after one that the actor failed of.
func (m *mailbox) handle() (more bool) {
	var message any
	defer func() {
		if p := recover(); p != nil {
			more = true
			m.invoker.EscalateFailure(p, message)
		}
	}()
	for n := 1; ; n++ {
		var what kind
		switch message, what = m.next(); what {
		case none:
			return false
		case system:
			m.invoker.InvokeSystemMessage(message)
		case user:
			m.invoker.InvokeUserMessage(message)
		}
		if n%m.dispatcher.Throughput() == 0 {
			runtime.Gosched()
		}
	}
}

// kind is what kind of message there is.
type kind int

const (
	none kind = iota
	system
	user
)

// next is the next message, system messages first. If there is none, the mailbox does not
// run any more.
func (m *mailbox) next() (message any, what kind) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.system.len() > 0 {
		switch message := m.system.pop(); message.(type) {
		case *actor.SuspendMailbox:
			m.suspended = true
		case *actor.ResumeMailbox:
			m.suspended = false
		default:
			return message, system
		}
	}
	if m.suspended || m.user.len() == 0 {
		m.running = false
		return nil, none
	}
	return m.user.pop(), user
}

// queue is first in, first out.
type queue struct {
	all  []any
	head int // all[:head] are gone
}

func (q *queue) len() int { return len(q.all) - q.head }

func (q *queue) push(message any) {
	if len(q.all) == cap(q.all) && q.head > len(q.all)/2 {
		n := copy(q.all, q.all[q.head:])
		clear(q.all[n:])
		q.all, q.head = q.all[:n], 0
	}
	q.all = append(q.all, message)
}

func (q *queue) pop() any {
	message := q.all[q.head]
	q.all[q.head] = nil
	q.head++
	switch {
	case q.head < len(q.all):
	case cap(q.all) > kept:
		*q = queue{}
	default:
		q.all, q.head = q.all[:0], 0
	}
	return message
}
