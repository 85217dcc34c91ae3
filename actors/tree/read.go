package tree

import (
	"strings"

	"troupe/actors/tree/watch"
	"troupe/actors/tree/znode"
	"troupe/wire"
)

// read answers a request that changes nothing replicated. A watch is set in the
// same step as the read it belongs to.
func (c *core) read(cn *conn, it Item, auth []wire.ID) wire.Reply {
	body, code := c.answer(cn, it.Request, auth)
	return wire.Reply{ReplyHeader: wire.ReplyHeader{Xid: it.Xid, Zxid: c.tree.Applied(), Err: code}, Body: body}
}

func (c *core) answer(cn *conn, req wire.Request, auth []wire.ID) (wire.Body, wire.ErrorCode) {
	switch q := req.(type) {
	case *wire.Ping:
		return nil, wire.OK
	case *wire.Exists:
		return c.exists(cn, q)
	case *wire.GetData:
		return c.getData(cn, q, auth)
	case *wire.GetChildren:
		return c.getChildren(cn, q, auth)
	case *wire.GetACL:
		return c.getACL(q, auth)
	case *wire.GetAllChildrenNumber:
		return c.getAllChildrenNumber(q, auth)
	case *wire.GetEphemerals:
		return c.getEphemerals(cn, q), wire.OK
	case *wire.MultiRead:
		return c.multiRead(q, auth)
	case *wire.SetWatches:
		c.setWatches(cn, q)
		return nil, wire.OK
	case *wire.AddWatch:
		return c.addWatch(cn, q)
	case *wire.Watches:
		return c.checkWatches(cn, q)
	case *wire.WhoAmI:
		return whoAmI(auth), wire.OK
	}
	return nil, wire.Unimplemented
}

// readable looks a node up for somebody who needs one of perms on it.
func (c *core) readable(path string, perms wire.Perm, auth []wire.ID) (*wire.Znode, int, wire.ErrorCode) {
	z, children := c.tree.Lookup(path)
	if z == nil {
		return nil, 0, wire.NoNode
	}
	if !c.skipACL && !znode.Permitted(*z.ACL, perms, auth) {
		return nil, 0, wire.NoAuth
	}
	return z, children, wire.OK
}

func (c *core) watch(cn *conn, wanted bool, path string, k watch.Kind) {
	if wanted {
		c.watches.Add(cn.id, path, k)
	}
}

// exists checks no ACL, and watches a node that is not there, too.
func (c *core) exists(cn *conn, q *wire.Exists) (wire.Body, wire.ErrorCode) {
	if strings.IndexByte(q.Path, 0) >= 0 {
		return nil, wire.BadArguments
	}
	c.watch(cn, q.Watch, q.Path, watch.Data)
	z, children := c.tree.Lookup(q.Path)
	if z == nil {
		return nil, wire.NoNode
	}
	return &wire.StatReply{Stat: c.stat(q.Path, z, children)}, wire.OK
}

func (c *core) getData(cn *conn, q *wire.GetData, auth []wire.ID) (wire.Body, wire.ErrorCode) {
	z, children, code := c.readable(q.Path, wire.PermRead, auth)
	if code != wire.OK {
		return nil, code
	}
	c.watch(cn, q.Watch, q.Path, watch.Data)
	r := &wire.DataReply{Data: z.Data, Stat: c.stat(q.Path, z, children)}
	if c.lists(q.Path, z) {
		r.Data = []byte(c.config)
	}
	return r, wire.OK
}

// lists tells whether a node shows the list of servers, each server's own, as its
// file says; addresses may differ.
func (c *core) lists(path string, z *wire.Znode) bool {
	return c.config != "" && path == znode.ConfigPath && z.Mzxid == 0
}

// stat is a node's, as its readers see it.
func (c *core) stat(path string, z *wire.Znode, children int) wire.Stat {
	s := z.Stat(children)
	if c.lists(path, z) {
		s.DataLength, s.Version = int32(len(c.config)), -1
	}
	return s
}

func (c *core) getChildren(cn *conn, q *wire.GetChildren, auth []wire.ID) (wire.Body, wire.ErrorCode) {
	z, children, code := c.readable(q.Path, wire.PermRead, auth)
	if code != wire.OK {
		return nil, code
	}
	c.watch(cn, q.Watch, q.Path, watch.Child)
	names, bytes := c.tree.Children(q.Path)
	if q.WithStat {
		return &wire.NamesStatReply{Names: names, Stat: c.stat(q.Path, z, children), Bytes: bytes}, wire.OK
	}
	return &wire.NamesReply{Names: names, Bytes: bytes}, wire.OK
}

// getACL needs READ or ADMIN; the hashes of digest ids are for ADMIN only.
func (c *core) getACL(q *wire.GetACL, auth []wire.ID) (wire.Body, wire.ErrorCode) {
	z, children, code := c.readable(q.Path, wire.PermRead|wire.PermAdmin, auth)
	if code != wire.OK {
		return nil, code
	}
	acl := *z.ACL
	if !c.skipACL && !znode.Permitted(acl, wire.PermAdmin, auth) {
		acl = znode.MaskACL(acl)
	}
	return &wire.ACLReply{ACL: acl, Stat: c.stat(q.Path, z, children)}, wire.OK
}

func (c *core) getAllChildrenNumber(q *wire.GetAllChildrenNumber, auth []wire.ID) (wire.Body, wire.ErrorCode) {
	if _, _, code := c.readable(q.Path, wire.PermRead, auth); code != wire.OK {
		return nil, code
	}
	n, _ := c.tree.Descendants(q.Path)
	if q.Path == "" {
		n++ // asked for by its other name, the root counts itself
	}
	return &wire.CountReply{Count: int32(n)}, wire.OK
}

// maxMultiRead is how many bytes a multiRead's results may come to. A request of a
// megabyte can ask for gigabytes, and no client takes that.
const maxMultiRead = 16 << 20

// multiRead does each operation on its own; one's error is no other's. Watches
// are not set. An operation that is no read spoils it. What comes behind too many
// bytes gets MarshallingError.
func (c *core) multiRead(q *wire.MultiRead, auth []wire.ID) (wire.Body, wire.ErrorCode) {
	r := &wire.MultiReadReply{MultiReply: wire.MultiReply{Results: make([]wire.Result, 0, len(q.Ops))}}
	bytes := 0
	for _, op := range q.Ops {
		var body wire.Body
		code := wire.MarshallingError
		switch m := op.(type) {
		case *wire.GetData:
			if bytes < maxMultiRead {
				body, code = c.getData(nil, &wire.GetData{Path: m.Path}, auth)
			}
		case *wire.GetChildren:
			if bytes < maxMultiRead {
				body, code = c.getChildren(nil, &wire.GetChildren{Path: m.Path}, auth)
			}
		default:
			return nil, wire.MarshallingError
		}
		if p, ok := body.(wire.Pieces); ok {
			bytes += p.Size()
		}
		r.Results = append(r.Results, wire.Result{Op: op.Op(), Err: code, Body: body})
	}
	return r, wire.OK
}

// getEphemerals lists the session's own whose path starts with the prefix, as
// strings go; blank and "/" stand for all.
func (c *core) getEphemerals(cn *conn, q *wire.GetEphemerals) wire.Body {
	prefix := q.Prefix
	blank := func(r rune) bool { return r <= ' ' } // as Java trims
	if trimmed := strings.TrimFunc(prefix, blank); trimmed == "" || trimmed == "/" {
		prefix = ""
	}
	return &wire.NamesReply{Names: c.tree.EphemeralsUnder(cn.session, prefix)}
}

func (c *core) addWatch(cn *conn, q *wire.AddWatch) (wire.Body, wire.ErrorCode) {
	switch q.Mode {
	case wire.WatchPersistent:
		c.watches.Add(cn.id, q.Path, watch.Persistent)
	case wire.WatchPersistentRecursive:
		c.watches.Add(cn.id, q.Path, watch.Recursive)
	default:
		return nil, wire.MarshallingError
	}
	return &wire.CodeReply{}, wire.OK
}

func (c *core) checkWatches(cn *conn, q *wire.Watches) (wire.Body, wire.ErrorCode) {
	if q.Type != wire.WatcherChildren && q.Type != wire.WatcherData && q.Type != wire.WatcherAny {
		return nil, wire.MarshallingError
	}
	found := false
	if q.Kind == wire.OpCheckWatches && strings.IndexByte(q.Path, '/') < 0 {
		if q.Path != "" {
			return nil, wire.MarshallingError // the original looks for its parent
		}
		return nil, wire.NoWatcher
	}
	if q.Kind == wire.OpRemoveWatches {
		found = c.watches.Remove(cn.id, q.Path, q.Type)
	} else {
		found = c.watches.Has(cn.id, q.Path, q.Type)
	}
	if !found {
		return nil, wire.NoWatcher
	}
	return nil, wire.OK
}

// setWatches re-arms a client's watches and tells it at once of what it missed
// since the zxid it gives. Like exists, which tells as much, it checks no ACL.
func (c *core) setWatches(cn *conn, q *wire.SetWatches) {
	for _, path := range q.Data {
		z, _ := c.tree.Lookup(path)
		c.rearm(cn, path, watch.Data, z, z != nil && after(z.Mzxid, q.Relative), wire.EventNodeDataChanged)
	}
	for _, path := range q.Exist {
		if z, _ := c.tree.Lookup(path); z != nil {
			c.notify(cn, wire.EventNodeCreated, path)
		} else {
			c.watches.Add(cn.id, path, watch.Data)
		}
	}
	for _, path := range q.Child {
		z, _ := c.tree.Lookup(path)
		c.rearm(cn, path, watch.Child, z, z != nil && after(z.Pzxid, q.Relative), wire.EventNodeChildrenChanged)
	}
	for _, path := range q.Persistent {
		c.watches.Add(cn.id, path, watch.Persistent)
	}
	for _, path := range q.Recursive {
		c.watches.Add(cn.id, path, watch.Recursive)
	}
}

// after compares as Java does, with a sign: clients may send -1.
func after(a, b wire.Zxid) bool { return int64(a) > int64(b) }

func (c *core) rearm(cn *conn, path string, k watch.Kind, z *wire.Znode, changed bool, event wire.EventType) {
	switch {
	case z == nil:
		c.notify(cn, wire.EventNodeDeleted, path)
	case changed:
		c.notify(cn, event, path)
	default:
		c.watches.Add(cn.id, path, k)
	}
}

// whoAmI lists a connection's identities, without the secrets of digests.
func whoAmI(auth []wire.ID) *wire.WhoAmIReply {
	r := &wire.WhoAmIReply{Clients: make([]wire.ID, len(auth))}
	for i, id := range auth {
		user, _, _ := strings.Cut(id.ID, ":")
		if id.Scheme == "ip" {
			user = id.ID
		}
		r.Clients[i] = wire.ID{Scheme: id.Scheme, ID: user}
	}
	return r
}
