package cli

import (
	"errors"
	"strings"

	"troupe/bench/client"
	"troupe/wire"
)

var watchCommands = map[string]command{
	"addWatch": {usage: "[-m mode] path # optional mode is one of [PERSISTENT, PERSISTENT_RECURSIVE] - default is PERSISTENT_RECURSIVE",
		flags: flagSet{letters: "m:"}, min: 1, max: 1, run: addWatch},
	"removewatches": {usage: "path [-c|-d|-a] [-l]", flags: flagSet{letters: "cdal"}, min: 1, max: -1, run: removeWatches},
	"printwatches":  {usage: "on|off", max: -1, offline: true, run: printWatches},
}

func addWatch(c *call) error {
	mode := wire.WatchPersistentRecursive
	if c.flag('m') {
		switch strings.ToUpper(c.flags['m']) {
		case "PERSISTENT":
			mode = wire.WatchPersistent
		case "PERSISTENT_RECURSIVE":
		default:
			return c.usage
		}
	}
	path, err := c.path()
	if err != nil {
		return err
	}
	return explain(c.AddWatch(c.ctx, path, mode), path)
}

func removeWatches(c *call) error {
	path, err := c.path()
	if err != nil {
		return err
	}
	kind := wire.WatcherAny
	switch {
	case c.flag('c'):
		kind = wire.WatcherChildren
	case c.flag('d'):
		kind = wire.WatcherData
	}
	before := c.Watching(path)
	removed := eventsOfRemoval(before, kind)
	if len(removed) == 0 {
		return explain(wire.NoWatcher, path)
	}
	err = c.RemoveWatches(c.ctx, path, kind)
	if err != nil && c.flag('l') && (errors.Is(err, client.ErrNotSent) || errors.Is(err, client.ErrConnectionLost)) {
		c.ForgetWatches(path, kind)
		err = nil
	}
	if err != nil {
		return explain(err, path)
	}
	for _, event := range removed {
		c.shell.notice("SyncConnected", event, path)
	}
	return nil
}

// eventsOfRemoval are the events that a client makes up for watches it removes.
func eventsOfRemoval(w client.WatchSet, kind wire.WatcherType) (events []string) {
	if w.Data && kind != wire.WatcherChildren {
		events = append(events, "DataWatchRemoved")
	}
	if w.Child && kind != wire.WatcherData {
		events = append(events, "ChildWatchRemoved")
	}
	if (w.Persistent || w.Recursive) && kind == wire.WatcherAny {
		events = append(events, "PersistentWatchRemoved")
	}
	return events
}

func printWatches(c *call) error {
	if len(c.args) > 0 {
		c.shell.printEvents.Store(c.args[0] == "on")
		c.field("on", c.args[0] == "on")
		return nil
	}
	on := c.shell.printEvents.Load()
	c.line("printwatches is %s", map[bool]string{true: "on", false: "off"}[on])
	c.field("on", on)
	return nil
}
