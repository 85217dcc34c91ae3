package persistence

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/rand"
	"slices"

	"troupe/wire"
)

// program works at random on a log and a state, and remembers what it was
// promised.
type program struct {
	rnd   *rand.Rand
	log   *Log
	state *State
	// acked is what was acknowledged, wanted the same with the request under
	// way done too. What is found after a crash is one or the other.
	acked, wanted contents
}

// contents is what a log and a state hold. Its maps and slices are not changed
// once they are in it.
type contents struct {
	records           []Entry // from the first ever on
	low               wire.Zxid
	committed         wire.Zxid
	accepted, current wire.Epoch
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
		return 0
	}
	return c.records[len(c.records)-1].Zxid
}

// live opens what is there, checks it, and works until something fails.
func (p *program) live(o Options) error {
	for {
		err := p.open(o)
		for n := p.rnd.Intn(60); err == nil && n > 0; n-- {
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
	if p.log, r, err = OpenLog("log", o); err != nil {
		return err
	}
	if p.state, err = OpenState("state", o); err != nil {
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
	found := contents{low: p.log.bounds().low.zxid, committed: p.log.Committed()}
	found.accepted, found.current = p.log.Epochs()
	if err := p.checkRecords(&found); err != nil {
		return err
	}
	a, w := p.acked, p.wanted
	if found.committed < a.committed || found.committed > w.committed {
		return wrong("committed %s, not from %s to %s", found.committed, a.committed, w.committed)
	}
	if found.accepted != a.accepted && found.accepted != w.accepted ||
		found.current != a.current && found.current != w.current {
		return wrong("epochs %d, %d, not %d, %d", found.accepted, found.current, a.accepted, a.current)
	}
	if err := p.checkTree(&found.tree); err != nil {
		return err
	}
	if err := p.log.Continues(found.applied); err != nil {
		return err
	}
	p.acked, p.wanted = found, found
	return nil
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
		err = p.log.Trim(p.wanted.low + 1)
	case n < 88:
		after := p.between(p.acked.committed, p.acked.last())
		p.wanted.records = nil
		for _, r := range p.acked.records {
			if r.Zxid <= after {
				p.wanted.records = append(p.wanted.records, r)
			}
		}
		err = p.log.TruncateAfter(after)
	case n < 92:
		p.wanted.accepted += wire.Epoch(p.rnd.Intn(3))
		err = p.log.SetAcceptedEpoch(p.wanted.accepted)
	case n < 96:
		p.wanted.current = p.wanted.accepted
		err = p.log.SetCurrentEpoch(p.wanted.current)
	default:
		p.wanted.committed = p.between(p.acked.committed, p.acked.last())
		err = p.log.SetCommitted(p.wanted.committed)
	}
	if err == nil {
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

func (p *program) checkpoint() error {
	t := tree{
		applied:  p.between(p.acked.applied, p.acked.committed),
		digest:   p.rnd.Uint64(),
		nodes:    maps.Clone(p.acked.nodes),
		sessions: maps.Clone(p.acked.sessions),
	}
	c := &Checkpoint{Zxid: t.applied, Digest: t.digest}
	for range p.rnd.Intn(40) {
		path := fmt.Sprintf("/%d", p.rnd.Intn(100))
		delete(t.nodes, path)
		n := Node{Path: path}
		if p.rnd.Intn(3) > 0 {
			n.Value = make([]byte, p.rnd.Intn(400))
			p.rnd.Read(n.Value)
			t.nodes[path] = string(n.Value)
		}
		c.Nodes = append(c.Nodes, n)
	}
	for range p.rnd.Intn(3) {
		id := p.rnd.Int63n(5) - 2
		t.sessions[id] = fmt.Sprint(p.rnd.Int())
		c.Sessions = append(c.Sessions, SessionValue{id, []byte(t.sessions[id])})
	}
	p.wanted.tree = t
	return p.state.Commit(c)
}
