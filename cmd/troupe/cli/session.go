package cli

import "strings"

var sessionCommands = map[string]command{
	"addauth": {usage: "scheme auth", min: 1, max: -1, run: addAuth},
	"whoami":  {max: -1, run: whoAmI},
	"sync":    {usage: "path", min: 1, max: -1, run: syncPath},
	"config":  {usage: "[-c] [-w] [-s]", flags: flagSet{letters: "cws"}, max: -1, run: config},
	"version": {offline: true, run: version},
	"connect": {usage: "host:port", max: -1, offline: true, run: connect},
	"close":   {max: -1, offline: true, run: closeSession},
	"quit":    {max: -1, offline: true, run: quit},
	"help":    {max: -1, offline: true, run: help},
	"history": {max: -1, offline: true, run: history},
	"redo":    {usage: "cmdno", max: -1, offline: true, run: func(*call) error { return nil }},
}

func addAuth(c *call) error {
	var auth []byte
	if len(c.args) > 1 {
		auth = []byte(c.args[1])
	}
	c.field("scheme", c.args[0])
	return explain(c.AddAuth(c.ctx, c.args[0], auth), c.args[0])
}

func whoAmI(c *call) error {
	ids, err := c.WhoAmI(c.ctx)
	if err != nil {
		return explain(err, "")
	}
	c.line("Auth scheme: User")
	c.field("ids", []any{})
	for _, id := range ids {
		c.line("%s: %s", id.Scheme, id.ID)
		c.add("ids", map[string]string{"scheme": id.Scheme, "user": id.ID})
	}
	return nil
}

func syncPath(c *call) error {
	path, err := c.path()
	if err != nil {
		return err
	}
	if err := c.Sync(c.ctx, path); err != nil {
		return explain(err, path)
	}
	c.line("Sync is OK")
	return nil
}

const configPath = "/zookeeper/config"

func config(c *call) error {
	b, st, err := c.Absolute().Get(c.ctx, configPath, c.flag('w'))
	if err != nil {
		return explain(err, configPath)
	}
	shown := string(b)
	if b == nil {
		shown = "null"
	}
	if c.flag('c') {
		shown = clientConfig(shown)
	}
	c.line("%s", shown)
	c.field("config", shown)
	if c.flag('s') {
		c.stat(st)
	}
	return nil
}

// clientConfig is version and client addresses of a configuration, as clients
// want them: "100000000 host:port,host:port".
func clientConfig(text string) string {
	version := ""
	var addresses []string
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if key == "version" {
			version = value
		}
		if !strings.HasPrefix(key, "server.") {
			continue
		}
		_, address, found := strings.Cut(value, ";")
		if !found {
			continue
		}
		if !strings.Contains(address, ":") {
			address = "0.0.0.0:" + address
		}
		addresses = append(addresses, address)
	}
	return version + " " + strings.Join(addresses, ",")
}

func version(c *call) error {
	c.line("ZooKeeper CLI version: %s", c.shell.version)
	c.field("version", c.shell.version)
	return nil
}

func connect(c *call) error {
	server := c.shell.server
	if len(c.args) > 0 {
		server = c.args[0]
	}
	c.field("server", server)
	if err := c.shell.connect(c.ctx, server); err != nil {
		return failed("%v", err)
	}
	return nil
}

func closeSession(c *call) error { return explain(c.shell.disconnect(c.ctx), "") }

func quit(c *call) error {
	c.shell.quit = true
	return nil
}

func help(c *call) error {
	c.line("troupe cli [--server host:port[,host:port]/chroot] [command [args]]")
	for _, name := range names() {
		usage := strings.TrimSpace(name + " " + commands[name].usage)
		c.line("\t%s", usage)
		c.add("commands", usage)
	}
	return nil
}

// historyLines is how many lines history shows, itself included.
const historyLines = 11

func history(c *call) error {
	lines := c.shell.lines
	for i := max(0, len(lines)-historyLines); i < len(lines); i++ {
		c.line("%d - %s", i, lines[i])
		c.add("lines", map[string]any{"number": i, "line": lines[i]})
	}
	return nil
}
