package crash

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"troupe/wire"
)

// The part of the tree where all workers write: sequential nodes below one
// parent for each round, and one node that all set.
const (
	sharedRoot = "/shared"
	contended  = "/shared/contended"
)

func isShared(path string) bool { return strings.HasPrefix(path, sharedRoot+"/") }

// node is a znode, as the model has it or as it was read. Times are 0 in the
// model.
type node struct {
	data []byte
	stat wire.Stat
}

// state is the model of one worker's part of the tree.
type state struct {
	nodes  map[string]node
	closed wire.SessionID // the last session that was closed
}

func (s *state) clone() *state { return &state{maps.Clone(s.nodes), s.closed} }

// whatever stands for the body of a reply that the model cannot foretell.
type whatever struct{ wire.Body }

// apply does what the server is to do with a request, as transaction zxid, and
// returns what it is to answer. Where it fails it changes nothing.
func (s *state) apply(req wire.Request, zxid wire.Zxid, session wire.SessionID) (wire.Body, wire.ErrorCode) {
	switch r := req.(type) {
	case *wire.Create:
		return s.create(r, zxid, session)
	case *wire.Delete:
		return nil, s.delete(r, zxid)
	case *wire.SetData:
		return s.set(r, zxid)
	case *wire.Check:
		_, code := s.find(r.Path, r.Version)
		return nil, code
	case *wire.Multi:
		return s.multi(r, zxid, session), wire.OK
	case *wire.CloseSession:
		s.closeSession(zxid, session)
		return nil, wire.OK
	case *wire.GetData:
		n, code := s.find(r.Path, -1)
		return &wire.DataReply{Data: n.data, Stat: n.stat}, code
	case *wire.GetChildren:
		n, code := s.find(r.Path, -1)
		return &wire.NamesStatReply{Names: s.children(r.Path), Stat: n.stat}, code
	}
	panic(fmt.Sprintf("the model knows no %v", req.Op()))
}

// find is a node whose version fits.
func (s *state) find(path string, version int32) (node, wire.ErrorCode) {
	n, found := s.nodes[path]
	switch {
	case !found:
		return n, wire.NoNode
	case version != -1 && version != n.stat.Version:
		return n, wire.BadVersion
	}
	return n, wire.OK
}

func (s *state) create(r *wire.Create, zxid wire.Zxid, session wire.SessionID) (wire.Body, wire.ErrorCode) {
	if isShared(r.Path) {
		return whatever{}, wire.OK
	}
	parentPath, _ := wire.SplitPath(r.Path)
	parent, code := s.find(parentPath, -1)
	if code != wire.OK {
		return nil, code
	}
	path := r.Path
	if r.Mode.Sequential() {
		created := (parent.stat.Cversion + parent.stat.NumChildren) / 2
		path += fmt.Sprintf("%010d", created)
	}
	if _, found := s.nodes[path]; found {
		return nil, wire.NodeExists
	}
	if parent.stat.EphemeralOwner != 0 {
		return nil, wire.NoChildrenForEphemerals
	}
	n := node{r.Data, wire.Stat{Czxid: zxid, Mzxid: zxid, Pzxid: zxid, DataLength: int32(len(r.Data))}}
	if r.Mode.Ephemeral() {
		n.stat.EphemeralOwner = session
	}
	s.nodes[path] = n
	s.touch(parentPath, 1, zxid)
	if r.Kind == wire.OpCreate2 {
		return &wire.PathStatReply{Path: path, Stat: n.stat}, wire.OK
	}
	return &wire.PathReply{Path: path}, wire.OK
}

// touch is what the birth or death of a child does to its parent.
func (s *state) touch(path string, births int32, zxid wire.Zxid) {
	parent := s.nodes[path]
	parent.stat.NumChildren += births
	parent.stat.Cversion++
	parent.stat.Pzxid = zxid
	s.nodes[path] = parent
}

func (s *state) delete(r *wire.Delete, zxid wire.Zxid) wire.ErrorCode {
	n, code := s.find(r.Path, r.Version)
	if code != wire.OK {
		return code
	}
	if n.stat.NumChildren > 0 {
		return wire.NotEmpty
	}
	delete(s.nodes, r.Path)
	parent, _ := wire.SplitPath(r.Path)
	s.touch(parent, -1, zxid)
	return wire.OK
}

func (s *state) set(r *wire.SetData, zxid wire.Zxid) (wire.Body, wire.ErrorCode) {
	if isShared(r.Path) {
		return whatever{}, wire.OK
	}
	n, code := s.find(r.Path, r.Version)
	if code != wire.OK {
		return nil, code
	}
	n.data = r.Data
	n.stat.DataLength = int32(len(r.Data))
	n.stat.Version++
	n.stat.Mzxid = zxid
	s.nodes[r.Path] = n
	return &wire.StatReply{Stat: n.stat}, wire.OK
}

// multi does all or nothing. Its reply says of each operation how it went, or,
// if one failed, which.
func (s *state) multi(r *wire.Multi, zxid wire.Zxid, session wire.SessionID) *wire.MultiReply {
	trial := s.clone()
	reply := &wire.MultiReply{}
	for i, op := range r.Ops {
		body, code := trial.apply(op, zxid, session)
		if code != wire.OK {
			return failedMulti(len(r.Ops), i, code)
		}
		reply.Results = append(reply.Results, inMulti(op.Op(), body))
	}
	*s = *trial
	return reply
}

// inMulti is an operation's part of a multi's reply, where create2 is answered as
// create is.
func inMulti(op wire.OpCode, body wire.Body) wire.Result {
	if op == wire.OpCreate2 {
		op = wire.OpCreate
	}
	if made, ok := body.(*wire.PathStatReply); ok {
		body = &wire.PathReply{Path: made.Path}
	}
	return wire.Result{Op: op, Body: body}
}

func failedMulti(n, failed int, code wire.ErrorCode) *wire.MultiReply {
	reply := &wire.MultiReply{Results: make([]wire.Result, n)}
	for i := range reply.Results {
		reply.Results[i].Op = wire.OpError
		switch {
		case i == failed:
			reply.Results[i].Err = code
		case i > failed:
			reply.Results[i].Err = wire.RuntimeInconsistency
		}
	}
	return reply
}

// succeeded tells whether a request that was answered so has changed anything.
func succeeded(body wire.Body, code wire.ErrorCode) bool {
	if multi, ok := body.(*wire.MultiReply); ok && len(multi.Results) > 0 {
		return multi.Results[0].Op != wire.OpError
	}
	return code == wire.OK
}

func (s *state) closeSession(zxid wire.Zxid, session wire.SessionID) {
	for path, n := range s.nodes {
		if n.stat.EphemeralOwner == session {
			delete(s.nodes, path)
			parent, _ := wire.SplitPath(path)
			s.touch(parent, -1, zxid)
		}
	}
	s.closed = session
}

func (s *state) children(path string) []string {
	var names []string
	for p := range s.nodes {
		if parent, name := wire.SplitPath(p); parent == path && name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
