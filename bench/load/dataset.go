package load

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"

	"troupe/bench/load/ceiling"
	"troupe/wire"
)

// script yields a session's requests one after the other; nil is the end.
type script func() wire.Request

const (
	multiSets = 4
	noiseSize = 256 << 10 // values are cut from this much noise, so that no compression helps
)

// dataset is the znodes that one target is measured with, all below one root
// that no other run uses.
type dataset struct {
	root    string
	paths   []string // of the keys
	keys    *choice
	gets    []wire.Request // one per key; requests are immutable, so all sessions share them
	exists  []wire.Request // one per key
	noise   []byte
	value   int   // bytes of data per znode
	created []int // by session, how many znodes are below its own parent
}

func newDataset(keys *choice, value, sessions int) *dataset {
	rng := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	d := &dataset{root: fmt.Sprintf("/bench-%08x", rng.Uint32()), value: value, created: make([]int, sessions), keys: keys}
	for i := range keys.keys {
		p := fmt.Sprintf("%s/k%05d", d.root, i)
		d.paths = append(d.paths, p)
		d.gets = append(d.gets, &wire.GetData{Path: p})
		d.exists = append(d.exists, &wire.Exists{Path: p})
	}
	d.noise = make([]byte, noiseSize+value)
	for i := range d.noise {
		d.noise[i] = byte(rng.Uint32())
	}
	return d
}

// data is a fresh value.
func (d *dataset) data(rng *rand.Rand) []byte {
	at := rng.IntN(noiseSize)
	return d.noise[at : at+d.value]
}

// script makes the requests of one session.
func (d *dataset) script(w Workload, session int) script {
	rng := rand.New(rand.NewPCG(uint64(session), 0))
	get := func() wire.Request { return d.gets[d.keys.draw(rng)] }
	set := func() wire.Request {
		return &wire.SetData{Path: d.paths[d.keys.draw(rng)], Data: d.data(rng), Version: -1}
	}
	if percent, mixed := w.Reads(); mixed {
		return func() wire.Request {
			if rng.IntN(100) < percent {
				return get()
			}
			return set()
		}
	}
	switch w {
	case Get:
		return get
	case Set:
		return set
	case Exists:
		return func() wire.Request { return d.exists[d.keys.draw(rng)] }
	case GetChildren:
		list := &wire.GetChildren{Path: d.family(), WithStat: true}
		return func() wire.Request { return list }
	case Multi:
		return func() wire.Request {
			ops := make([]wire.Request, multiSets)
			for i := range ops {
				ops[i] = set()
			}
			return &wire.Multi{Ops: ops}
		}
	case Create:
		return func() wire.Request {
			d.created[session]++
			return create(d.child(session), d.data(rng))
		}
	case Delete:
		return d.undo(session)
	}
	panic("no script for workload " + string(w))
}

// family is the znode whose children are listed.
func (d *dataset) family() string { return d.root + "/family" }

// parent is the znode below which a session creates.
func (d *dataset) parent(session int) string { return d.root + "/c" + strconv.Itoa(session) }

// child is the last znode that a session has created.
func (d *dataset) child(session int) string {
	return d.parent(session) + "/" + strconv.Itoa(d.created[session])
}

// spread creates the part of the znodes from one number up to another that falls
// to one of so many sessions, evenly below all parents.
func (d *dataset) spread(session, sessions, from, to int) script {
	rng := rand.New(rand.NewPCG(uint64(session), 1))
	next := from + session
	return func() wire.Request {
		if next >= to {
			return nil
		}
		path := d.spreadPath(next)
		next += sessions
		return create(path, d.data(rng))
	}
}

func (d *dataset) spreadPath(i int) string {
	return d.parent(i%len(d.created)) + "/" + strconv.Itoa(i)
}

// meanPath is the mean length of the paths that spread creates, in bytes.
func (d *dataset) meanPath(n int) float64 {
	total := 0
	for i := range n {
		total += len(d.spreadPath(i))
	}
	return float64(total) / float64(n)
}

// undo deletes what a session has created.
func (d *dataset) undo(session int) script {
	return func() wire.Request {
		if d.created[session] == 0 {
			return nil
		}
		path := d.child(session)
		d.created[session]--
		return &wire.Delete{Path: path, Version: -1}
	}
}

// setUp creates the root, the parents, the keys and the family, parents first.
func (d *dataset) setUp() script {
	rng := rand.New(rand.NewPCG(0, 1))
	var reqs []wire.Request
	for _, p := range d.inner() {
		reqs = append(reqs, create(p, nil))
	}
	for _, p := range d.leaves() {
		reqs = append(reqs, create(p, d.data(rng)))
	}
	return list(reqs)
}

// tearDown deletes what setUp has created, children first.
func (d *dataset) tearDown() script {
	all := append(d.inner(), d.leaves()...)
	slices.Reverse(all)
	var reqs []wire.Request
	for _, p := range all {
		reqs = append(reqs, &wire.Delete{Path: p, Version: -1})
	}
	return list(reqs)
}

// inner is the znodes with children, parents first.
func (d *dataset) inner() []string {
	paths := []string{d.root, d.family()}
	for session := range d.created {
		paths = append(paths, d.parent(session))
	}
	return paths
}

func (d *dataset) leaves() []string {
	paths := slices.Clone(d.paths)
	for i := range ceiling.Children {
		paths = append(paths, d.family()+"/"+ceiling.Child(i))
	}
	return paths
}

func create(path string, data []byte) wire.Request {
	return &wire.Create{Kind: wire.OpCreate, Path: path, Data: data, ACL: wire.OpenACL}
}

// list is a script of given requests.
func list(reqs []wire.Request) script {
	next := 0
	return func() wire.Request {
		if next == len(reqs) {
			return nil
		}
		next++
		return reqs[next-1]
	}
}
