package wire

import (
	"errors"
	"fmt"
)

var errNullPath = errors.New("null path")

// NullPath stands for a create's path that is null on the wire, which the
// original stumbles over only after it has looked at the mode. It names no node.
const NullPath = "\x00null"

// path reads a path; null is malformed where the original stumbles over it, and
// reads as empty elsewhere. Empty is for the operation to judge.
func (d *Decoder) path() string {
	s, null := d.nullString()
	if null && d.err == nil {
		d.err = errNullPath
	}
	return s
}

func (r *Create) encode(e *Encoder) {
	e.String(r.Path)
	e.Buffer(r.Data)
	e.acls(r.ACL)
	e.Int32(int32(r.Mode))
	if r.Kind == OpCreateTTL {
		e.Int64(r.TTL)
	}
}

func (r *Create) decode(d *Decoder) {
	var null bool
	if r.Path, null = d.nullString(); null {
		r.Path = NullPath
	}
	r.Data, r.ACL, r.Mode = d.Buffer(), d.acls(), CreateMode(d.Int32())
	if r.Kind == OpCreateTTL {
		r.TTL = d.Int64()
	}
}

func (r *Delete) encode(e *Encoder)  { e.String(r.Path); e.Int32(r.Version) }
func (r *Delete) decode(d *Decoder)  { r.Path, r.Version = d.path(), d.Int32() }
func (r *SetData) encode(e *Encoder) { e.String(r.Path); e.Buffer(r.Data); e.Int32(r.Version) }
func (r *SetData) decode(d *Decoder) { r.Path, r.Data, r.Version = d.String(), d.Buffer(), d.Int32() }
func (r *SetACL) encode(e *Encoder)  { e.String(r.Path); e.acls(r.ACL); e.Int32(r.Version) }
func (r *SetACL) decode(d *Decoder)  { r.Path, r.ACL, r.Version = d.String(), d.acls(), d.Int32() }
func (r *Check) encode(e *Encoder)   { e.String(r.Path); e.Int32(r.Version) }
func (r *Check) decode(d *Decoder)   { r.Path, r.Version = d.String(), d.Int32() }

func (r *Reconfig) encode(e *Encoder) {
	e.String(r.Joining)
	e.String(r.Leaving)
	e.String(r.NewMembers)
	e.Int64(r.ConfigID)
}

func (r *Reconfig) decode(d *Decoder) {
	r.Joining, r.Leaving, r.NewMembers, r.ConfigID = d.String(), d.String(), d.String(), d.Int64()
}

func (r *CreateSession) encode(e *Encoder) { e.Int32(r.Timeout); e.Buffer(r.Password) }
func (r *CreateSession) decode(d *Decoder) { r.Timeout, r.Password = d.Int32(), d.Buffer() }
func (*CloseSession) encode(*Encoder)      {}
func (*CloseSession) decode(*Decoder)      {}
func (r *DeleteContainer) encode(e *Encoder) {
	e.String(r.Path)
	e.Int64(int64(r.Czxid))
	e.Int64(r.Mtime)
}
func (r *DeleteContainer) decode(d *Decoder) {
	r.Path, r.Czxid, r.Mtime = d.path(), Zxid(d.Int64()), d.Int64()
}

func (r *Exists) encode(e *Encoder)               { e.String(r.Path); e.Bool(r.Watch) }
func (r *Exists) decode(d *Decoder)               { r.Path, r.Watch = d.path(), d.Bool() }
func (r *GetData) encode(e *Encoder)              { e.String(r.Path); e.Bool(r.Watch) }
func (r *GetData) decode(d *Decoder)              { r.Path, r.Watch = d.path(), d.Bool() }
func (r *GetACL) encode(e *Encoder)               { e.String(r.Path) }
func (r *GetACL) decode(d *Decoder)               { r.Path = d.path() }
func (r *GetChildren) encode(e *Encoder)          { e.String(r.Path); e.Bool(r.Watch) }
func (r *GetChildren) decode(d *Decoder)          { r.Path, r.Watch = d.path(), d.Bool() }
func (r *GetAllChildrenNumber) encode(e *Encoder) { e.String(r.Path) }
func (r *GetAllChildrenNumber) decode(d *Decoder) { r.Path = d.path() }
func (r *GetEphemerals) encode(e *Encoder)        { e.String(r.Prefix) }
func (r *GetEphemerals) decode(d *Decoder)        { r.Prefix = d.String() }
func (r *Sync) encode(e *Encoder)                 { e.String(r.Path) }
func (r *Sync) decode(d *Decoder)                 { r.Path = d.String() }
func (r *AddWatch) encode(e *Encoder)             { e.String(r.Path); e.Int32(int32(r.Mode)) }
func (r *AddWatch) decode(d *Decoder)             { r.Path, r.Mode = d.String(), AddWatchMode(d.Int32()) }
func (r *Watches) encode(e *Encoder)              { e.String(r.Path); e.Int32(int32(r.Type)) }
func (r *Watches) decode(d *Decoder)              { r.Path, r.Type = d.path(), WatcherType(d.Int32()) }
func (*WhoAmI) encode(*Encoder)                   {}
func (*WhoAmI) decode(*Decoder)                   {}
func (r *Auth) encode(e *Encoder)                 { e.Int32(r.Type); e.String(r.Scheme); e.Buffer(r.Auth) }
func (r *Auth) decode(d *Decoder)                 { r.Type, r.Scheme, r.Auth = d.Int32(), d.String(), d.Buffer() }
func (r *Sasl) encode(e *Encoder)                 { e.Buffer(r.Token) }
func (r *Sasl) decode(d *Decoder)                 { r.Token = d.Buffer() }
func (*Ping) encode(*Encoder)                     {}
func (*Ping) decode(*Decoder)                     {}

func (r *SetWatches) encode(e *Encoder) {
	e.Int64(int64(r.Relative))
	e.Strings(r.Data)
	e.Strings(r.Exist)
	e.Strings(r.Child)
	if r.Kind == OpSetWatches2 {
		e.Strings(r.Persistent)
		e.Strings(r.Recursive)
	}
}

func (r *SetWatches) decode(d *Decoder) {
	r.Relative = Zxid(d.Int64())
	r.Data, r.Exist, r.Child = d.Strings(), d.Strings(), d.Strings()
	if r.Kind == OpSetWatches2 {
		r.Persistent, r.Recursive = d.Strings(), d.Strings()
	}
}

// A multi's members are framed by headers (type, done, err); one with done set
// ends the list.
func (e *Encoder) multiHeader(op OpCode, done bool, err ErrorCode) {
	e.Int32(int32(op))
	e.Bool(done)
	e.Int32(int32(err))
}

func (d *Decoder) multiHeader() (op OpCode, done bool, err ErrorCode) {
	return OpCode(d.Int32()), d.Bool(), ErrorCode(d.Int32())
}

func (e *Encoder) multiOps(ops []Request) {
	for _, op := range ops {
		e.multiHeader(op.Op(), false, -1)
		op.encode(e)
	}
	e.multiHeader(-1, true, -1)
}

// inMulti tells whether an operation can be part of a multi or multiRead.
func inMulti(op OpCode) bool {
	switch op {
	case OpCreate, OpCreate2, OpCreateContainer, OpCreateTTL, OpDelete, OpSetData, OpCheck,
		OpGetData, OpGetChildren:
		return true
	}
	return false
}

func (d *Decoder) multiOps() []Request {
	var ops []Request
	for {
		op, done, _ := d.multiHeader()
		if done || d.err != nil {
			return ops
		}
		if !inMulti(op) {
			d.err = fmt.Errorf("%v cannot be part of a multi", op)
			return nil
		}
		r := newRequest(op)
		r.decode(d)
		ops = append(ops, r)
	}
}

func (r *Multi) encode(e *Encoder)     { e.multiOps(r.Ops) }
func (r *Multi) decode(d *Decoder)     { r.Ops = d.multiOps() }
func (r *MultiRead) encode(e *Encoder) { e.multiOps(r.Ops) }
func (r *MultiRead) decode(d *Decoder) { r.Ops = d.multiOps() }
