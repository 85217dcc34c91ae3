package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"troupe/wire"
)

var readCommands = map[string]command{
	"ls":                   {usage: "[-s] [-w] [-R] path", flags: flagSet{letters: "?swR"}, max: -1, run: ls},
	"get":                  {usage: "[-s] [-w] path", flags: flagSet{letters: "sw"}, min: 1, max: -1, run: get},
	"stat":                 {usage: "[-w] path", flags: flagSet{letters: "w"}, min: 1, max: -1, run: stat},
	"getAcl":               {usage: "[-s] path", flags: flagSet{letters: "s"}, min: 1, max: -1, run: getACL},
	"getEphemerals":        {usage: "path", max: -1, run: getEphemerals},
	"getAllChildrenNumber": {usage: "path", min: 1, max: -1, run: getAllChildrenNumber},
}

// oldWatch understands "path watch", which was "-w path" once.
func (c *call) oldWatch(name, now string) {
	if len(c.args) > 1 {
		c.warn(fmt.Sprintf("'%s path [watch]' has been deprecated. Please use '%s' instead.", name, now))
		c.flags = map[byte]string{'w': ""}
	}
}

func ls(c *call) error {
	if c.flag('?') {
		c.line("usage: ls [options] path\n -?   help\n -R   recurse\n -s   stat\n -w   watch")
	}
	if len(c.args) == 0 {
		return c.usage
	}
	c.oldWatch("ls", "ls [-w] path")
	path, err := c.path()
	if err != nil {
		return err
	}
	if c.flag('R') {
		c.field("paths", []any{})
		return c.visit(path, c.flag('w'), func(p string) error {
			c.line("%s", p)
			c.add("paths", p)
			return nil
		})
	}
	children, st, err := c.Children(c.ctx, path, c.flag('w'))
	if err != nil {
		return explain(err, path)
	}
	slices.Sort(children)
	c.line("[%s]", strings.Join(children, ", "))
	c.field("children", append([]string{}, children...))
	if c.flag('s') {
		c.stat(st)
	}
	return nil
}

// visit calls see with path and all paths below: the children of a znode before
// the grandchildren. It is no snapshot: what vanishes meanwhile is left out.
func (c *call) visit(path string, watch bool, see func(string) error) error {
	if _, _, err := c.Get(c.ctx, path, watch); err != nil {
		return explain(err, path)
	}
	if err := see(path); err != nil {
		return err
	}
	return c.descend(path, watch, see)
}

func (c *call) descend(path string, watch bool, see func(string) error) error {
	names, _, err := c.Children(c.ctx, path, watch)
	if errors.Is(err, wire.NoNode) {
		return nil
	}
	if err != nil {
		return explain(err, path)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := see(child(path, name)); err != nil {
			return err
		}
	}
	for _, name := range names {
		if err := c.descend(child(path, name), watch, see); err != nil {
			return err
		}
	}
	return nil
}

func get(c *call) error {
	c.oldWatch("get", "get [-s] [-w] path")
	path, err := c.path()
	if err != nil {
		return err
	}
	b, st, err := c.Get(c.ctx, path, c.flag('w'))
	if err != nil {
		return explain(err, path)
	}
	c.data(b)
	if c.flag('s') {
		c.stat(st)
	}
	return nil
}

func stat(c *call) error {
	c.oldWatch("stat", "stat [-w] path")
	path, err := c.path()
	if err != nil {
		return err
	}
	st, err := c.Exists(c.ctx, path, c.flag('w'))
	if err != nil {
		return explain(err, path)
	}
	c.stat(st)
	return nil
}

func getACL(c *call) error {
	path, err := c.path()
	if err != nil {
		return err
	}
	acl, st, err := c.GetACL(c.ctx, path)
	if err != nil {
		return explain(err, path)
	}
	c.field("acl", []any{})
	for _, a := range acl {
		c.line("'%s,'%s\n: %s", csv(a.ID.Scheme), csv(a.ID.ID), permString(a.Perms))
		c.add("acl", map[string]string{"scheme": a.ID.Scheme, "id": a.ID.ID, "perms": permString(a.Perms)})
	}
	if c.flag('s') {
		c.stat(st)
	}
	return nil
}

// csv escapes what would end a field in the form in which zkCli prints ids.
var csv = strings.NewReplacer("\x00", "%00", "\n", "%0A", "\r", "%0D", ",", "%2C", "}", "%7D", "%", "%25").Replace

func getEphemerals(c *call) error {
	prefix := "/"
	if len(c.args) > 0 {
		prefix = c.args[0]
	}
	if err := checkPath(prefix); err != nil {
		return err
	}
	paths, err := c.Ephemerals(c.ctx, prefix)
	if err != nil {
		return explain(err, prefix)
	}
	c.line("[%s]", strings.Join(paths, ", "))
	c.field("paths", append([]string{}, paths...))
	return nil
}

func getAllChildrenNumber(c *call) error {
	path, err := c.path()
	if err != nil {
		return err
	}
	n, err := c.AllChildrenNumber(c.ctx, path)
	if err != nil {
		return explain(err, path)
	}
	c.line("%d", n)
	c.field("number", n)
	return nil
}
