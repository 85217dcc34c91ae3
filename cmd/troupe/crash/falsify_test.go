package crash

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"troupe/wire"
)

// A falsification makes a true round false; it is no use where it returns false.
type falsification func(w *world, rng *rand.Rand) bool

// falsifications are what a server that loses, halves, doubles or mixes up things would show.
var falsifications = map[string]falsification{
	"a node is lost": changed(func(w *world, path string, _ *node) bool {
		n := w.round.after.nodes[path]
		delete(w.round.after.nodes, path)
		return n.stat.NumChildren == 0
	}),
	"data are older":       changed(func(_ *world, _ string, n *node) bool { n.data = []byte("old"); return true }),
	"null data are empty":  changed(func(_ *world, _ string, n *node) bool { was := n.data; n.data = []byte{}; return was == nil }),
	"a version is lower":   changed(func(_ *world, _ string, n *node) bool { n.stat.Version--; return true }),
	"a version is higher":  changed(func(_ *world, _ string, n *node) bool { n.stat.Version++; return true }),
	"a child's birth lost": changed(func(_ *world, _ string, n *node) bool { n.stat.Cversion--; return true }),
	"czxid differs":        changed(func(_ *world, _ string, n *node) bool { n.stat.Czxid = 50; return true }),
	"mzxid differs":        changed(func(_ *world, _ string, n *node) bool { n.stat.Mzxid = 50; return true }),
	"pzxid differs":        changed(func(_ *world, _ string, n *node) bool { n.stat.Pzxid = 50; return true }),
	"an ephemeral is for good": changed(func(_ *world, _ string, n *node) bool {
		was := n.stat.EphemeralOwner
		n.stat.EphemeralOwner = 0
		return was != 0
	}),
	"an ephemeral is another's":   changed(func(_ *world, _ string, n *node) bool { n.stat.EphemeralOwner++; return true }),
	"a deleted node is back":      resurrect,
	"half of a multi":             halfMulti,
	"the last write is lost":      lostTail,
	"a gap among the unknown":     gap,
	"a write done twice":          twice,
	"two replies swapped":         swapped,
	"one zxid for two":            sameZxid,
	"the server is behind":        func(w *world, _ *rand.Rand) bool { w.round.after.zxid = 150; return true },
	"zxids begin anew":            func(w *world, _ *rand.Rand) bool { w.round.before.zxid = 200; return true },
	"a reply after a lost one":    func(w *world, rng *rand.Rand) bool { acked(w, rng, whichever).known = false; return true },
	"a session is lost":           sessions(true),
	"a closed session lives":      sessions(false),
	"a wrong error":               replied(func(o *op) bool { o.code = wire.BadVersion; return true }),
	"a wrong path":                replied(wrongPath),
	"a wrong stat":                replied(wrongStat),
	"wrong data read":             replied(wrongRead),
	"a shared node is lost":       sharedNode(func(w *world, path string, _ *node) { delete(w.round.after.nodes, path) }),
	"a shared node twice":         sharedNode(func(w *world, path string, n *node) { w.round.after.nodes[worldParent+"/s-9999999999"] = *n }),
	"a shared node from nowhere":  sharedNode(func(_ *world, _ string, n *node) { n.data = []byte("whose?") }),
	"shared nodes swapped":        swappedShared,
	"the shared count differs":    at(worldParent, func(n *node) { n.stat.Cversion++ }),
	"a contended set is lost":     at(contended, func(n *node) { n.stat.Version = 1 }),
	"contended data are older":    at(contended, func(n *node) { n.data = []byte("old") }),
	"contended sets too many":     at(contended, func(n *node) { n.stat.Version += 1000 }),
	"a node that all leave alone": at("/zookeeper", func(n *node) { n.stat.Version++ }),
	"a node from nowhere": func(w *world, _ *rand.Rand) bool {
		w.round.after.nodes["/nobody"] = node{}
		return true
	},
	"a node is older than it was": func(w *world, _ *rand.Rand) bool {
		n := w.round.after.nodes["/w0"]
		n.stat.Ctime--
		w.round.after.nodes["/w0"] = n
		return true
	},
}

// TestJudge_FindsEveryFalsification: whatever is false is complained about, wherever it is.
func TestJudge_FindsEveryFalsification(t *testing.T) {
	const want = 5
	for name, falsify := range falsifications {
		t.Run(name, func(t *testing.T) {
			tried := 0
			for seed := uint64(0); tried < want; seed++ {
				if seed > 400*want {
					t.Fatalf("only %d of %d rounds could be made false", tried, seed)
				}
				w := imagine(seed)
				if !falsify(w, rand.New(rand.NewPCG(seed, 8))) {
					continue
				}
				tried++
				if v := w.round.judge(); len(v.complaints) == 0 {
					t.Errorf("seed %d: not found", seed)
				}
			}
		})
	}
}

// changed changes one node of a worker's part.
func changed(change func(w *world, path string, n *node) bool) falsification {
	return func(w *world, rng *rand.Rand) bool {
		path := somewhere(w, rng)
		n := w.round.after.nodes[path]
		useful := change(w, path, &n)
		if _, still := w.round.after.nodes[path]; still {
			w.round.after.nodes[path] = n
		}
		return useful
	}
}

func at(path string, change func(n *node)) falsification {
	return func(w *world, _ *rand.Rand) bool {
		n := w.round.after.nodes[path]
		change(&n)
		w.round.after.nodes[path] = n
		return true
	}
}

// somewhere is a node of a worker's part, but not its root.
func somewhere(w *world, rng *rand.Rand) string {
	paths := slices.Sorted(maps.Keys(w.round.after.nodes))
	paths = slices.DeleteFunc(paths, func(p string) bool { return !strings.HasPrefix(p, "/w") || strings.Count(p, "/") < 2 })
	return paths[rng.IntN(len(paths))]
}

func sharedNode(change func(w *world, path string, n *node)) falsification {
	return func(w *world, rng *rand.Rand) bool {
		paths := slices.Sorted(maps.Keys(w.round.after.below(worldParent)))[1:] // the first is the parent
		if len(paths) == 0 {
			return false
		}
		path := paths[rng.IntN(len(paths))]
		n := w.round.after.nodes[path]
		change(w, path, &n)
		if _, still := w.round.after.nodes[path]; still {
			w.round.after.nodes[path] = n
		}
		return true
	}
}

func swappedShared(w *world, _ *rand.Rand) bool {
	first, second := worldParent+"/s-0000000000", worldParent+"/s-0000000001"
	nodes := w.round.after.nodes
	a, found := nodes[first]
	b, both := nodes[second]
	nodes[first], nodes[second] = b, a
	return found && both
}

func resurrect(w *world, rng *rand.Rand) bool {
	h := w.somebody(rng)
	for _, o := range h.ops {
		if d, ok := o.req.(*wire.Delete); ok && o.known && o.code == wire.OK {
			if _, there := w.round.after.nodes[d.Path]; !there {
				w.round.after.nodes[d.Path] = node{[]byte("undead"), wire.Stat{Czxid: o.zxid - 1, Mzxid: o.zxid - 1, Pzxid: o.zxid - 1}}
				return true
			}
		}
	}
	return false
}

// acked is an acknowledged write of somebody that fits.
func acked(w *world, rng *rand.Rand, fits func(*op) bool) *op {
	for range 10000 {
		h := w.somebody(rng)
		o := h.ops[rng.IntN(len(h.ops))]
		if o.known && o.req.Op().IsWrite() && fits(o) {
			return o
		}
	}
	return &op{}
}

func whichever(*op) bool { return true }

func replied(change func(*op) bool) falsification {
	return func(w *world, rng *rand.Rand) bool {
		for _, i := range rng.Perm(len(w.round.histories)) {
			for _, o := range w.round.histories[i].ops {
				if o.known && o.code == wire.OK && change(o) {
					return true
				}
			}
		}
		return false
	}
}

func wrongPath(o *op) bool {
	r, ok := o.body.(*wire.PathReply)
	if ok {
		o.body = &wire.PathReply{Path: r.Path + "0"}
	}
	return ok
}

func wrongStat(o *op) bool {
	r, ok := o.body.(*wire.StatReply)
	if !ok || o.req.(*wire.SetData).Path == contended {
		return false
	}
	stat := r.Stat
	stat.Version++
	o.body = &wire.StatReply{Stat: stat}
	return true
}

func wrongRead(o *op) bool {
	r, ok := o.body.(*wire.DataReply)
	if ok {
		o.body = &wire.DataReply{Data: []byte("stale"), Stat: r.Stat}
	}
	return ok
}

func swapped(w *world, rng *rand.Rand) bool {
	o := acked(w, rng, whichever)
	for _, h := range w.round.histories {
		for i, other := range h.ops {
			if other == o && i > 0 && h.ops[i-1].known && h.ops[i-1].req.Op().IsWrite() {
				o.zxid, h.ops[i-1].zxid = h.ops[i-1].zxid, o.zxid
				return true
			}
		}
	}
	return false
}

func sameZxid(w *world, rng *rand.Rand) bool {
	a, b := acked(w, rng, whichever), acked(w, rng, whichever)
	same := a == b
	a.zxid = b.zxid
	return !same
}

func sessions(resumable bool) falsification {
	return func(w *world, rng *rand.Rand) bool {
		h := w.somebody(rng)
		was := h.resumed
		h.resumed = !was
		return was == resumable && !w.explicable(h)
	}
}

// TestGuest_InspectFindsWhatCannotBe does the same for sessions that were left alone.
func TestGuest_InspectFindsWhatCannotBe(t *testing.T) {
	there := node{[]byte("/guests/a"), wire.Stat{Czxid: 7, EphemeralOwner: 3}}
	for name, c := range map[string]struct {
		long, gone bool
		change     func(n *node)
		absent, ok bool
	}{
		"as it was":          {long: true, ok: true},
		"short and there":    {ok: true},
		"short and gone":     {absent: true, ok: true},
		"long and gone":      {long: true, absent: true},
		"back again":         {gone: true},
		"of another session": {long: true, change: func(n *node) { n.stat.EphemeralOwner++ }},
		"made anew":          {long: true, change: func(n *node) { n.stat.Czxid++ }},
		"written to":         {long: true, change: func(n *node) { n.stat.Version++ }},
		"other data":         {long: true, change: func(n *node) { n.data = nil }},
	} {
		g := &guest{path: "/guests/a", czxid: 7, id: 3, long: c.long, gone: c.gone}
		o := &observation{nodes: map[string]node{}}
		if n := there; !c.absent {
			if c.change != nil {
				c.change(&n)
			}
			o.nodes[g.path] = n
		}
		if err := g.inspect(o); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
