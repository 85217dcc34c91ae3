package watch

import (
	"fmt"
	"maps"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"troupe/wire"
)

// model is the rules as they were seen on ZooKeeper 3.8, done naively: two
// tables of (path, watcher) to mode, each watched path looked at for each event.
type model struct{ data, child map[key]Kind }

type key struct {
	path string
	w    Watcher
}

func newModel() *model { return &model{map[key]Kind{}, map[key]Kind{}} }

func (m *model) add(w Watcher, path string, k Kind) {
	switch k {
	case Data:
		m.data[key{path, w}] = k
	case Child:
		m.child[key{path, w}] = k
	default:
		m.data[key{path, w}], m.child[key{path, w}] = k, k
	}
}

// below tells whether an ancestor of path is watched recursively by the entry.
func below(path, ancestor string) bool {
	return ancestor == "/" && strings.HasPrefix(path, "/") && path != "/" || ancestor != "" && strings.HasPrefix(path, ancestor+"/")
}

func fire(table map[key]Kind, e wire.EventType, path string) map[Watcher]bool {
	told := map[Watcher]bool{}
	for k, mode := range maps.Clone(table) {
		switch {
		case mode == Recursive && e == wire.EventNodeChildrenChanged:
		case k.path == path:
			if told[k.w] = true; mode == Data || mode == Child {
				delete(table, k)
			}
		case mode == Recursive && below(path, k.path):
			told[k.w] = true
		}
	}
	return told
}

func (m *model) fire(e wire.EventType, path string) []Watcher {
	told := map[Watcher]bool{}
	if e != wire.EventNodeChildrenChanged {
		maps.Copy(told, fire(m.data, e, path))
	}
	if e == wire.EventNodeChildrenChanged || e == wire.EventNodeDeleted {
		maps.Copy(told, fire(m.child, e, path))
	}
	return slices.Sorted(maps.Keys(told))
}

func (m *model) has(w Watcher, path string, wt wire.WatcherType) bool {
	_, d := m.data[key{path, w}]
	_, c := m.child[key{path, w}]
	return wt != wire.WatcherChildren && d || wt != wire.WatcherData && c
}

func (m *model) remove(w Watcher, path string, wt wire.WatcherType) bool {
	had := m.has(w, path, wt)
	if wt != wire.WatcherChildren {
		delete(m.data, key{path, w})
	}
	if wt != wire.WatcherData {
		delete(m.child, key{path, w})
	}
	return had
}

func (m *model) drop(w Watcher) {
	mine := func(k key, _ Kind) bool { return k.w == w }
	maps.DeleteFunc(m.data, mine)
	maps.DeleteFunc(m.child, mine)
}

func (m *model) counts() (watchers, paths, watches int) {
	ws, ps := map[Watcher]bool{}, map[string]bool{}
	for k := range m.data {
		ws[k.w], ps[k.path] = true, true
	}
	return len(ws), len(ps), len(m.data)
}

var (
	paths  = []string{"/", "/a", "/a/b", "/a/b/c", "/ab", "/ab/c", "", "x", "/b"}
	events = []wire.EventType{wire.EventNodeCreated, wire.EventNodeDeleted, wire.EventNodeDataChanged, wire.EventNodeChildrenChanged}
	types  = []wire.WatcherType{wire.WatcherChildren, wire.WatcherData, wire.WatcherAny}
	kinds  = []Kind{Data, Child, Persistent, Recursive}
)

// step does one thing at random on both and says what it was, and how they
// differ.
func step(rnd *rand.Rand, t *Table, m *model) (what, difference string) {
	w, path := Watcher(1+rnd.Intn(4)), paths[rnd.Intn(len(paths))]
	switch n := rnd.Intn(20); {
	case n < 8:
		k := kinds[rnd.Intn(len(kinds))]
		t.Add(w, path, k)
		m.add(w, path, k)
		what = fmt.Sprintf("%d adds %d on %q", w, k, path)
	case n < 15:
		e := events[rnd.Intn(len(events))]
		got := t.Fire(e, path, []Watcher{99, 1, 2})
		slices.Sort(got[3:])
		want := m.fire(e, path)
		if what = fmt.Sprintf("event %d on %q", e, path); !slices.Equal(got[:3], []Watcher{99, 1, 2}) || !slices.Equal(got[3:], want) {
			difference = fmt.Sprintf("tells %v, the model %v", got, want)
		}
	case n < 18:
		wt := types[rnd.Intn(len(types))]
		what = fmt.Sprintf("%d removes %d from %q", w, wt, path)
		if got, want := t.Remove(w, path, wt), m.remove(w, path, wt); got != want {
			difference = fmt.Sprintf("says %v, the model %v", got, want)
		}
	case n < 19:
		t.Drop(w)
		m.drop(w)
		what = fmt.Sprintf("%d is gone", w)
	}
	return what, difference
}

func compare(t *Table, m *model) string {
	w, p, n := t.Counts()
	if w2, p2, n2 := m.counts(); w != w2 || p != p2 || n != n2 {
		return fmt.Sprintf("%d watchers, %d paths, %d watches; the model has %d, %d, %d", w, p, n, w2, p2, n2)
	}
	each := map[key]Kind{}
	t.Each(func(w Watcher, path string) { each[key{path, w}]++ })
	for k := range m.data {
		each[k]--
	}
	for k, n := range each {
		if n != 0 {
			return fmt.Sprintf("%v is listed %d times too often", k, int8(n))
		}
	}
	for _, path := range paths {
		for w := Watcher(1); w <= 4; w++ {
			for _, wt := range types {
				if t.Has(w, path, wt) != m.has(w, path, wt) {
					return fmt.Sprintf("%d watches %q in type %d: %v", w, path, wt, t.Has(w, path, wt))
				}
			}
		}
	}
	return ""
}

func TestTable_AgainstTheModel(t *testing.T) {
	for seed := range 200 {
		rnd := rand.New(rand.NewSource(int64(seed)))
		table, m := NewTable(), newModel()
		var trace []string
		for range 150 {
			what, difference := step(rnd, table, m)
			trace = append(trace, what)
			if difference == "" {
				difference = compare(table, m)
			}
			if difference != "" {
				t.Fatalf("seed %d: %s, after\n%s", seed, difference, strings.Join(trace, "\n"))
			}
		}
		for w := Watcher(1); w <= 4; w++ {
			table.Drop(w)
		}
		checkEmpty(t, table)
	}
}

// checkEmpty: nothing is kept of what is gone.
func checkEmpty(t *testing.T, table *Table) {
	t.Helper()
	for name, x := range map[string]*index{"data": &table.data, "child": &table.child} {
		if len(x.byPath) != 0 || len(x.byWatcher) != 0 || x.recursive != 0 || x.total != 0 {
			t.Errorf("the %s index keeps %+v", name, x)
		}
	}
}

func TestTable_TheLastModeCounts(t *testing.T) {
	table := NewTable()
	table.Add(1, "/a", Persistent)
	table.Add(1, "/a", Data) // as getData with a watch does
	tell := func(e wire.EventType) int { return len(table.Fire(e, "/a", nil)) }
	if n, m := tell(wire.EventNodeDataChanged), tell(wire.EventNodeDataChanged); n != 1 || m != 0 {
		t.Errorf("the data half tells %d, then %d", n, m)
	}
	if n, m := tell(wire.EventNodeChildrenChanged), tell(wire.EventNodeChildrenChanged); n != 1 || m != 1 {
		t.Errorf("the child half tells %d, then %d", n, m)
	}
	table.Add(1, "/a", Recursive)
	if n, m := tell(wire.EventNodeDataChanged), tell(wire.EventNodeChildrenChanged); n != 1 || m != 0 {
		t.Errorf("a recursive one tells %d of data and %d of children", n, m)
	}
}

func TestTable_OneOfManyIsToldOnce(t *testing.T) {
	table := NewTable()
	for _, p := range []string{"/", "/a", "/a/b"} {
		table.Add(7, p, Recursive)
	}
	if got := table.Fire(wire.EventNodeDeleted, "/a/b", nil); !slices.Equal(got, []Watcher{7}) {
		t.Errorf("told %v", got)
	}
	table.Add(7, "/a/b", Data)
	table.Add(7, "/a/b", Child)
	if got := table.Fire(wire.EventNodeDeleted, "/a/b", nil); !slices.Equal(got, []Watcher{7}) {
		t.Errorf("told %v", got)
	}
	table.Drop(7)
	checkEmpty(t, table)
}

// TestTable_ManyWatchers: an event for very many is told in a time that they do
// not notice each of.
func TestTable_ManyWatchers(t *testing.T) {
	const n = 100_000
	table := NewTable()
	for w := range Watcher(n) {
		table.Add(w, "/", Recursive)
		table.Add(w, "/a", Recursive)
		table.Add(w, "/a/b", Child)
	}
	begin := time.Now()
	if got := table.Fire(wire.EventNodeDeleted, "/a/b", nil); len(got) != n {
		t.Errorf("%d of %d are told", len(got), n)
	}
	if d := time.Since(begin); d > 3*time.Second {
		t.Errorf("took %v", d)
	}
}
