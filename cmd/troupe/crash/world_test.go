package crash

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"troupe/wire"
)

// world plays the server's part, to have histories whose truth is known.
type world struct {
	rng    *rand.Rand
	zxid   wire.Zxid
	shared map[string]node
	round  *round
	truth  []*state // by worker
}

const worldParent = sharedRoot + "/0"

// imagine makes up a round: every worker has most of its requests acknowledged, and then some of
// which it does not know, the first few of them carried out.
func imagine(seed uint64) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 7)), zxid: 100, shared: map[string]node{}}
	for _, path := range []string{"/", sharedRoot, guestRoot, worldParent, contended, "/zookeeper"} {
		w.shared[path] = node{nil, wire.Stat{Czxid: 1, Mzxid: 1, Pzxid: 1}}
	}
	w.round = &round{parent: worldParent}
	var gens []*generator
	for i := range 3 {
		root := fmt.Sprintf("/w%d", i)
		base := &state{nodes: map[string]node{root: {nil, wire.Stat{Czxid: 2, Mzxid: 2, Pzxid: 2}}}}
		w.truth = append(w.truth, base.clone())
		w.round.histories = append(w.round.histories, &history{root: root, base: base, session: wire.SessionID(10 * (i + 1))})
		gens = append(gens, &generator{rng: w.rng, root: root, parent: worldParent, guess: base.clone()})
	}
	w.round.before = w.observation()
	for range 250 {
		i := w.rng.IntN(len(gens))
		w.step(i, gens[i], true, true)
	}
	left := []int{w.rng.IntN(10), w.rng.IntN(10), w.rng.IntN(10)} // to be carried out in silence
	for range 90 {
		i := w.rng.IntN(len(gens))
		w.step(i, gens[i], left[i] > 0, false)
		left[i]--
	}
	for i, h := range w.round.histories {
		h.resumed = w.truth[i].closed != h.session
	}
	w.round.after = w.observation()
	return w
}

// step is one request of one worker.
func (w *world) step(i int, g *generator, carriedOut, answered bool) {
	h := w.round.histories[i]
	if n := len(h.ops); !answered && n > 0 && !h.ops[n-1].known && h.ops[n-1].req.Op() == wire.OpCloseSession {
		return // it waits for the answer
	}
	o := &op{session: h.session, req: g.next(h.session), known: answered}
	h.ops = append(h.ops, o)
	if !carriedOut {
		return
	}
	body, code := w.execute(w.truth[i], o)
	if !answered {
		return
	}
	o.zxid, o.code = w.zxid, code
	if code == wire.OK {
		o.body = body
	}
	if o.req.Op() == wire.OpCloseSession {
		h.session++
	}
}

func (w *world) execute(s *state, o *op) (wire.Body, wire.ErrorCode) {
	if o.req.Op().IsWrite() {
		w.zxid++
	}
	body, code := s.apply(o.req, w.zxid, o.session)
	if succeeded(body, code) {
		body = w.share(o.req, body)
	}
	return body, code
}

// share does what a request does to the shared part, and fills in the reply.
func (w *world) share(req wire.Request, body wire.Body) wire.Body {
	switch r := req.(type) {
	case *wire.Multi:
		reply := body.(*wire.MultiReply)
		for i, inner := range r.Ops {
			reply.Results[i] = inMulti(inner.Op(), w.share(inner, reply.Results[i].Body))
		}
	case *wire.Create:
		if isShared(r.Path) {
			parent := w.shared[worldParent]
			path := fmt.Sprintf("%s%010d", r.Path, parent.stat.NumChildren)
			n := node{r.Data, wire.Stat{Czxid: w.zxid, Mzxid: w.zxid, Pzxid: w.zxid, DataLength: int32(len(r.Data))}}
			parent.stat.NumChildren++
			parent.stat.Cversion++
			parent.stat.Pzxid = w.zxid
			w.shared[worldParent], w.shared[path] = parent, n
			if r.Kind == wire.OpCreate2 {
				return &wire.PathStatReply{Path: path, Stat: n.stat}
			}
			return &wire.PathReply{Path: path}
		}
	case *wire.SetData:
		if isShared(r.Path) {
			n := w.shared[contended]
			n.data, n.stat.Mzxid = r.Data, w.zxid
			n.stat.Version++
			w.shared[contended] = n
			return &wire.StatReply{Stat: n.stat}
		}
	}
	return body
}

// observation is the world as a reader sees it.
func (w *world) observation() *observation {
	o := &observation{zxid: w.zxid, nodes: maps.Clone(w.shared)}
	for _, s := range w.truth {
		maps.Copy(o.nodes, s.nodes)
	}
	for path, n := range o.nodes {
		n.stat.Ctime, n.stat.Mtime = int64(n.stat.Czxid)+1e12, int64(n.stat.Mzxid)+1e12
		o.nodes[path] = n
	}
	return o
}

// TestJudge_AcceptsWhatIsTrue: nothing to complain about, and the states it has settled on are the
// true ones.
func TestJudge_AcceptsWhatIsTrue(t *testing.T) {
	carriedOut := 0
	for seed := range uint64(60) {
		w := imagine(seed)
		v := w.round.judge()
		if len(v.complaints) > 0 {
			t.Fatalf("seed %d: %s", seed, strings.Join(v.complaints, "\n"))
		}
		for i, s := range v.states {
			if !reflect.DeepEqual(s.nodes, w.truth[i].nodes) {
				t.Fatalf("seed %d: worker %d: %+v, in truth %+v", seed, i, s.nodes, w.truth[i].nodes)
			}
		}
		carriedOut += v.carriedOut
	}
	if carriedOut < 200 {
		t.Errorf("only %d unknown requests were found to have been carried out", carriedOut)
	}
}
