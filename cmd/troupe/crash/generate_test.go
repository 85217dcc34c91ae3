package crash

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"troupe/wire"
)

const (
	mostNodes   = 60 // beyond which a worker rather deletes
	mostPadding = 200
)

// generator makes a worker's requests. It keeps a model of its own in which all
// of them are carried out, so that most succeed; which ones do is for the judge.
type generator struct {
	rng    *rand.Rand
	root   string // the worker's part of the tree
	parent string // of the shared sequential nodes
	guess  *state
	made   int // requests so far, to tell their data apart
}

// next is the next request of a session.
func (g *generator) next(session wire.SessionID) wire.Request {
	var req wire.Request
	switch n := g.rng.IntN(1000); {
	case n < 3:
		req = &wire.CloseSession{}
	case n < 80:
		req = &wire.GetData{Path: g.any()}
	case n < 130:
		req = &wire.GetChildren{Path: g.any(), WithStat: true}
	case n < 280:
		req = g.multi()
	default:
		req = g.write()
	}
	g.guess.apply(req, 0, session)
	return req
}

// write is a single write.
func (g *generator) write() wire.Request {
	n := g.rng.IntN(100)
	if len(g.guess.nodes) > mostNodes && n < 60 {
		return &wire.Delete{Path: g.victim(), Version: -1}
	}
	switch {
	case n < 25:
		path := g.any()
		return &wire.SetData{Path: path, Data: g.data(), Version: g.version(path)}
	case n < 45:
		return g.create(g.place(), g.data(), wire.ModePersistent)
	case n < 55:
		return g.create(g.place(), g.data(), wire.ModeEphemeral)
	case n < 65:
		return g.create(g.any()+"/s-", g.data(), wire.ModePersistentSequential)
	case n < 70:
		return g.create(g.any()+"/es-", g.data(), wire.ModeEphemeralSequential)
	case n < 90:
		path := g.victim()
		return &wire.Delete{Path: path, Version: g.version(path)}
	case n < 96:
		return g.create(g.parent+"/s-", []byte(g.token()), wire.ModePersistentSequential)
	}
	return &wire.SetData{Path: contended, Data: []byte(g.token()), Version: -1}
}

func (g *generator) multi() wire.Request {
	m := &wire.Multi{}
	for range 2 + g.rng.IntN(5) {
		if g.rng.IntN(5) == 0 {
			path := g.any()
			m.Ops = append(m.Ops, &wire.Check{Path: path, Version: g.version(path)})
			continue
		}
		m.Ops = append(m.Ops, g.write())
	}
	return m
}

func (g *generator) create(path string, data []byte, mode wire.CreateMode) wire.Request {
	kind := wire.OpCreate
	if g.rng.IntN(2) == 0 {
		kind = wire.OpCreate2
	}
	return &wire.Create{Kind: kind, Path: path, Data: data, ACL: wire.OpenACL, Mode: mode}
}

// any is a node that is probably there.
func (g *generator) any() string {
	paths := slices.Sorted(maps.Keys(g.guess.nodes)) // so that a seed repeats
	return paths[g.rng.IntN(len(paths))]
}

// victim is a node that may go, if it is there.
func (g *generator) victim() string {
	if path := g.any(); path != g.root {
		return path
	}
	return g.place()
}

// place is where a node may be or not.
func (g *generator) place() string {
	path := g.root
	for range 1 + g.rng.IntN(2) {
		path += fmt.Sprintf("/n%d", g.rng.IntN(5))
	}
	return path
}

// version is mostly one that fits.
func (g *generator) version(path string) int32 {
	switch n := g.rng.IntN(10); {
	case n < 6:
		return -1
	case n < 9:
		return g.guess.nodes[path].stat.Version
	}
	return g.guess.nodes[path].stat.Version + 1
}

// token is data that no other request carries.
func (g *generator) token() string {
	g.made++
	return fmt.Sprintf("%s#%d", g.root, g.made)
}

func (g *generator) data() []byte {
	switch g.rng.IntN(20) {
	case 0:
		return nil
	case 1:
		return []byte{}
	}
	return []byte(g.token() + strings.Repeat(".", g.rng.IntN(mostPadding)))
}
