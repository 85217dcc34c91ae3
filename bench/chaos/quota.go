package chaos

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"troupe/wire"
)

// Under quotas, znodes come, change and go, ephemerals among them; a counter is
// counted up by compare and set.

const (
	quotaed    = root + "/quotaed"
	counter    = root + "/counter"
	quotaRoot  = "/zookeeper/quota"
	statsName  = "/zookeeper_stats"
	limitsName = "/zookeeper_limits"
	filled     = 50  // znodes under the quota, at most
	fattest    = 200 // bytes in one
)

// noLimits is what the quotas' znodes are made with; servers count what is used.
const noLimits = "count=-1,bytes=-1"

// quotaPaths are the znodes that set the quotas.
func quotaPaths() []string {
	paths := []string{quotaRoot + root}
	for _, of := range []string{quotaed, lives} {
		paths = append(paths, quotaRoot+of, quotaRoot+of+limitsName, quotaRoot+of+statsName)
	}
	return paths
}

// fill makes, changes or removes a znode under the quota.
func (w *worker) fill() Op {
	return Op{Kind: []Kind{Fill, Refill, Drain}[w.rnd.IntN(3)], Path: fmt.Sprintf("%s/%d", quotaed, w.rnd.IntN(filled)),
		Value: strings.Repeat("x", w.rnd.IntN(fattest))}
}

// count reads the counter, or counts it up from what was read.
func (w *worker) count() Op {
	if w.rnd.IntN(2) == 0 {
		return Op{Kind: Peek, Path: counter}
	}
	return Op{Kind: Count, Path: counter, If: w.seen[counter], Value: strconv.Itoa(int(w.seen[counter]) + 1)}
}

// quotas counts again what servers have counted, on each.
func quotas(e *Evidence) (found []Violation) {
	for _, server := range slices.Sorted(maps.Keys(e.Trees)) {
		tree := e.Trees[server]
		for stats, n := range tree {
			of, ok := strings.CutSuffix(strings.TrimPrefix(stats, quotaRoot), statsName)
			if !ok {
				continue
			}
			count, bytes := 0, 0
			for p, z := range tree {
				if p == of || strings.HasPrefix(p, of+"/") {
					count, bytes = count+1, bytes+len(z.Data)
				}
			}
			if want := fmt.Sprintf("count=%d,bytes=%d", count, bytes); n.Data != want {
				found = append(found, Violation{What: fmt.Sprintf("the quota of %s says %s on %s, there are %s", of, n.Data, server, want)})
			}
		}
	}
	return found
}

// counters compares the counter with the sessions that have counted, and what
// servers say of each znode's children and data with these.
func counters(e *Evidence) (found []Violation) {
	by := make(map[int32]int) // the session that has counted up to there
	done, maybe := 0, 0
	for i := range e.Ops {
		o := &e.Ops[i]
		if o.Kind != Count {
			continue
		}
		switch o.Outcome {
		case Done:
			if other, counted := by[o.Version]; counted || strconv.Itoa(int(o.Version)) != o.Value {
				found = append(found, Violation{What: fmt.Sprintf("session %d has counted to %s at version %d, session %d too", o.Session, o.Value, o.Version, other)})
			}
			by[o.Version] = o.Session
			done++
		case Unknown:
			maybe++
		}
	}
	for _, server := range slices.Sorted(maps.Keys(e.Trees)) {
		tree := e.Trees[server]
		if z, there := tree[counter]; there {
			n := int(z.Stat.Version)
			if n < done || n > done+maybe || n > 0 && z.Data != strconv.Itoa(n) {
				found = append(found, Violation{What: fmt.Sprintf("the counter is %q at version %d on %s; counted up %d times, and %d times perhaps", z.Data, n, server, done, maybe)})
			}
		}
		children := make(map[string]int32)
		for p := range tree {
			parent, _ := wire.SplitPath(p)
			children[parent]++
		}
		for p, z := range tree {
			if z.Stat.NumChildren != children[p] || int(z.Stat.DataLength) != len(z.Data) {
				found = append(found, Violation{What: fmt.Sprintf("%s has %d children and %d bytes on %s, which says %d and %d", p, children[p], len(z.Data), server, z.Stat.NumChildren, z.Stat.DataLength)})
			}
		}
	}
	return found
}
