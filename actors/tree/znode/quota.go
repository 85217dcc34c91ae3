package znode

import (
	"fmt"
	"strconv"
	"strings"

	"troupe/wire"
)

// Names of the nodes under /zookeeper/quota<path>.
const (
	limitsName = "/zookeeper_limits"
	statsName  = "/zookeeper_stats"
)

func isLimits(path string) bool {
	return strings.HasPrefix(path, quotaPath+"/") && strings.HasSuffix(path, limitsName)
}

// quotaOf is the nearest path at or above path that has limits, as lookup sees
// the tree; "" if none. The root's own quota is never charged.
func quotaOf(path string, lookup func(string) (*wire.Znode, int)) string {
	for p := path; p != "/" && p != ""; p, _ = wire.SplitPath(p) {
		if z, _ := lookup(quotaPath + p + limitsName); z != nil {
			return p
		}
	}
	return ""
}

// quotaOf is the quota that a change of path is counted to.
func (e *evaluation) quotaOf(path string) string {
	if !e.view.HasQuotas() && e.overlay == nil {
		return ""
	}
	return quotaOf(path, e.lookup)
}

// checkQuota refuses what would exceed a hard limit, where these are enforced.
// As in the original, limits and usage are those before a multi's first
// operation: what is counted in between is not seen here.
func (e *evaluation) checkQuota(path string, bytes, count int64) wire.ErrorCode {
	if e.rec.Flags&wire.FlagEnforceQuota == 0 || !e.view.HasQuotas() {
		return wire.OK
	}
	quota := quotaOf(path, e.view.Lookup)
	if quota == "" {
		return wire.OK
	}
	limits, _ := e.view.Lookup(quotaPath + quota + limitsName)
	stats, _ := e.view.Lookup(quotaPath + quota + statsName)
	if stats == nil {
		return wire.OK
	}
	limit, ok := parseUsage(limits.Data)
	used, ok2 := parseUsage(stats.Data)
	switch {
	case !ok || !ok2:
		return wire.MarshallingError
	case count > 0 && limit.countHard > -1 && used.count+count > limit.countHard,
		bytes != 0 && limit.bytesHard > -1 && used.bytes+bytes > limit.bytesHard:
		return wire.QuotaExceeded
	}
	return wire.OK
}

// countQuota adds to a quota's zookeeper_stats. It moves no zxid, version or
// time of that node, and fires no watch.
func (e *evaluation) countQuota(quota string, bytes, count int64) {
	if quota == "" || bytes == 0 && count == 0 {
		return
	}
	path := quotaPath + quota + statsName
	stats, children := e.lookup(path)
	if stats == nil {
		return
	}
	used, ok := parseUsage(stats.Data)
	if !ok {
		return
	}
	used.count += count
	used.bytes += bytes
	next := *stats
	next.Data = used.encode()
	e.emit(Change{Put, path, &next}, children)
}

// fillStats makes a zookeeper_stats that is being created say what its path
// holds now, whatever the client gave.
func (e *evaluation) fillStats(path string, z *wire.Znode) {
	if !strings.HasPrefix(path, quotaPath+"/") || !strings.HasSuffix(path, statsName) {
		return
	}
	of := strings.TrimSuffix(path[len(quotaPath):], statsName)
	u := newUsage()
	u.count, u.bytes = e.holds(of)
	if strings.HasPrefix(path, of+"/") { // it counts itself, as it was given
		u.count, u.bytes = u.count+1, u.bytes+int64(len(z.Data))
	}
	z.Data = u.encode()
}

// holds counts the nodes at and below path and their data, as the operations
// so far have left them.
func (e *evaluation) holds(path string) (count, bytes int64) {
	if z, _ := e.view.Lookup(path); z != nil {
		n, b := e.view.Descendants(path)
		count, bytes = int64(n)+1, b
	}
	for p, o := range e.overlay {
		if p != path && !strings.HasPrefix(p, path+"/") {
			continue
		}
		if z, _ := e.view.Lookup(p); z != nil {
			count, bytes = count-1, bytes-int64(len(z.Data))
		}
		if o.z != nil {
			count, bytes = count+1, bytes+int64(len(o.z.Data))
		}
	}
	return count, bytes
}

// usage is the content of a quota node: count=4,bytes=9, and for limits
// =;byteHardLimit=15;countHardLimit=4. Absent is -1.
type usage struct{ count, bytes, bytesHard, countHard int64 }

func newUsage() usage { return usage{-1, -1, -1, -1} }

// parseUsage is false for what the original cannot read either.
func parseUsage(data []byte) (u usage, ok bool) {
	u = newUsage()
	if data == nil || strings.IndexAny(string(data), ",;") == 0 {
		return u, false
	}
	for _, pair := range strings.FieldsFunc(string(data), func(c rune) bool { return c == ',' || c == ';' }) {
		parts := strings.Split(strings.TrimRight(pair, "="), "=")
		if len(parts) < 2 {
			return u, false
		}
		n := int64(-1)
		if parts[1] != "" {
			var err error
			if n, err = strconv.ParseInt(parts[1], 10, 64); err != nil {
				return u, false
			}
		}
		switch parts[0] {
		case "count":
			u.count = n
		case "bytes":
			u.bytes = n
		case "byteHardLimit":
			u.bytesHard = n
		case "countHardLimit":
			u.countHard = n
		}
	}
	return u, true
}

func (u usage) encode() []byte {
	s := fmt.Sprintf("count=%d,bytes=%d", u.count, u.bytes)
	if u.bytesHard > -1 || u.countHard > -1 {
		s += fmt.Sprintf("=;byteHardLimit=%d;countHardLimit=%d", u.bytesHard, u.countHard)
	}
	return []byte(s)
}
