package tree

import "troupe/wire"

// describe collects figures, and lists if they are wanted.
func (c *core) describe(m *Describe) *Description {
	n := c.tree.Counts()
	d := &Description{Nodes: n.Nodes, Ephemerals: n.Ephemerals, Sessions: n.Sessions, DataSize: n.Bytes,
		Applied: c.tree.Applied(), Digest: c.tree.Digest()}
	d.Watchers, d.WatchedPaths, d.Watches = c.watches.Counts()
	if !m.Lists {
		return d
	}
	d.SessionEphemerals = make(map[wire.SessionID][]string)
	d.SessionTimeouts = make(map[wire.SessionID]int32)
	c.tree.Sessions(func(id wire.SessionID, s wire.Session, ephemerals int) {
		d.SessionTimeouts[id] = s.Timeout
		if ephemerals > 0 {
			d.SessionEphemerals[id] = c.tree.Ephemerals(id)
		}
	})
	d.WatchesBySession = make(map[wire.SessionID][]string)
	d.WatchesByPath = make(map[string][]wire.SessionID)
	c.watches.Each(func(w Conn, path string) {
		if cn := c.conns[w]; cn != nil {
			d.WatchesBySession[cn.session] = append(d.WatchesBySession[cn.session], path)
			d.WatchesByPath[path] = append(d.WatchesByPath[path], cn.session)
		}
	})
	return d
}
