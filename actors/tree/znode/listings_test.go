package znode

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"troupe/wire"
)

// TestChildren_OfMany: a long list is made once, stays what it was for whoever has it,
// and the next is right whatever has changed.
func TestChildren_OfMany(t *testing.T) {
	tree := New()
	tree.insert("/many", &wire.Znode{ACL: tree.root.z.ACL})
	var names []string
	add := func(n int) {
		for range n {
			name := fmt.Sprint("n", len(names))
			names = append(names, name)
			tree.insert("/many/"+name, &wire.Znode{ACL: tree.root.z.ACL})
		}
	}
	list := func() []string {
		got, bytes := tree.Children("/many")
		if !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(names))) || bytes != len(strings.Join(names, "")) {
			t.Fatalf("%d names instead of %d, of %d bytes", len(got), len(names), bytes)
		}
		return got
	}
	for _, n := range []int{0, 1, longList, 1, 500} {
		add(n)
		first := list()
		was := slices.Clone(first)
		if second := list(); len(names) >= longList && &first[0] != &second[0] {
			t.Error("the same list is made twice")
		}
		add(3)
		list()
		if !slices.Equal(first, was) {
			t.Error("a list changes under its reader")
		}
	}
	for range 3 {
		tree.remove("/many/" + names[0])
		names = names[1:]
		list()
	}
	for i := range 2 * maxLists {
		parent := fmt.Sprint("/p", i)
		tree.insert(parent, &wire.Znode{ACL: tree.root.z.ACL})
		for k := range longList {
			tree.insert(fmt.Sprint(parent, "/", k), &wire.Znode{ACL: tree.root.z.ACL})
		}
		if got, _ := tree.Children(parent); len(got) != longList || len(tree.lists) > maxLists {
			t.Fatalf("%d names, and %d lists are kept", len(got), len(tree.lists))
		}
	}
}
