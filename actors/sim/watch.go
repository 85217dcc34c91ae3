package sim

import (
	"troupe/actors/tree/watch"
	"troupe/actors/tree/znode"
)

// fire tells the connections that watch of events, before whatever follows them.
func (n *node) fire(events []znode.Event) {
	for _, e := range events {
		for _, who := range n.watches.Fire(e.Type, e.Path, nil) {
			for _, c := range n.conns {
				if c.number == who {
					path := e.Path
					c.toClientDo(func() { c.client.notified(path) })
				}
			}
		}
	}
}

// watch has a connection told of the next change of a path.
func (c *conn) watch(path string) { c.n.watches.Add(c.number, path, watch.Data) }

// notified is told of a change, once for each watch.
func (c *client) notified(path string) {
	c.tracef("is told that %s has changed", path)
	for r := range c.watched {
		if r.path == path {
			c.w.result.Told++
			delete(c.watched, r)
			return
		}
	}
	c.w.fail("client %d is told that %s has changed, and watches it not", c.id, path)
}

// unchanged checks that a client has been told of its watch on a register, if an
// answer shows that it has changed.
func (c *client) unchanged(r *register, version int32) {
	if at, watched := c.watched[r]; watched && version != at {
		c.w.fail("client %d sees version %d of %s, and has not been told that it is not %d any more", c.id, version, r.path, at)
	}
}
