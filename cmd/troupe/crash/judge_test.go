package crash

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"troupe/wire"
)

// history is what one worker did between two restarts, and from where.
type history struct {
	root    string
	base    *state // as it was found after the last restart
	ops     []*op  // in the order in which they were sent
	session wire.SessionID
	resumed bool // the session could be resumed after the restart; false if there is none
}

// observation is a server's tree as it was read after a restart.
type observation struct {
	zxid  wire.Zxid // of the last transaction that the server knows
	nodes map[string]node
}

// below is the part of the tree at and below root.
func (o *observation) below(root string) map[string]node {
	part := map[string]node{}
	for path, n := range o.nodes {
		if path == root || strings.HasPrefix(path, root+"/") {
			part[path] = n
		}
	}
	return part
}

// round is all that happened between two restarts.
type round struct {
	before, after *observation
	parent        string // of the shared sequential nodes
	histories     []*history
}

// verdict is what a round has come to.
type verdict struct {
	complaints []string
	states     []*state // of each worker; nil where there are complaints
	carriedOut int      // unknown requests that turned out to have been carried out
}

// judging is a round being judged.
type judging struct {
	*round
	verdict
	marks   []mark            // writes to the shared part that have happened
	visible map[string]bool   // data of marks that the tree shows
	taken   map[wire.Zxid]*op // which request a transaction was
}

// judge compares what was acknowledged with what is there. Its verdict has no
// complaints if all can be explained.
func (r *round) judge() verdict {
	j := &judging{round: r, taken: map[wire.Zxid]*op{}, visible: r.visible()}
	for _, h := range r.histories {
		j.order(h)
	}
	for _, h := range r.histories {
		j.states = append(j.states, j.settle(h))
	}
	if len(j.complaints) == 0 { // the rest would only repeat what is known
		j.sequential()
		j.contended()
		j.unexplained()
		j.times()
	}
	return j.verdict
}

func (j *judging) complain(format string, args ...any) {
	j.complaints = append(j.complaints, fmt.Sprintf(format, args...))
}

// visible is the data of shared writes that the tree shows.
func (r *round) visible() map[string]bool {
	seen := map[string]bool{}
	for path, n := range r.after.below(sharedRoot) {
		if path == contended || strings.HasPrefix(path, r.parent+"/") {
			seen[string(n.data)] = true
		}
	}
	return seen
}

// order checks that replies came in order: no reply after one that is missing,
// zxids rising with each write and nowhere given twice, none below what the
// last restart has shown and none above what this one does.
func (j *judging) order(h *history) {
	last, lost := j.before.zxid, false
	for _, o := range h.ops {
		switch {
		case !o.known:
			lost = true
			continue
		case lost:
			j.complain("%s: a reply after one that never came: %v", h.root, o)
		case o.broken != nil:
			j.complain("%s: %v: %v", h.root, o, o.broken)
		case o.zxid > j.after.zxid:
			j.complain("%s: acknowledged as %v, but the restarted server is at %v: %v", h.root, o.zxid, j.after.zxid, o)
		}
		if !o.req.Op().IsWrite() {
			if o.zxid < last {
				j.complain("%s: read at %v after %v: %v", h.root, o.zxid, last, o)
			}
			continue
		}
		if o.zxid <= last {
			j.complain("%s: %v does not follow %v: %v", h.root, o.zxid, last, o)
		}
		last = o.zxid
		j.take(h, o.zxid, o)
	}
}

// take notes which request a transaction was.
func (j *judging) take(h *history, zxid wire.Zxid, o *op) {
	if other, found := j.taken[zxid]; found {
		j.complain("%s: %v was two transactions: %v, %v", h.root, zxid, o, other)
	}
	j.taken[zxid] = o
}

// sequential accounts for the nodes below the shared parent: each is one
// request's, with the path that was acknowledged; their numbers follow their
// zxids, without holes.
func (j *judging) sequential() {
	byData := map[string]mark{}
	for _, m := range j.marks {
		if !m.set {
			byData[m.data] = m
		}
	}
	prefix := j.parent + "/s-"
	children := j.after.below(j.parent)
	delete(children, j.parent)
	paths := slices.Sorted(maps.Keys(children))
	var last wire.Zxid
	for i, path := range paths {
		n := j.after.nodes[path]
		m, found := byData[string(n.data)]
		switch {
		case !found:
			j.complain("%s holds %q, which nobody wrote, or twice", path, n.data)
		case m.path != "" && m.path != path, m.zxid != n.stat.Czxid:
			j.complain("%s at %v was acknowledged as %s at %v", path, n.stat.Czxid, m.path, m.zxid)
		}
		if want := fmt.Sprintf("%s%010d", prefix, i); path != want {
			j.complain("%s is there, %s expected", path, want)
		}
		if n.stat.Czxid < last {
			j.complain("%s at %v has a higher number than the one at %v", path, n.stat.Czxid, last)
		}
		last = n.stat.Czxid
		delete(byData, string(n.data))
	}
	for _, m := range byData {
		j.complain("%s %q at %v is gone", m.path, m.data, m.zxid)
	}
	parent := j.after.nodes[j.parent].stat
	if n := int32(len(paths)); parent.Cversion != n || parent.NumChildren != n || (n > 0 && parent.Pzxid != last) {
		j.complain("%s has %d children, the last at %v, but its stat is %+v", j.parent, n, last, parent)
	}
}

// contended accounts for the node that all set: its version counts the sets, and
// its data are the last one's.
func (j *judging) contended() {
	var acked, unknown []mark
	for _, m := range j.marks {
		switch {
		case m.set && m.version != 0:
			acked = append(acked, m)
		case m.set:
			unknown = append(unknown, m)
		}
	}
	slices.SortFunc(acked, func(a, b mark) int { return int(a.version - b.version) })
	version, zxid := j.before.nodes[contended].stat.Version, j.before.nodes[contended].stat.Mzxid
	last := string(j.before.nodes[contended].data)
	between := int32(len(unknown)) // sets that may have come between
	for _, m := range acked {
		if m.version <= version || m.version > version+1+between || m.zxid < zxid || m.mzxid != m.zxid {
			j.complain("a set of %s gave version %d at %v (%v) after version %d at %v", contended, m.version, m.zxid, m.mzxid, version, zxid)
		}
		between -= m.version - version - 1
		version, zxid, last = m.version, m.zxid, m.data
	}
	n := j.after.nodes[contended]
	if n.stat.Version == version {
		if string(n.data) != last || n.stat.Mzxid != zxid {
			j.complain("%s holds %q of %v at version %d, acknowledged was %q of %v", contended, n.data, n.stat.Mzxid, version, last, zxid)
		}
		return
	}
	written := func(m mark) bool { return m.data == string(n.data) }
	if n.stat.Version < version || n.stat.Version > version+between || n.stat.Mzxid < zxid || !slices.ContainsFunc(unknown, written) {
		j.complain("%s holds %q at version %d of %v after %d of %v, and these may have been carried out: %+v",
			contended, n.data, n.stat.Version, n.stat.Mzxid, version, zxid, unknown)
	}
}

// unexplained finds nodes that belong to nobody, and those that all leave alone
// and that have changed.
func (j *judging) unexplained() {
	ours := func(path string) bool {
		if path == contended || path == j.parent || strings.HasPrefix(path, j.parent+"/") {
			return true
		}
		if path == guestRoot || strings.HasPrefix(path, guestRoot+"/") {
			return true // they come and go as their sessions do; see guests
		}
		return slices.ContainsFunc(j.histories, func(h *history) bool {
			return path == h.root || strings.HasPrefix(path, h.root+"/")
		})
	}
	for path, n := range j.after.nodes {
		if ours(path) {
			continue
		}
		was, found := j.before.nodes[path]
		switch {
		case !found:
			j.complain("%s %+v has come from nowhere", path, n)
		case n.stat != was.stat || !sameData(n.data, was.data):
			j.complain("%s was left alone, and went from %+v to %+v", path, was, n)
		}
	}
	for path := range j.before.nodes {
		if _, found := j.after.nodes[path]; !found && !ours(path) {
			j.complain("%s was left alone, and is gone", path)
		}
	}
}

// times checks that what was written once has kept its time.
func (j *judging) times() {
	for path, n := range j.after.nodes {
		was, found := j.before.nodes[path]
		if !found {
			continue
		}
		if n.stat.Czxid == was.stat.Czxid && n.stat.Ctime != was.stat.Ctime ||
			n.stat.Mzxid == was.stat.Mzxid && n.stat.Mtime != was.stat.Mtime {
			j.complain("%s has other times than before: %+v, %+v", path, was.stat, n.stat)
		}
	}
}
