package znode

import (
	"bytes"
	"strings"

	"troupe/wire"
)

// isSpecial tells whether a node can never be deleted.
func isSpecial(path string) bool {
	return path == "/" || path == systemPath || path == quotaPath || path == ConfigPath
}

// delete checks the parent first: NoNode, NoAuth, then the node itself.
func (e *evaluation) delete(q *wire.Delete) (wire.Body, wire.ErrorCode) {
	slash := strings.LastIndexByte(q.Path, '/')
	if slash < 0 || strings.IndexByte(q.Path, 0) >= 0 || isSpecial(q.Path) {
		return nil, wire.BadArguments
	}
	parent, _ := e.lookup(q.Path[:slash])
	if parent == nil {
		return nil, wire.NoNode
	}
	if code := e.permit(parent, wire.PermDelete); code != wire.OK {
		return nil, code
	}
	z, children := e.lookup(q.Path)
	switch {
	case z == nil:
		return nil, wire.NoNode
	case !versionFits(z.Version, q.Version):
		return nil, wire.BadVersion
	case children > 0:
		return nil, wire.NotEmpty
	}
	e.removeNode(q.Path, z)
	return nil, wire.OK
}

// removeNode emits the death of a node without children.
func (e *evaluation) removeNode(path string, z *wire.Znode) {
	parentPath, _ := wire.SplitPath(path)
	parent, children := e.lookup(parentPath)
	quota := e.quotaOf(path)
	shrunk := *parent
	shrunk.Pzxid = e.rec.Zxid
	e.emit(Change{Put, parentPath, &shrunk}, children-1)
	e.emit(Change{Remove, path, z}, 0)
	e.countQuota(quota, -int64(len(z.Data)), -1)
}

func (e *evaluation) setData(q *wire.SetData) (wire.Body, wire.ErrorCode) {
	if !wire.ValidPath(q.Path) {
		return nil, wire.BadArguments
	}
	z, children := e.lookup(q.Path)
	if z == nil {
		return nil, wire.NoNode
	}
	if code := e.permit(z, wire.PermWrite); code != wire.OK {
		return nil, code
	}
	grown := int64(len(q.Data) - len(z.Data))
	if code := e.checkQuota(q.Path, grown, 0); code != wire.OK {
		return nil, code
	}
	if !versionFits(z.Version, q.Version) {
		return nil, wire.BadVersion
	}
	next := *z
	next.Data, next.Version = bytes.Clone(q.Data), z.Version+1
	next.Mzxid, next.Mtime = e.rec.Zxid, e.rec.Time
	e.emit(Change{Set, q.Path, &next}, children)
	e.countQuota(e.quotaOf(q.Path), grown, 0)
	return &wire.StatReply{Stat: next.Stat(children)}, wire.OK
}

func (e *evaluation) setACL(q *wire.SetACL) (wire.Body, wire.ErrorCode) {
	if !wire.ValidPath(q.Path) {
		return nil, wire.BadArguments
	}
	acl, code := fixACL(q.ACL, e.rec.Auth)
	if code != wire.OK {
		return nil, code
	}
	z, children := e.lookup(q.Path)
	if z == nil {
		return nil, wire.NoNode
	}
	if code := e.permit(z, wire.PermAdmin); code != wire.OK {
		return nil, code
	}
	if !versionFits(z.Aversion, q.Version) {
		return nil, wire.BadVersion
	}
	next := *z
	next.ACL, next.Aversion = &acl, z.Aversion+1
	e.emit(Change{Put, q.Path, &next}, children)
	return &wire.StatReply{Stat: next.Stat(children)}, wire.OK
}

func (e *evaluation) check(q *wire.Check) (wire.Body, wire.ErrorCode) {
	if !wire.ValidPath(q.Path) {
		return nil, wire.BadArguments
	}
	z, _ := e.lookup(q.Path)
	if z == nil {
		return nil, wire.NoNode
	}
	if code := e.permit(z, wire.PermRead); code != wire.OK {
		return nil, code
	}
	if !versionFits(z.Version, q.Version) {
		return nil, wire.BadVersion
	}
	return nil, wire.OK
}

// deleteContainer reaps a container or TTL node if it is still as the sweep
// saw it.
func (e *evaluation) deleteContainer(q *wire.DeleteContainer) (wire.Body, wire.ErrorCode) {
	z, children := e.lookup(q.Path)
	switch {
	case z == nil:
		return nil, wire.NoNode
	case z.Kind != wire.Container && z.Kind != wire.TTL:
		return nil, wire.BadArguments
	case z.Czxid != q.Czxid || z.Mtime != q.Mtime:
		return nil, wire.BadVersion
	case children > 0:
		return nil, wire.NotEmpty
	}
	e.removeNode(q.Path, z)
	return nil, wire.OK
}
