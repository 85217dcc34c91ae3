package znode

const (
	longList = 1000 // children, from which on a list is kept
	maxLists = 16   // are kept
)

// listings are lists of the children of nodes with many, as they were asked for.
// All replies share them: a client that asks for a million names over and over costs
// neither the time nor the memory of as many lists. Whoever has a list keeps it as it
// was, since names are only ever added behind it.
type listings map[*node]*listing

type listing struct {
	names []string
	bytes int // of all names
}

// of lists a node's children, and counts the bytes of their names.
func (l *listings) of(n *node) ([]string, int) {
	if kept := (*l)[n]; kept != nil {
		return kept.names[:len(kept.names):len(kept.names)], kept.bytes
	}
	made := &listing{names: make([]string, 0, len(n.children))}
	for name := range n.children {
		made.add(name)
	}
	if len(made.names) >= longList {
		l.keep(n, made)
	}
	return made.names, made.bytes
}

func (g *listing) add(name string) { g.names, g.bytes = append(g.names, name), g.bytes+len(name) }

// keep makes room by forgetting any other.
func (l *listings) keep(n *node, made *listing) {
	if *l == nil {
		*l = make(listings, maxLists)
	}
	for other := range *l {
		if len(*l) < maxLists {
			break
		}
		delete(*l, other)
	}
	(*l)[n] = made
}

// added notes a child more.
func (l listings) added(parent *node, name string) {
	if kept := l[parent]; kept != nil {
		kept.add(name)
	}
}

// removed forgets the list of a node that has a child less.
func (l listings) removed(parent *node) { delete(l, parent) }
