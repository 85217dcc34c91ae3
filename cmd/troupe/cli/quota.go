package cli

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"troupe/bench/client"
	"troupe/wire"
)

var quotaCommands = map[string]command{
	"setquota": {usage: "-n|-b|-N|-B val path", min: 1, max: -1, run: setQuota,
		flags: flagSet{letters: "n:b:N:B:", exclusive: true,
			required: "[-n num soft quota, -b bytes soft quota, -N num hard quota, -B bytes hard quota]"}},
	"listquota": {usage: "path", min: 1, max: -1, run: listQuota},
	"delquota":  {usage: "[-n|-b|-N|-B] path", flags: flagSet{letters: "nbNB", exclusive: true}, min: 1, max: -1, run: delQuota},
}

// Where servers keep quotas: two znodes under the path's own below quotaRoot.
const (
	quotaRoot  = "/zookeeper/quota"
	limitsName = "zookeeper_limits"
	statsName  = "zookeeper_stats"
)

// quotaKeys are a quota's members by the flags that set and delete them.
var quotaKeys = map[byte]string{'n': "count", 'b': "bytes", 'N': "countHardLimit", 'B': "byteHardLimit"}

// track is a quota's limits, or what is used of them. -1 is no limit.
type track map[string]int64

func (t track) get(key string) int64 {
	if v, ok := t[key]; ok {
		return v
	}
	return -1
}

// parseTrack reads the form in which String writes; it is as lenient as servers
// are.
func parseTrack(b []byte) (track, error) {
	t := track{}
	for _, pair := range strings.FieldsFunc(string(b), func(r rune) bool { return r == ',' || r == ';' }) {
		key, value, _ := strings.Cut(pair, "=")
		value, _, _ = strings.Cut(value, "=")
		if value == "" {
			value = "-1"
		}
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return nil, failed("quota %q cannot be read", b)
		}
		t[key] = n
	}
	return t, nil
}

// String is the form that is stored; the odd "=" is part of it.
func (t track) String() string {
	s := fmt.Sprintf("count=%d,bytes=%d", t.get("count"), t.get("bytes"))
	rest := slices.DeleteFunc(slices.Sorted(maps.Keys(t)), func(k string) bool { return k == "count" || k == "bytes" })
	if len(rest) > 0 {
		s += "="
	}
	for _, key := range rest {
		s += fmt.Sprintf(";%s=%d", key, t[key])
	}
	return s
}

func readTrack(c *call, path string) (track, error) {
	b, _, err := c.Absolute().Get(c.ctx, path, false)
	if err != nil {
		return nil, err
	}
	return parseTrack(b)
}

// quotaPath is where the quota of path is kept.
func (c *call) quotaPath(path string) string { return quotaRoot + c.shell.chroot + path }

// shown is the znode whose quota is kept at p.
func (c *call) shown(p string) string { return strings.TrimPrefix(p, quotaRoot+c.shell.chroot) }

func listQuota(c *call) error {
	path := c.args[0]
	c.field("path", path)
	at := c.quotaPath(path)
	c.warn(fmt.Sprintf("absolute path is %s/%s", at, limitsName))
	if err := checkPath(at + "/" + limitsName); err != nil {
		return err
	}
	limits, err := readTrack(c, at+"/"+limitsName)
	var used track
	if err == nil {
		used, err = readTrack(c, at+"/"+statsName)
	}
	if errors.Is(err, wire.NoNode) {
		return &failure{fmt.Sprintf("quota for %s does not exist.", path), "NoNode"}
	}
	if err != nil {
		return explain(err, path)
	}
	c.line("Output quota for %s %v", path, limits)
	c.line("Output stat for %s %v", path, used)
	c.field("quota", limits)
	c.field("stat", used)
	return nil
}

// limit is the member of a quota that setquota's flag names, and its value.
func (c *call) limit() (key string, value int64, err error) {
	flag := c.last[0]
	value, err = strconv.ParseInt(c.flags[flag], 10, 64)
	switch counts := flag == 'n' || flag == 'N'; {
	case err != nil, counts && value != int64(int32(value)):
		return "", 0, failed("NumberFormatException happens when parsing the option value")
	case counts && value <= 0:
		return "", 0, failed("the num quota must be greater than zero")
	case value < 0:
		return "", 0, failed("the bytes quota must be greater than or equal to zero")
	}
	return quotaKeys[flag], value, nil
}

func setQuota(c *call) error {
	path := c.args[0]
	c.field("path", path)
	if strings.HasPrefix(path, quotaRoot) {
		return failed("cannot set a quota under the path: %s", quotaRoot)
	}
	key, value, err := c.limit()
	if err != nil {
		return err
	}
	if err := checkPath(path); err != nil {
		return err
	}
	if _, err := c.Exists(c.ctx, path, false); errors.Is(err, wire.NoNode) {
		return &failure{path + " does not exist.", "NoNode"}
	} else if err != nil {
		return explain(err, path)
	}
	at := c.quotaPath(path)
	if err := checkPath(at + "/" + limitsName); err != nil {
		return err
	}
	if err := c.noQuotaBelow(path, at); err != nil {
		return err
	}
	if err := c.noQuotaAbove(path, at); err != nil {
		return err
	}
	limits, err := c.storeLimit(at, key, value)
	if err != nil {
		return explain(err, path)
	}
	c.field("quota", limits)
	used, err := readTrack(c, at+"/"+statsName)
	if err != nil {
		return explain(err, path)
	}
	c.warnOfLess("count", limits, "count", "countHardLimit", used)
	c.warnOfLess("bytes", limits, "bytes", "byteHardLimit", used)
	return nil
}

// warnOfLess says that more is used than a limit allows.
func (c *call) warnOfLess(what string, limits track, soft, hard string, used track) {
	have := used.get(what)
	for _, limit := range []int64{limits.get(soft), limits.get(hard)} {
		if limit > -1 && limit < have {
			c.line("[Warning]: the %s quota you create is less than the existing %s:%d", what, what, have)
			return
		}
	}
}

// noQuotaBelow refuses a quota on a znode that has one further down.
func (c *call) noQuotaBelow(path, at string) error {
	paths := []string{at}
	for i := 0; i < len(paths); i++ {
		names, _, err := c.Absolute().Children(c.ctx, paths[i], false)
		if errors.Is(err, wire.NoNode) {
			continue
		}
		if err != nil {
			return explain(err, paths[i])
		}
		if i > 0 && slices.Contains(names, limitsName) {
			return failed("%s has a child %s which has a quota", path, c.shown(paths[i]))
		}
		for _, name := range names {
			paths = append(paths, child(paths[i], name))
		}
	}
	return nil
}

// noQuotaAbove refuses a quota on a znode that has one further up.
func (c *call) noQuotaAbove(path, at string) error {
	for p, _ := wire.SplitPath(at); len(p) > len(quotaRoot); p, _ = wire.SplitPath(p) {
		_, err := c.Absolute().Exists(c.ctx, p+"/"+limitsName, false)
		if err == nil {
			return failed("%s has a parent %s which has a quota", path, c.shown(p))
		}
		if !errors.Is(err, wire.NoNode) {
			return explain(err, p)
		}
	}
	return nil
}

// storeLimit adds a limit to those kept at a path, which is made if need be, and
// returns them all.
func (c *call) storeLimit(at, key string, value int64) (track, error) {
	limits, err := readTrack(c, at+"/"+limitsName)
	if err == nil {
		limits[key] = value
		_, err = c.Absolute().Set(c.ctx, at+"/"+limitsName, []byte(limits.String()), client.AnyVersion)
		return limits, err
	}
	if !errors.Is(err, wire.NoNode) {
		return nil, err
	}
	for i := len("/zookeeper"); i <= len(at); i++ {
		if i < len(at) && at[i] != '/' {
			continue
		}
		if err := c.createMissing(at[:i], nil); err != nil {
			return nil, err
		}
	}
	limits = track{"count": -1, "bytes": -1, "countHardLimit": -1, "byteHardLimit": -1}
	limits[key] = value
	if err := c.createMissing(at+"/"+limitsName, []byte(limits.String())); err != nil {
		return nil, err
	}
	return limits, c.createMissing(at+"/"+statsName, []byte(track{"count": 0, "bytes": 0}.String()))
}

func (c *call) createMissing(path string, data []byte) error {
	_, err := c.Absolute().Create(c.ctx, path, data, wire.OpenACL, wire.ModePersistent)
	if errors.Is(err, wire.NodeExists) {
		return nil
	}
	return err
}

func delQuota(c *call) error {
	path := c.args[0]
	c.field("path", path)
	at := c.quotaPath(path)
	if err := checkPath(at); err != nil {
		return err
	}
	limits, err := readTrack(c, at+"/"+limitsName)
	if errors.Is(err, wire.NoNode) {
		c.line("Quota does not exist for %s", path)
		return nil
	}
	if err != nil {
		return explain(err, path)
	}
	if len(c.last) > 0 {
		limits[quotaKeys[c.last[0]]] = -1
		_, err = c.Absolute().Set(c.ctx, at+"/"+limitsName, []byte(limits.String()), client.AnyVersion)
		return explain(err, path)
	}
	for _, name := range []string{limitsName, statsName} {
		if err := c.Absolute().Delete(c.ctx, at+"/"+name, client.AnyVersion); err != nil && !errors.Is(err, wire.NoNode) {
			return explain(err, path)
		}
	}
	return c.trimQuotas(at)
}

// trimQuotas removes the znodes that only led to a quota.
func (c *call) trimQuotas(p string) error {
	for ; len(p) > len(quotaRoot); p, _ = wire.SplitPath(p) {
		err := c.Absolute().Delete(c.ctx, p, client.AnyVersion)
		if errors.Is(err, wire.NotEmpty) {
			return nil
		}
		if err != nil {
			return explain(err, p)
		}
	}
	return nil
}
