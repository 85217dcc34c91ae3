package persistence

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/rand"
	"slices"

	"troupe/persistence/faulty"
	"troupe/wire"
)

// program works at random on a log and a state, and remembers what it was
// promised.
type program struct {
	rnd   *rand.Rand
	o     Options
	log   *Log
	state *State
	// switching is set while wanted is another pair; switched counts those that
	// came into use.
	switching bool
	switched  int
	segments  int // most in a log
	// acked is what was acknowledged, wanted the same with the request under
	// way done too. What is found after a crash is one or the other.
	acked, wanted contents
}

// contents is what a log and a state hold. Its maps and slices are not changed
// once they are in it.
type contents struct {
	records           []Entry // from the first of the pair on
	low               wire.Zxid
	committed         wire.Zxid
	accepted, current wire.Epoch
	ensemble          string
	vouch             vouch
	tree
}

type tree struct {
	applied  wire.Zxid
	digest   uint64
	nodes    map[string]string
	sessions map[int64]string
}

func newProgram(seed int64) *program { return &program{rnd: rand.New(rand.NewSource(seed))} }

func (c contents) last() wire.Zxid {
	if len(c.records) == 0 {
		return c.low
	}
	return c.records[len(c.records)-1].Zxid
}

// live opens what is there, checks it, and works until something fails.
func (p *program) live(o Options) error {
	for {
		err := p.open(o)
		for n := p.rnd.Intn(60); err == nil && n > 0 && !p.switching; n-- {
			err = p.act()
		}
		// Reopening is part of the work, too.
		if err = errors.Join(err, p.close()); err != nil {
			return err
		}
	}
}

func (p *program) open(o Options) (err error) {
	var r Recovery
	p.o = o
	if p.state, p.log, r, err = Open("data", "logs", o); err != nil {
		return err
	}
	if r.Tail == TailSuspect {
		return wrong("a tail that a crash cut is taken for a failing disk's")
	}
	return p.check()
}

func (p *program) close() (err error) {
	if p.log != nil {
		err = p.log.Close()
	}
	if p.state != nil {
		err = errors.Join(err, p.state.Close())
	}
	p.log, p.state = nil, nil
	return err
}

var errWrong = errors.New("wrong")

func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errWrong, fmt.Sprintf(format, args...))
}

// check compares what is there with what was promised, and goes on from it.
func (p *program) check() error {
	found := contents{low: p.log.Low(), committed: p.log.Committed(), ensemble: p.log.EnsembleID(), vouch: p.log.vouch}
	found.accepted, found.current = p.log.Epochs()
	if p.switching { // one or the other, and nothing of both
		if found.low == p.wanted.low {
			p.acked = p.wanted
			p.switched++
		} else {
			p.wanted = p.acked
		}
		p.switching = false
	}
	if err := p.checkRecords(&found); err != nil {
		return err
	}
	if err := p.checkMeta(&found); err != nil {
		return err
	}
	if err := p.checkTree(&found.tree); err != nil {
		return err
	}
	if err := p.log.Continues(found.applied); err != nil {
		return err
	}
	p.acked, p.wanted = found, found
	p.segments = max(p.segments, len(p.log.segments.list))
	return p.checkCursor()
}

func (p *program) checkMeta(found *contents) error {
	a, w := p.acked, p.wanted
	if found.committed < a.committed || found.committed > w.committed {
		return wrong("committed %s, not from %s to %s", found.committed, a.committed, w.committed)
	}
	for _, c := range []contents{a, w} {
		if found.accepted == c.accepted && found.current == c.current && found.ensemble == c.ensemble && found.vouch == c.vouch {
			return nil
		}
	}
	return wrong("epochs %d, %d, ensemble %q, vouches %d, not %d, %d, %q, %d", found.accepted, found.current, found.ensemble,
		found.vouch, a.accepted, a.current, a.ensemble, a.vouch)
}

// checkCursor reads bit by bit what Scan has read at once.
func (p *program) checkCursor() error {
	want := p.acked.records
	for len(want) > 0 && want[0].Zxid <= p.acked.low {
		want = want[1:]
	}
	ends := epochEnds(want)
	if got, err := p.log.EpochEnds(p.acked.low); errors.Is(err, faulty.ErrCrashed) {
		return err
	} else if err != nil || !slices.Equal(got, ends[:min(len(ends), maxEpochEnds)]) {
		return wrong("epochs end at %v, not at %v: %v", got, ends, err)
	}
	for len(want) > 0 {
		es, err := p.log.Read(want[0].Zxid, p.rnd.Intn(10000))
		if errors.Is(err, faulty.ErrCrashed) {
			return err // a segment may have to be opened for it
		}
		if err != nil || len(es) == 0 || len(es) > len(want) || !sameEntries(es, want[:len(es)]) {
			return wrong("%d records read from %s: %v", len(es), want[0].Zxid, err)
		}
		want = want[len(es):]
	}
	return nil
}

// epochEnds is what EpochEnds finds.
func epochEnds(es []Entry) (ends []wire.Zxid) {
	for i := len(es) - 1; i >= 0; i-- {
		if i == len(es)-1 || es[i].Zxid.Epoch() != es[i+1].Zxid.Epoch() {
			ends = append(ends, es[i].Zxid)
		}
	}
	return ends
}

func (p *program) checkRecords(found *contents) error {
	var got []Entry
	if err := p.log.Scan(0, func(e Entry) error { got = append(got, e); return nil }); err != nil {
		return err
	}
	if found.low < p.acked.low || found.low > p.wanted.low {
		return wrong("trimmed to %s, not from %s to %s", found.low, p.acked.low, p.wanted.low)
	}
	for _, c := range []contents{p.acked, p.wanted} {
		from := 0
		for from < len(c.records) && c.records[from].Zxid <= found.low {
			from++
		}
		if sameEntries(got, c.records[from:]) {
			found.records = c.records
			return nil
		}
	}
	// A truncation may have removed some of its segments.
	a, w := p.acked.records, p.wanted.records
	if len(w) < len(a) && sameEntries(a[:len(w)], w) {
		for from := range a {
			if n := from + len(got); a[from].Zxid > found.low && n >= len(w) && n <= len(a) && sameEntries(got, a[from:n]) {
				found.records = a[:n:n]
				return nil
			} else if a[from].Zxid > found.low {
				break
			}
		}
	}
	return wrong("%d records behind %s to %s, not those to %s", len(got), found.low, p.log.Last(), p.acked.last())
}

func (p *program) checkTree(found *tree) error {
	found.applied, found.digest = p.state.Applied()
	found.nodes, found.sessions = make(map[string]string), make(map[int64]string)
	err := p.state.Load(
		func(path string, value []byte) error { found.nodes[path] = string(value); return nil },
		func(id int64, value []byte) error { found.sessions[id] = string(value); return nil })
	if err != nil {
		return err
	}
	for _, t := range []tree{p.acked.tree, p.wanted.tree} {
		if found.applied == t.applied && found.digest == t.digest &&
			maps.Equal(found.nodes, t.nodes) && maps.Equal(found.sessions, t.sessions) {
			return nil
		}
	}
	return wrong("state of %d nodes at %s, not that at %s", len(found.nodes), found.applied, p.acked.applied)
}

// act makes one request.
func (p *program) act() (err error) {
	switch n := p.rnd.Intn(100); {
	case n < 65:
		err = p.append()
	case n < 75:
		err = p.checkpoint()
	case n < 83:
		p.wanted.low = p.between(p.acked.low, p.acked.applied)
		p.wanted.committed = max(p.acked.committed, p.wanted.low)
		// Up to a whole segment may stay.
		if err = p.log.Trim(p.wanted.low + 1); err == nil {
			p.wanted.low = min(p.wanted.low, p.log.Low())
			p.wanted.committed = p.log.Committed()
		}
	case n < 88:
		after := p.between(p.acked.committed, p.acked.last())
		p.wanted.records = nil
		for _, r := range p.acked.records {
			if r.Zxid <= after {
				p.wanted.records = append(p.wanted.records, r)
			}
		}
		err = p.log.TruncateAfter(after)
	case n < 91:
		p.wanted.accepted += wire.Epoch(p.rnd.Intn(3))
		if p.acked.vouch == vouchUnsaid && p.acked.last() == 0 {
			p.wanted.vouch = vouchNot
		}
		err = p.log.SetAcceptedEpoch(p.wanted.accepted)
	case n < 93:
		p.wanted.current = p.wanted.accepted
		err = p.log.SetCurrentEpoch(p.wanted.current)
	case n < 95:
		p.wanted.current, p.wanted.ensemble, p.wanted.vouch = p.wanted.accepted, fmt.Sprint("e", p.rnd.Intn(9)), vouchAll
		err = p.log.Enter(p.wanted.current, p.wanted.ensemble)
	case n < 97:
		err = p.receive()
	default:
		p.wanted.committed = p.between(p.acked.committed, p.acked.last())
		err = p.log.SetCommitted(p.wanted.committed)
	}
	if err == nil && !p.switching {
		p.acked = p.wanted
	}
	return err
}

// between picks a, b or the zxid of a record between them, with a liking for b.
func (p *program) between(a, b wire.Zxid) wire.Zxid {
	records := p.acked.records
	from, found := slices.BinarySearchFunc(records, a, func(e Entry, z wire.Zxid) int { return cmp.Compare(e.Zxid, z) })
	to, _ := slices.BinarySearchFunc(records, b, func(e Entry, z wire.Zxid) int { return cmp.Compare(e.Zxid, z) })
	if !found || from >= to || p.rnd.Intn(3) == 0 {
		return max(a, b)
	}
	return records[from+p.rnd.Intn(to-from)].Zxid
}

func (p *program) append() error {
	z := p.acked.last() + 1
	if p.rnd.Intn(20) == 0 {
		z = wire.MakeZxid(z.Epoch()+1, 1)
	}
	size := 300
	if p.rnd.Intn(10) == 0 {
		size = 5000
	}
	es := entries(p.rnd, z, 1+p.rnd.Intn(20), p.rnd.Intn(size))
	committed := p.between(p.acked.committed, p.acked.last())
	p.wanted.records = append(p.acked.records[:len(p.acked.records):len(p.acked.records)], es...)
	p.wanted.committed = committed
	return p.log.Append(es, committed)
}

// receive takes another's state, or breaks off.
func (p *program) receive() error {
	other := &program{rnd: p.rnd}
	other.acked.tree = tree{nodes: make(map[string]string), sessions: make(map[int64]string)}
	other.acked.committed = wire.MakeZxid(p.acked.last().Epoch()+1, uint32(p.rnd.Intn(5)))
	from, err := OpenState("from", Options{Open: faulty.New(1, nil).Open})
	if err != nil {
		return err
	}
	other.state = from
	defer from.Close()
	if err := other.checkpoint(); err != nil {
		return err
	}
	e, err := from.Export()
	if err != nil {
		return err
	}
	defer e.Close()
	in, err := Receive("data", "logs", p.o, e.Zxid(), e.Digest())
	if err != nil {
		return err
	}
	for done := false; !done; {
		var chunk []byte
		if chunk, done, err = e.Next(p.rnd.Intn(8000)); err != nil {
			return wrong("%v", err)
		}
		if err := in.Put(chunk); err != nil {
			return errors.Join(err, in.Abort())
		}
	}
	if p.rnd.Intn(3) == 0 {
		return in.Abort()
	}
	p.wanted = contents{low: e.Zxid(), committed: e.Zxid(), accepted: p.acked.accepted + 1, current: p.acked.accepted,
		ensemble: "received", vouch: vouchNot + vouch(p.rnd.Intn(2)), tree: other.wanted.tree}
	p.switching = true
	w := p.wanted
	if err := in.Finish(w.accepted, w.current, w.ensemble, w.vouch == vouchAll); err != nil {
		return errors.Join(err, in.Abort())
	}
	p.acked = p.wanted
	return nil
}

func (p *program) checkpoint() error {
	t := tree{
		applied:  p.between(p.acked.applied, p.acked.committed),
		digest:   p.rnd.Uint64(),
		nodes:    maps.Clone(p.acked.nodes),
		sessions: maps.Clone(p.acked.sessions),
	}
	c := &Checkpoint{Zxid: t.applied, Digest: t.digest}
	var list []Node
	for range p.rnd.Intn(40) {
		path := fmt.Sprintf("/%d", p.rnd.Intn(100))
		delete(t.nodes, path)
		n := Node{Path: path}
		if p.rnd.Intn(3) > 0 {
			n.Value = make([]byte, p.rnd.Intn(400))
			p.rnd.Read(n.Value)
			t.nodes[path] = string(n.Value)
		}
		list = append(list, n)
	}
	c.Nodes = znodes(list...)
	for range p.rnd.Intn(3) {
		id := p.rnd.Int63n(5) - 2
		t.sessions[id] = fmt.Sprint(p.rnd.Int())
		c.Sessions = append(c.Sessions, SessionValue{id, []byte(t.sessions[id])})
	}
	p.wanted.tree = t
	return p.state.Commit(c)
}
