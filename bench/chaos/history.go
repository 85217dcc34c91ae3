package chaos

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"troupe/bench/client"
	"troupe/wire"
)

// Kind is what a session does.
type Kind string

// The kinds. Those that are noted and not asked come last.
const (
	Read     Kind = "read"     // of a register, behind a sync
	Peek     Kind = "peek"     // of a register, as the server has it
	Write    Kind = "write"    // of a register, whatever its version
	Swap     Kind = "swap"     // of a register, if it has a version
	Create   Kind = "create"   // of a znode that nobody else makes
	Sequence Kind = "sequence" // of a znode that gets a number
	Clear    Kind = "clear"    // deletes what was made long ago, so that trees stay small

	Push  Kind = "push"  // like create, sent before the one before it is answered
	Stamp Kind = "stamp" // a write, sent in the same way

	Group  Kind = "group"  // a multi: writes all members of a group, and makes a pair of znodes
	Doomed Kind = "doomed" // the same, with a last part that cannot succeed
	Member Kind = "member" // a read of one member

	Count  Kind = "count"  // of a counter, one up if it has a version
	Fill   Kind = "fill"   // a create under a quota
	Refill Kind = "refill" // a write of such a znode
	Drain  Kind = "drain"  // a delete of it

	Live  Kind = "live"  // makes an ephemeral, so that the session's life can be seen
	Look  Kind = "look"  // for such an ephemeral, behind a sync
	Close Kind = "close" // of the session

	Guard Kind = "guard" // a write of what a lock guards, if the lock's znode is there

	Follow Kind = "follow" // sets a watch that stays
	Watch  Kind = "watch"  // a read that sets a watch
	See    Kind = "see"    // a read that sets none
	Make   Kind = "make"   // of a znode that is watched
	Touch  Kind = "touch"  // a write of it
	Remove Kind = "remove" // a delete of it

	Hold  Kind = "hold"  // the session has got a lock
	Fired Kind = "fired" // a watch
	Lost  Kind = "lost"  // the connection
	Drop  Kind = "drop"  // the session leaves itself to its timeout
	Dead  Kind = "dead"  // the session is told that it has expired
)

// reads change nothing; notes have been asked of nobody.
var (
	reads = []Kind{Read, Peek, Member, Look, Follow, Watch, See}
	notes = []Kind{Hold, Fired, Lost, Drop, Dead}
)

// Outcome is what is known of an operation.
type Outcome string

// The outcomes.
const (
	Done    Outcome = "done"
	Refused Outcome = "refused" // something was not as the operation asks for
	NotDone Outcome = "notdone" // for certain
	Unknown Outcome = "unknown" // it may have been done, or not, or be done yet
)

// Op is one operation of a session. Times are from the start of the run.
type Op struct {
	Session int           `json:"session"`
	Server  string        `json:"server,omitempty"` // address of that which was asked
	Kind    Kind          `json:"kind"`
	Path    string        `json:"path,omitempty"`
	Value   string        `json:"value,omitempty"`   // written, or what is watched, or has happened
	If      int32         `json:"if,omitempty"`      // version that a swap asks for
	Conn    int           `json:"conn,omitempty"`    // on which of the session's connections it was sent
	Nth     int           `json:"nth,omitempty"`     // among all that the session has sent in that way
	Timeout time.Duration `json:"timeout,omitempty"` // of the session, nanoseconds
	Begun   time.Duration `json:"begun"`             // nanoseconds
	Ended   time.Duration `json:"ended"`             // nanoseconds
	Outcome Outcome       `json:"outcome"`
	Got     string        `json:"got,omitempty"`     // value read, or path made
	Version int32         `json:"version,omitempty"` // read, or made
	Zxid    wire.Zxid     `json:"zxid,omitempty"`    // of the change that was made, or of the last one that was read
	Made    wire.Zxid     `json:"made,omitempty"`    // czxid; 0 where there is no znode. Of a lock's znode, for hold and guard
	Error   string        `json:"error,omitempty"`
}

// changes tells whether the operation is a write.
func (o *Op) changes() bool { return !slices.Contains(reads, o.Kind) && !o.noted() }

// succeeded tells whether the operation is a write that was done.
func (o *Op) succeeded() bool { return o.Outcome == Done && o.changes() }

// noted tells whether nobody was asked.
func (o *Op) noted() bool { return slices.Contains(notes, o.Kind) }

// settle notes how a call ended.
func (o *Op) settle(err error) {
	switch {
	case err == nil, errors.Is(err, wire.NoNode) && slices.Contains([]Kind{Look, Watch, See}, o.Kind):
		o.Outcome = Done // that there is none is an answer
		return
	case o.changes() && (errors.Is(err, wire.BadVersion) || errors.Is(err, wire.NoNode)), o.Kind != Create && errors.Is(err, wire.NodeExists):
		o.Outcome = Refused
	case client.OutcomeUnknown(err) && o.changes():
		o.Outcome = Unknown
	default:
		o.Outcome = NotDone
	}
	o.Error = err.Error()
}

// History is what sessions have done.
type History struct {
	began time.Time
	mu    sync.Mutex
	ops   []Op
}

// add notes that an operation has ended now.
func (h *History) add(o *Op) {
	h.mu.Lock()
	defer h.mu.Unlock()
	o.Ended = time.Since(h.began)
	h.ops = append(h.ops, *o)
}

// All is what has ended until now, in that order. It must not be changed.
func (h *History) All() []Op {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ops[:len(h.ops):len(h.ops)]
}

// write writes operations, one JSON object a line.
func write(w io.Writer, ops []Op) error {
	e := json.NewEncoder(w)
	for i := range ops {
		if err := e.Encode(&ops[i]); err != nil {
			return err
		}
	}
	return nil
}
