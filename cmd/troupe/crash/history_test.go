package crash

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"troupe/bench/client"
	"troupe/wire"
)

// op is one request of a worker and how it ended. The worker's goroutine makes
// it, the connection's reader fills in the outcome.
type op struct {
	session wire.SessionID
	req     wire.Request
	known   bool // there was a reply
	zxid    wire.Zxid
	code    wire.ErrorCode
	body    wire.Body
	broken  error // why a reply could not be read
}

// ended notes the outcome.
func (o *op) ended(r client.Reply) {
	r = r.Keep()
	err := r.Err()
	if errors.Is(err, client.ErrConnectionLost) {
		return
	}
	o.known, o.zxid = true, r.Zxid
	if err != nil {
		o.code = r.ReplyHeader.Err
		return
	}
	o.body, o.broken = r.Body()
}

func (o *op) String() string { return describe(o.req) }

// describe says what a request asks for.
func describe(req wire.Request) string {
	switch r := req.(type) {
	case *wire.Create:
		return fmt.Sprintf("%v %s mode %d %q", r.Op(), r.Path, r.Mode, r.Data)
	case *wire.SetData:
		return fmt.Sprintf("set %s version %d %q", r.Path, r.Version, r.Data)
	case *wire.Delete:
		return fmt.Sprintf("delete %s version %d", r.Path, r.Version)
	case *wire.Check:
		return fmt.Sprintf("check %s version %d", r.Path, r.Version)
	case *wire.Multi:
		text := "multi"
		for _, inner := range r.Ops {
			text += " {" + describe(inner) + "}"
		}
		return text
	}
	return fmt.Sprintf("%v %+v", req.Op(), req)
}

// mark is a write to the shared part of the tree, known by its data.
type mark struct {
	data    string
	set     bool // of the contended node; else a sequential create
	zxid    wire.Zxid
	path    string // of the node created, if the reply is known
	version int32  // after the set, if the reply is known
	mzxid   wire.Zxid
}

// marks are the writes of o to the shared part, should it be carried out.
func (o *op) marks() []mark {
	multi, ok := o.req.(*wire.Multi)
	if !ok {
		return appendMark(nil, o.req, o.body, o.zxid)
	}
	var all []mark
	reply, _ := o.body.(*wire.MultiReply)
	for i, inner := range multi.Ops {
		var body wire.Body
		if reply != nil && i < len(reply.Results) {
			body = reply.Results[i].Body
		}
		all = appendMark(all, inner, body, o.zxid)
	}
	return all
}

func appendMark(all []mark, req wire.Request, body wire.Body, zxid wire.Zxid) []mark {
	switch r := req.(type) {
	case *wire.Create:
		if isShared(r.Path) {
			m := mark{data: string(r.Data), zxid: zxid}
			switch b := body.(type) {
			case *wire.PathReply:
				m.path = b.Path
			case *wire.PathStatReply:
				m.path = b.Path
			}
			return append(all, m)
		}
	case *wire.SetData:
		if isShared(r.Path) {
			m := mark{data: string(r.Data), set: true, zxid: zxid}
			if b, ok := body.(*wire.StatReply); ok {
				m.version, m.mzxid = b.Stat.Version, b.Stat.Mzxid
			}
			return append(all, m)
		}
	}
	return all
}

// sameReply tells whether a reply is what the model says.
func sameReply(want, got wire.Body) bool {
	if _, ok := want.(whatever); ok {
		return got != nil
	}
	wantMulti, isMulti := want.(*wire.MultiReply)
	if !isMulti {
		return reflect.DeepEqual(want, timeless(got))
	}
	gotMulti, ok := got.(*wire.MultiReply)
	if !ok || len(gotMulti.Results) != len(wantMulti.Results) {
		return false
	}
	for i, w := range wantMulti.Results {
		g := gotMulti.Results[i]
		if g.Op != w.Op || g.Err != w.Err || !sameReply(w.Body, g.Body) {
			return false
		}
	}
	return true
}

// timeless is a body without the times, which no model can foretell, and with
// names in order.
func timeless(body wire.Body) wire.Body {
	switch b := body.(type) {
	case *wire.PathStatReply:
		return &wire.PathStatReply{Path: b.Path, Stat: withoutTimes(b.Stat)}
	case *wire.StatReply:
		return &wire.StatReply{Stat: withoutTimes(b.Stat)}
	case *wire.DataReply:
		return &wire.DataReply{Data: b.Data, Stat: withoutTimes(b.Stat)}
	case *wire.NamesStatReply:
		var names []string
		names = append(names, b.Names...)
		slices.Sort(names)
		return &wire.NamesStatReply{Names: names, Stat: withoutTimes(b.Stat)}
	}
	return body
}

func withoutTimes(s wire.Stat) wire.Stat {
	s.Ctime, s.Mtime = 0, 0
	return s
}

// sameData tells null data from empty.
func sameData(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) }
