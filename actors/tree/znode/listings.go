package znode

const (
	longList = 1000 // children, from which on a list is kept
	maxLists = 16   // are kept
)

// listings are lists of the children of nodes with many, as they were asked for.
// All replies share them: a client that asks for a million names over and over costs
// neither the time nor the memory of as many lists. Whoever has a list keeps it as it
// was, since names are only ever added behind it.
type listings map[*node][]string

func (l *listings) of(n *node) []string {
	if names, ok := (*l)[n]; ok {
		return names[:len(names):len(names)]
	}
	names := make([]string, 0, len(n.children))
	for name := range n.children {
		names = append(names, name)
	}
	if len(names) >= longList {
		l.keep(n, names)
	}
	return names
}

// keep makes room by forgetting any other.
func (l *listings) keep(n *node, names []string) {
	if *l == nil {
		*l = make(listings, maxLists)
	}
	for other := range *l {
		if len(*l) < maxLists {
			break
		}
		delete(*l, other)
	}
	(*l)[n] = names
}

// added notes a child more.
func (l listings) added(parent *node, name string) {
	if names, ok := l[parent]; ok {
		l[parent] = append(names, name)
	}
}

// removed forgets the list of a node that has a child less.
func (l listings) removed(parent *node) { delete(l, parent) }
