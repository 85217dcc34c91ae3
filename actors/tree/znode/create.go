package znode

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"

	"troupe/wire"
)

// maxTTL is the longest time to live in milliseconds: ZooKeeper keeps it in
// five bytes of the ephemeralOwner.
const maxTTL = 1<<40 - 1

// create checks in ZooKeeper's order, which clients can see: mode and TTL,
// path, ACL, parent, permission, name, existence, ephemeral parent, quota.
func (e *evaluation) create(q *wire.Create) (wire.Body, wire.ErrorCode) {
	if code := e.checkMode(q); code != wire.OK {
		return nil, code
	}
	if q.Path == wire.NullPath {
		return nil, wire.MarshallingError
	}
	slash := strings.LastIndexByte(q.Path, '/')
	if slash < 0 || strings.IndexByte(q.Path, 0) >= 0 {
		return nil, wire.BadArguments
	}
	acl, code := fixACL(q.ACL, e.rec.Auth)
	if code != wire.OK {
		return nil, code
	}
	parentPath := cmp.Or(q.Path[:slash], "/")
	parent, children := e.lookup(parentPath)
	if parent == nil {
		return nil, wire.NoNode
	}
	if code := e.permit(parent, wire.PermCreate); code != wire.OK {
		return nil, code
	}
	path := q.Path
	if q.Mode.Sequential() {
		path = fmt.Sprintf("%s%010d", path, parent.Creates)
	}
	if !wire.ValidPath(path) {
		return nil, wire.BadArguments
	}
	if z, _ := e.lookup(path); z != nil {
		return nil, wire.NodeExists
	}
	if parent.Kind == wire.Ephemeral {
		return nil, wire.NoChildrenForEphemerals
	}
	quota := e.quotaOf(path)
	if code := e.checkQuota(path, int64(len(q.Data)), 1); code != wire.OK {
		return nil, code
	}
	z := e.newNode(q, acl)
	e.fillStats(path, z)
	grown := *parent
	grown.Creates++
	grown.Pzxid = e.rec.Zxid
	e.emit(Change{Put, parentPath, &grown}, children+1)
	e.emit(Change{Insert, path, z}, 0)
	e.countQuota(quota, int64(len(q.Data)), 1)
	if q.Kind == wire.OpCreate {
		return &wire.PathReply{Path: path}, wire.OK
	}
	return &wire.PathStatReply{Path: path, Stat: z.Stat(0)}, wire.OK
}

func (e *evaluation) checkMode(q *wire.Create) wire.ErrorCode {
	switch {
	case !q.Mode.Valid():
		return wire.BadArguments
	case !q.Mode.TTL() && q.Kind != wire.OpCreateTTL:
		return wire.OK
	case !q.Mode.TTL():
		return wire.BadArguments
	case e.rec.Flags&wire.FlagExtendedTypes == 0:
		return wire.Unimplemented
	case q.Kind != wire.OpCreateTTL || q.TTL <= 0 || q.TTL > maxTTL:
		return wire.BadArguments
	}
	return wire.OK
}

func (e *evaluation) newNode(q *wire.Create, acl []wire.ACL) *wire.Znode {
	r := e.rec
	z := &wire.Znode{Data: bytes.Clone(q.Data), ACL: &acl, Czxid: r.Zxid, Mzxid: r.Zxid, Pzxid: r.Zxid,
		Ctime: r.Time, Mtime: r.Time}
	switch {
	case q.Kind == wire.OpCreateContainer: // whatever the mode says
		z.Kind = wire.Container
	case q.Mode.Ephemeral():
		z.Kind, z.Owner = wire.Ephemeral, int64(r.Session)
	case q.Mode.TTL():
		z.Kind, z.Owner = wire.TTL, q.TTL
	}
	return z
}
