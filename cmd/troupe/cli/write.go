package cli

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"troupe/bench/client"
	"troupe/wire"
)

var writeCommands = map[string]command{
	"create":    {usage: "[-s] [-e] [-c] [-t ttl] path [data] [acl]", flags: flagSet{letters: "sect:"}, min: 1, max: -1, run: create},
	"set":       {usage: "[-s] [-v version] path data", flags: flagSet{letters: "sv:"}, min: 2, max: -1, run: set},
	"delete":    {usage: "[-v version] path", flags: flagSet{letters: "v:"}, min: 1, max: -1, run: deleteNode},
	"deleteall": {usage: "path [-b batch size]", flags: flagSet{letters: "b:"}, min: 1, max: -1, run: deleteAll},
	"setAcl":    {usage: "[-s] [-v version] [-R] path acl", flags: flagSet{letters: "sv:R"}, min: 2, max: -1, run: setACL},
}

// maxTTL is the longest time to live in milliseconds, which a server keeps in 40 bits.
const maxTTL = 1<<40 - 1

// createMode is the mode that create's flags ask for, with the time to live.
func (c *call) createMode() (mode wire.CreateMode, ttl time.Duration, err error) {
	ephemeral, sequential, container := c.flag('e'), c.flag('s'), c.flag('c')
	if container && (ephemeral || sequential) {
		return 0, 0, failed("-c cannot be combined with -s or -e. Containers cannot be ephemeral or sequential.")
	}
	if c.flag('t') {
		ms, err := strconv.ParseInt(c.flags['t'], 10, 64)
		switch {
		case err != nil:
			return 0, 0, failed("-t argument must be a long value")
		case ephemeral:
			return 0, 0, failed("TTLs cannot be used with Ephemeral znodes")
		case container:
			return 0, 0, failed("TTLs cannot be used with Container znodes")
		case ms <= 0 || ms > maxTTL:
			return 0, 0, failed("ttl must be positive and cannot be larger than: %d", int64(maxTTL))
		case sequential:
			return wire.ModeTTLSequential, time.Duration(ms) * time.Millisecond, nil
		}
		return wire.ModeTTL, time.Duration(ms) * time.Millisecond, nil
	}
	switch {
	case container:
		return wire.ModeContainer, 0, nil
	case ephemeral && sequential:
		return wire.ModeEphemeralSequential, 0, nil
	case ephemeral:
		return wire.ModeEphemeral, 0, nil
	case sequential:
		return wire.ModePersistentSequential, 0, nil
	}
	return wire.ModePersistent, 0, nil
}

func create(c *call) error {
	mode, ttl, err := c.createMode()
	if err != nil {
		return err
	}
	path, data, acl := c.args[0], []byte(nil), wire.OpenACL
	c.field("path", path)
	if len(c.args) > 1 {
		data = []byte(c.args[1])
	}
	if len(c.args) > 2 {
		acl = c.parseACL(c.args[2])
	}
	// The number of a sequential znode is part of the path that is judged.
	whole := path
	if mode.Sequential() {
		whole += "1"
	}
	if err := checkPath(whole); err != nil {
		return err
	}
	if len(acl) == 0 {
		return explain(wire.InvalidACL, path)
	}
	var made string
	if mode.TTL() {
		made, _, err = c.CreateTTL(c.ctx, path, data, acl, mode, ttl)
	} else {
		made, err = c.Create(c.ctx, path, data, acl, mode)
	}
	if err != nil {
		return explain(err, path)
	}
	c.line("Created %s", made)
	c.field("path", made)
	return nil
}

// version is the value of -v, which matches every version if it is not there.
func (c *call) version() (int32, error) {
	if !c.flag('v') {
		return client.AnyVersion, nil
	}
	v, err := strconv.ParseInt(c.flags['v'], 10, 32)
	if err != nil {
		return 0, failed("-v argument must be an int value")
	}
	return int32(v), nil
}

// changed says the result of set and setAcl.
func (c *call) changed(path string, st wire.Stat, err error) error {
	if err != nil {
		return explain(err, path)
	}
	if c.flag('s') {
		c.stat(st)
	}
	return nil
}

func set(c *call) error {
	version, err := c.version()
	if err != nil {
		return err
	}
	path, err := c.path()
	if err != nil {
		return err
	}
	st, err := c.Set(c.ctx, path, []byte(c.args[1]), version)
	return c.changed(path, st, err)
}

func deleteNode(c *call) error {
	if len(c.args) > 1 {
		c.warn("'delete path [version]' has been deprecated. Please use 'delete [-v version] path' instead.")
		c.flags['v'] = c.args[1]
	}
	version, err := c.version()
	if err != nil {
		return err
	}
	path, err := c.path()
	if err != nil {
		return err
	}
	return explain(c.Delete(c.ctx, path, version), path)
}

// defaultBatch is how many znodes deleteall removes in one transaction.
const defaultBatch = 1000

func deleteAll(c *call) error {
	batch := defaultBatch
	if c.flag('b') {
		n, err := strconv.ParseInt(c.flags['b'], 10, 32)
		if err != nil {
			return failed("-b argument must be an int value")
		}
		batch = max(int(n), 1)
	}
	path, err := c.path()
	if err != nil {
		return err
	}
	tree, err := c.breadthFirst(path)
	if err != nil {
		return err
	}
	slices.Reverse(tree)
	deleted, whole := 0, true
	for some := range slices.Chunk(tree, batch) {
		ops := make([]wire.Request, len(some))
		for i, p := range some {
			ops[i] = &wire.Delete{Path: p, Version: client.AnyVersion}
		}
		if _, err := c.Multi(c.ctx, ops...); err != nil {
			whole = false
			continue
		}
		deleted += len(some)
	}
	c.field("deleted", deleted)
	if !whole {
		return failed("Failed to delete some node(s) in the subtree!")
	}
	return nil
}

// breadthFirst is path and all paths below, parents before their children.
func (c *call) breadthFirst(path string) ([]string, error) {
	tree := []string{path}
	for i := 0; i < len(tree); i++ {
		names, _, err := c.Children(c.ctx, tree[i], false)
		if err != nil {
			return nil, explain(err, tree[i])
		}
		for _, name := range names {
			tree = append(tree, child(tree[i], name))
		}
	}
	return tree, nil
}

func setACL(c *call) error {
	path, err := c.path()
	if err != nil {
		return err
	}
	acl := c.parseACL(c.args[1])
	version, err := c.version()
	if err != nil {
		return err
	}
	if len(acl) == 0 {
		return explain(wire.InvalidACL, path)
	}
	if !c.flag('R') {
		st, err := c.SetACL(c.ctx, path, acl, version)
		return c.changed(path, st, err)
	}
	refused := 0
	err = c.visit(path, false, func(p string) error {
		if _, err := c.SetACL(c.ctx, p, acl, version); err != nil {
			c.warn(fmt.Sprint(explain(err, p)))
			refused++
		}
		return nil
	})
	if err == nil && refused > 0 {
		err = failed("%d znode(s) kept their ACL", refused)
	}
	return err
}
