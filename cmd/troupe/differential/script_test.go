package differential

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"troupe/bench/process"
)

var (
	record  = flag.Bool("record", false, "take the scripts' answers anew from Apache ZooKeeper")
	live    = flag.Bool("live", false, "check the scripts' answers against Apache ZooKeeper")
	subject = flag.String("subject", string(process.Troupe), "the server that is compared with Apache: troupe or apache")
)

const shownDifferences = 12 // of one script; what follows is often their echo

// TestScripts plays every script against troupe and compares with what Apache
// answered when it was recorded.
func TestScripts(t *testing.T) {
	met := make(map[string]int)
	all, done := performances(t), 0
	t.Run("play", func(t *testing.T) {
		for _, p := range all {
			t.Run(p.s.Name+"/"+string(p.form), func(t *testing.T) {
				done++
				for name, n := range report(t, p, play(t, p, process.Kind(*subject))) {
					met[name] += n
				}
			})
		}
	})
	if t.Failed() || done < len(all) || *subject == string(process.Apache) {
		return
	}
	for _, e := range Explained {
		if met[e.Name] == 0 {
			t.Errorf("explained, but not met in any script: %s", e.Name)
		}
	}
}

// TestRecorded plays every script against Apache itself: the recorded answers
// must be the ones it gives, or are replaced by them.
func TestRecorded(t *testing.T) {
	if !*record && !*live && os.Getenv("TROUPE_REQUIRE_STOCK") == "" {
		t.Skip("needs -live, -record or TROUPE_REQUIRE_STOCK=1")
	}
	requireStock(t)
	recorded := make(map[string]*Script)
	for _, p := range performances(t) {
		t.Run(p.s.Name+"/"+string(p.form), func(t *testing.T) {
			played := play(t, p, process.Apache)
			if !*record {
				report(t, p, played)
				return
			}
			if alone := recorded[p.s.Name]; alone != nil {
				played = Merge(alone, played)
			}
			recorded[p.s.Name] = played
			if err := os.WriteFile(scriptPath(p.s.Name), []byte(played.Text()), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// performance is a script, and on what it is played.
type performance struct {
	s    *Script
	form form
}

// performances are all of them, a script's on one server before that on an
// ensemble.
func performances(t *testing.T) (list []performance) {
	t.Helper()
	for _, s := range scripts(t) {
		for _, f := range []form{standalone, ensemble} {
			if s.Only == "" || s.Only == string(f) {
				list = append(list, performance{s, f})
			}
		}
	}
	return list
}

func play(t *testing.T, p performance, kind process.Kind) *Script {
	t.Helper()
	side := NewSide(start(t, p.form, kind, p.s.Config, p.s.JVM))
	side.Drowsy = kind == process.Apache
	played, err := Play(p.s, side)
	if err != nil {
		t.Error(err)
	}
	return played
}

// TestExplained_Listed finds every explanation on the page of divergences.
func TestExplained_Listed(t *testing.T) {
	page, err := os.ReadFile("DIVERGENCES.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range Explained {
		if !strings.Contains(string(page), "\n### "+e.Name+"\n") {
			t.Errorf("DIVERGENCES.md has no heading %q", e.Name)
		}
	}
}

func report(t *testing.T, p performance, played *Script) map[string]int {
	t.Helper()
	differences, explained := Compare(p.s, played, p.form == ensemble)
	for i, d := range differences {
		if i == shownDifferences {
			t.Errorf("and %d more", len(differences)-i)
			break
		}
		t.Errorf("%s", d)
	}
	return explained
}

func scriptPath(name string) string { return filepath.Join("testdata", name+".txt") }

func scripts(t *testing.T) []*Script {
	t.Helper()
	paths, err := filepath.Glob(scriptPath("*"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	list := make([]*Script, len(paths))
	for i, path := range paths {
		if list[i], err = LoadScript(path); err != nil {
			t.Fatal(err)
		}
	}
	return list
}
