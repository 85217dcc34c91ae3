package actors

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"troupe/actors/supervise"
)

// pkg is a package of this module, as go list tells.
type pkg struct {
	ImportPath string
	Dir        string
	Standard   bool
	GoFiles    []string
	Imports    []string
	Deps       []string
	Module     *struct{ Path string }
}

// top is the first folder of a package of ours, "" for others.
func (p *pkg) top() string {
	path, ours := strings.CutPrefix(p.ImportPath, "troupe/")
	if !ours {
		return ""
	}
	folder, _, _ := strings.Cut(path, "/")
	return folder
}

// module lists everything that this module's packages are made of.
func module(t *testing.T) map[string]*pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Dir,Standard,GoFiles,Imports,Deps,Module", "./...")
	cmd.Dir = ".."
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v: %s", err, stderr.String())
	}
	all := make(map[string]*pkg)
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = &p
	}
	return all
}

// ours calls f for the packages of this module, in order.
func ours(all map[string]*pkg, f func(*pkg)) {
	for _, path := range slices.Sorted(maps.Keys(all)) {
		if all[path].Module != nil && all[path].Module.Path == "troupe" {
			f(all[path])
		}
	}
}

// TestArch_ImportsRunOneWay: wire <- persistence, wire <- cluster,
// {persistence, cluster} <- actors <- {cmd, bench}.
func TestArch_ImportsRunOneWay(t *testing.T) {
	below := map[string][]string{
		"wire":        {},
		"persistence": {"wire", "persistence"},
		"cluster":     {"wire", "cluster"},
		"actors":      {"wire", "persistence", "cluster", "actors"},
		"bench":       {"wire", "persistence", "cluster", "actors", "bench"},
		"cmd":         {"wire", "persistence", "cluster", "actors", "bench", "cmd"},
	}
	all := module(t)
	seen := map[string]bool{}
	ours(all, func(p *pkg) {
		allowed, known := below[p.top()]
		if !known {
			t.Errorf("%s is in no folder of the design", p.ImportPath)
		}
		seen[p.top()] = true
		for _, i := range p.Imports {
			if dep := all[i]; dep != nil && dep.top() != "" && !slices.Contains(allowed, dep.top()) {
				t.Errorf("%s imports %s", p.ImportPath, i)
			}
		}
	})
	if len(seen) != len(below) {
		t.Errorf("only %v are looked at", slices.Sorted(maps.Keys(seen)))
	}
}

// TestArch_WireStandsAlone: it imports the standard library and msgpack.
func TestArch_WireStandsAlone(t *testing.T) {
	all := module(t)
	for _, i := range all["troupe/wire"].Imports {
		if !all[i].Standard && i != "github.com/vmihailenco/msgpack/v5" {
			t.Errorf("wire imports %s", i)
		}
	}
	for _, banned := range []string{"net", "os", "time"} {
		if slices.Contains(all["troupe/wire"].Imports, banned) {
			t.Errorf("wire imports %s", banned)
		}
	}
}

// TestArch_OnlyPersistenceKnowsLevelDB, and only actors Proto.Actor.
func TestArch_OnlyPersistenceKnowsLevelDB(t *testing.T) {
	owners := map[string][]string{
		"github.com/syndtr/goleveldb":       {"persistence"},
		"github.com/asynkron/protoactor-go": {"actors"},
		"github.com/vmihailenco/msgpack":    {"wire"},
		"github.com/go-zookeeper/zk":        {},
		"github.com/anishathalye/porcupine": {"bench"},
		"github.com/HdrHistogram":           {"bench"},
		"gonum.org/v1/plot":                 {"bench"},
	}
	ours(module(t), func(p *pkg) {
		for _, i := range p.Imports {
			for library, who := range owners {
				if strings.HasPrefix(i, library) && !slices.Contains(who, p.top()) {
					t.Errorf("%s imports %s", p.ImportPath, i)
				}
			}
		}
	})
}

// TestArch_TheProgramDrawsNothing: charts have a command of their own, since the
// library that draws them would make troupe a quarter larger.
func TestArch_TheProgramDrawsNothing(t *testing.T) {
	all := module(t)
	draws := func(of string) bool { return slices.Contains(all[of].Deps, "gonum.org/v1/plot") }
	if draws("troupe/cmd/troupe") || !draws("troupe/bench/cmd/charts") {
		t.Error("the drawing library is where it should not be, or not where it should")
	}
}

// pure packages decide and do nothing else.
func pure(p *pkg) bool {
	return p.top() == "cluster" || p.ImportPath == "troupe/actors/tree/znode" || p.ImportPath == "troupe/actors/tree/watch"
}

// TestArch_PurePackages have no actor, file, socket, clock or randomness, and
// start no goroutine.
func TestArch_PurePackages(t *testing.T) {
	all := module(t)
	looked := 0
	ours(all, func(p *pkg) {
		if !pure(p) {
			return
		}
		looked++
		for _, i := range p.Imports {
			switch {
			case strings.HasPrefix(i, "troupe/"):
				if dep := all[i]; dep.top() != "wire" && !pure(dep) {
					t.Errorf("%s imports %s, which is not pure", p.ImportPath, i)
				}
			case !all[i].Standard && i != "github.com/cespare/xxhash/v2",
				slices.Contains([]string{"net", "os", "io/fs", "syscall", "sync", "math/rand", "math/rand/v2", "crypto/rand", "context", "log", "log/slog"}, i),
				strings.HasPrefix(i, "net/"), strings.HasPrefix(i, "os/"):
				t.Errorf("%s imports %s", p.ImportPath, i)
			}
		}
		for _, file := range parse(t, p) {
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.GoStmt:
					t.Errorf("%s starts a goroutine", p.ImportPath)
				case *ast.SelectorExpr:
					if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "After",
						"AfterFunc", "NewTimer", "NewTicker", "Tick", "Sleep"}, n.Sel.Name) {
						t.Errorf("%s uses time.%s", p.ImportPath, n.Sel.Name)
					}
				}
				return true
			})
		}
	})
	if looked < 5 {
		t.Errorf("%d pure packages", looked)
	}
}

func parse(t *testing.T, p *pkg) (files []*ast.File) {
	t.Helper()
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

func TestArch_NamesAndDocs(t *testing.T) {
	ours(module(t), func(p *pkg) {
		name := p.ImportPath[strings.LastIndexByte(p.ImportPath, '/')+1:]
		if slices.Contains([]string{"util", "utils", "common", "helper", "helpers", "types", "misc", "shared"}, name) {
			t.Errorf("%s: what is in it?", p.ImportPath)
		}
		documented := false
		for _, f := range parse(t, p) {
			documented = documented || f.Doc != nil
		}
		if !documented {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	})
}

// TestArch_FilesAreShort.
func TestArch_FilesAreShort(t *testing.T) {
	const longest = 500
	looked := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		looked++
		b, err := os.ReadFile(path)
		if n := strings.Count(string(b), "\n"); n > longest {
			t.Errorf("%s has %d lines", path, n)
		}
		return err
	})
	if err != nil || looked < 50 {
		t.Errorf("%d files, %v", looked, err)
	}
}

// TestArch_MessagesAreHandled: every message that a package says it accepts is a
// case of the type switch in its Receive, and the other way round.
func TestArch_MessagesAreHandled(t *testing.T) {
	looked := 0
	ours(module(t), func(p *pkg) {
		if p.top() != "actors" {
			return
		}
		accepted, handled, found := catalogue(parse(t, p))
		if !found {
			return
		}
		looked++
		for name := range accepted {
			if !handled[name] {
				t.Errorf("%s accepts %s, and its Receive does not handle it", p.ImportPath, name)
			}
		}
		for name := range handled {
			if !accepted[name] && !strings.Contains(name, ".") {
				t.Errorf("%s handles %s, which its catalogue does not have among what it accepts", p.ImportPath, name)
			}
		}
	})
	if looked < 7 {
		t.Errorf("%d packages with messages", looked)
	}
}

// incoming are the headings under which a package declares what it is sent.
var incoming = regexp.MustCompile(`^(Accepts|To itself|From its own goroutines)`)

// catalogue gathers the messages that a package declares as accepted, and those
// that its Receive methods have cases for. found says that it has an actor.
func catalogue(files []*ast.File) (accepted, handled map[string]bool, found bool) {
	accepted, handled = map[string]bool{}, map[string]bool{}
	for _, f := range files {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.GenDecl:
				for _, s := range d.Specs {
					spec, ok := s.(*ast.TypeSpec)
					if !ok {
						continue
					}
					if incoming.MatchString(d.Doc.Text()) {
						accepted[spec.Name.Name] = true
					}
				}
			case *ast.FuncDecl:
				if d.Name.Name == "Receive" && d.Recv != nil {
					found = true
					cases(d, handled)
				}
			}
		}
	}
	return accepted, handled, found
}

// cases gathers the types of a function's type switches.
func cases(fn *ast.FuncDecl, into map[string]bool) {
	ast.Inspect(fn, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.TypeSwitchStmt:
			for _, c := range n.Body.List {
				for _, e := range c.(*ast.CaseClause).List {
					into[typeName(e)] = true
				}
			}
		case *ast.TypeAssertExpr:
			if n.Type != nil {
				into[typeName(n.Type)] = true
			}
		}
		return true
	})
}

func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.SelectorExpr:
		return typeName(e.X) + "." + e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return fmt.Sprintf("%T", e)
}

// treeLine is a line of the supervision tree in doc.go: bars, then a kind.
var treeLine = regexp.MustCompile(`^([|' -]*?)(\w+)( x \w)?   `)

// TestArch_TheSupervisionTreeIsAsDrawn compares doc.go with the actors of the
// servers of an ensemble, one of which has a client.
func TestArch_TheSupervisionTreeIsAsDrawn(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	drawn := map[string]bool{}
	var path []string
	for line := range strings.Lines(f.Doc.Text()) {
		line, isDrawing := strings.CutPrefix(line, "\t")
		m := treeLine.FindStringSubmatch(line)
		if !isDrawing || m == nil {
			continue
		}
		depth := len(m[1]) / 3
		if path = append(path[:min(depth, len(path))], m[2]); len(path) != depth+1 {
			t.Fatalf("doc.go: %q hangs nowhere", line)
		}
		drawn[strings.Join(path, "/")] = true
	}
	e := newEnsemble(t, 3)
	e.startAll()
	dialRaw(t, e.servers[e.leader()]).hello()
	spawned := map[string]bool{}
	for _, s := range e.servers {
		for _, shard := range s.system.ProcessRegistry.LocalPIDs.LocalPIDs {
			for _, id := range shard.Keys() {
				var kinds []string
				for part := range strings.SplitSeq(id, "/") {
					kinds = append(kinds, supervise.KindOf(part))
				}
				if kinds[0] == "server" {
					spawned[strings.Join(kinds, "/")] = true
				}
			}
		}
	}
	if len(drawn) < 7 || !maps.Equal(drawn, spawned) {
		t.Errorf("doc.go draws %v, a server has %v", slices.Sorted(maps.Keys(drawn)), slices.Sorted(maps.Keys(spawned)))
	}
}
