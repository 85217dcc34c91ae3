package znode

import (
	"fmt"
	"slices"

	"troupe/wire"
)

// View is what Evaluate may look at.
type View interface {
	// Lookup gives a znode's value and number of children; nil if not there.
	Lookup(path string) (z *wire.Znode, children int)
	// Descendants counts the znodes below path, and its own and their data.
	Descendants(path string) (count int, bytes int64)
	// HasQuotas tells whether there is any quota at all.
	HasQuotas() bool
	HasSession(id wire.SessionID) bool
	// Ephemerals lists a session's ephemerals in order.
	Ephemerals(id wire.SessionID) []string
}

// Outcome is what the client is told of a record.
type Outcome struct {
	Err  wire.ErrorCode
	Body wire.Body
	// Panic is what Evaluate failed with, if it did: a bug, to be logged. The
	// client is told SystemError, the same on every server.
	Panic any
}

// evaluation is one record being worked out: the changes so far, and what they
// hide of the view from the later operations of a multi and from the quotas.
type evaluation struct {
	view    View
	rec     *wire.Record
	changes []Change
	overlay map[string]overlaid // nil where an operation is alone and nothing is counted
}

// overlaid is a node as the changes so far left it.
type overlaid struct {
	z        *wire.Znode // nil if removed
	children int
}

// Evaluate works out what a record does and what its client is told. It
// changes nothing.
func Evaluate(v View, r *wire.Record) (txn Txn, out Outcome) {
	defer func() {
		if p := recover(); p != nil {
			txn, out = Txn{}, Outcome{Err: wire.SystemError, Panic: p}
		}
	}()
	e := &evaluation{view: v, rec: r}
	switch r.Op {
	case wire.OpCloseSession:
		return e.closeSession()
	case wire.OpNewEpoch:
		return Txn{}, Outcome{}
	case wire.OpDeleteContainer:
		if r.Session != 0 {
			return Txn{}, Outcome{Err: wire.BadArguments} // the sweep's own, not for clients
		}
	}
	req, err := request(r)
	if err != nil {
		return Txn{}, Outcome{Err: wire.MarshallingError}
	}
	if c, ok := req.(*wire.CreateSession); ok {
		return Txn{Open: &wire.Session{Timeout: c.Timeout, Password: c.Password}}, Outcome{}
	}
	if r.Session != 0 && !v.HasSession(r.Session) {
		return Txn{}, Outcome{Err: wire.SessionExpired}
	}
	if m, ok := req.(*wire.Multi); ok {
		return e.multi(m)
	}
	if v.HasQuotas() {
		e.overlay = make(map[string]overlaid) // what is counted may be what is changed
	}
	body, code := e.operation(req)
	if code != wire.OK {
		return Txn{}, Outcome{Err: code}
	}
	return Txn{Changes: e.changes}, Outcome{Body: body}
}

// request is a record's request, decoded unless it came that way.
func request(r *wire.Record) (wire.Request, error) {
	if r.Request != nil || r.Malformed != nil {
		return r.Request, r.Malformed
	}
	return wire.DecodeRequest(r.Op, r.Body)
}

// operation works out one operation, alone or as part of a multi.
func (e *evaluation) operation(req wire.Request) (wire.Body, wire.ErrorCode) {
	switch q := req.(type) {
	case *wire.Create:
		return e.create(q)
	case *wire.Delete:
		return e.delete(q)
	case *wire.SetData:
		return e.setData(q)
	case *wire.SetACL:
		return e.setACL(q)
	case *wire.Check:
		return e.check(q)
	case *wire.DeleteContainer:
		return e.deleteContainer(q)
	case *wire.Reconfig:
		return nil, wire.ReconfigDisabled
	}
	panic(fmt.Sprintf("%v cannot be evaluated", req.Op()))
}

// multi does all operations or none. The reply to a failed one has a code for
// each: OK before the one that failed, RuntimeInconsistency after it.
func (e *evaluation) multi(m *wire.Multi) (Txn, Outcome) {
	e.overlay = make(map[string]overlaid)
	malformed := Outcome{Err: wire.MarshallingError}
	if slices.ContainsFunc(m.Ops, isRead) {
		return Txn{}, malformed
	}
	results := make([]wire.Result, 0, len(m.Ops))
	for i, op := range m.Ops {
		op, ok := member(op)
		if !ok {
			return Txn{}, malformed
		}
		body, code := e.operation(op)
		if code == wire.MarshallingError {
			return Txn{}, malformed
		}
		if code != wire.OK {
			return Txn{}, Outcome{Body: failedMulti(len(m.Ops), i, code)}
		}
		results = append(results, wire.Result{Op: resultType(op.Op()), Body: body})
	}
	return Txn{Changes: e.changes}, Outcome{Body: &wire.MultiReply{Results: results}}
}

func isRead(op wire.Request) bool {
	switch op.(type) {
	case *wire.GetData, *wire.GetChildren:
		return true
	}
	return false
}

// member is an operation of a multi as the original takes it: what is created
// depends on the mode alone, so that create2 there is a create, a create with
// the container's mode makes a container, and createTTL without a TTL mode is a
// create. A TTL mode without a TTL makes the multi malformed, once it is met.
func member(op wire.Request) (wire.Request, bool) {
	q, ok := op.(*wire.Create)
	if !ok {
		return op, true
	}
	if q.Mode.TTL() {
		return q, q.Kind == wire.OpCreateTTL
	}
	c := *q
	if c.Kind = wire.OpCreate; c.Mode == wire.ModeContainer {
		c.Kind = wire.OpCreateContainer
	}
	return &c, true
}

func failedMulti(n, failed int, code wire.ErrorCode) *wire.MultiReply {
	results := make([]wire.Result, n)
	for i := range results {
		results[i] = wire.Result{Op: wire.OpError}
		switch {
		case i == failed:
			results[i].Err = code
		case i > failed:
			results[i].Err = wire.RuntimeInconsistency
		}
	}
	return &wire.MultiReply{Results: results}
}

// resultType is how a multi's reply names an operation: what answers with a
// Stat is a create2.
func resultType(op wire.OpCode) wire.OpCode {
	if op == wire.OpCreateContainer || op == wire.OpCreateTTL {
		return wire.OpCreate2
	}
	return op
}

func (e *evaluation) closeSession() (Txn, Outcome) {
	e.overlay = make(map[string]overlaid) // ephemerals may share a parent
	for _, path := range e.view.Ephemerals(e.rec.Session) {
		z, _ := e.lookup(path)
		e.removeNode(path, z)
	}
	return Txn{Changes: e.changes, Close: true}, Outcome{}
}

func (e *evaluation) lookup(path string) (*wire.Znode, int) {
	if o, ok := e.overlay[path]; ok {
		return o.z, o.children
	}
	return e.view.Lookup(path)
}

// emit adds a change, after which the node has that many children.
func (e *evaluation) emit(c Change, children int) {
	e.changes = append(e.changes, c)
	if e.overlay == nil {
		return
	}
	if c.Kind == Remove {
		e.overlay[c.Path] = overlaid{}
		return
	}
	e.overlay[c.Path] = overlaid{c.Node, children}
}

// permit checks an ACL as the record's flags say.
func (e *evaluation) permit(z *wire.Znode, perm wire.Perm) wire.ErrorCode {
	if e.rec.Flags&wire.FlagSkipACL != 0 || Permitted(*z.ACL, perm, e.rec.Auth) {
		return wire.OK
	}
	return wire.NoAuth
}

func versionFits(have, want int32) bool { return want == -1 || want == have }
