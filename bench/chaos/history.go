package chaos

import (
	"cmp"
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

// The kinds.
const (
	Read     Kind = "read"     // of a register, behind a sync
	Peek     Kind = "peek"     // of a register, as the server has it
	Write    Kind = "write"    // of a register, whatever its version
	Swap     Kind = "swap"     // of a register, if it has a version
	Create   Kind = "create"   // of a znode that nobody else makes
	Sequence Kind = "sequence" // of a znode that gets a number
)

// Outcome is what is known of an operation.
type Outcome string

// The outcomes.
const (
	Done    Outcome = "done"
	Refused Outcome = "refused" // a swap of a register that had another version
	NotDone Outcome = "notdone" // for certain
	Unknown Outcome = "unknown" // it may have been done, or not, or be done yet
)

// Op is one operation of a session. Times are from the start of the run.
type Op struct {
	Session int           `json:"session"`
	Server  string        `json:"server,omitempty"` // address of that which was asked
	Kind    Kind          `json:"kind"`
	Path    string        `json:"path"`
	Value   string        `json:"value,omitempty"` // written
	If      int32         `json:"if,omitempty"`    // version that a swap asks for
	Begun   time.Duration `json:"begun"`           // nanoseconds
	Ended   time.Duration `json:"ended"`           // nanoseconds
	Outcome Outcome       `json:"outcome"`
	Got     string        `json:"got,omitempty"`     // value read, or path made
	Version int32         `json:"version,omitempty"` // read, or made
	Error   string        `json:"error,omitempty"`
}

// changes tells whether the operation is a write.
func (o *Op) changes() bool { return o.Kind != Read && o.Kind != Peek }

// settle notes how a call ended.
func (o *Op) settle(err error) {
	switch {
	case err == nil:
		o.Outcome = Done
		return
	case o.Kind == Swap && errors.Is(err, wire.BadVersion):
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
	mu  sync.Mutex
	ops []Op
}

func (h *History) add(o Op) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, o)
}

// All is a copy, in the order in which operations ended.
func (h *History) All() []Op {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.SortedStableFunc(slices.Values(h.ops), func(a, b Op) int { return cmp.Compare(a.Ended, b.Ended) })
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
