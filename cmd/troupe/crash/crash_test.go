package crash

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"troupe/bench/process"
)

const plainKills = 10

// rig is the program under test, built once.
var rig struct {
	dir    string // removed at the end
	build  sync.Once
	binary string
	err    error // of the build
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (status int) {
	dir, err := os.MkdirTemp("", "troupe-crash-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	rig.dir = dir
	status = m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return status
}

// variants are configurations: checkpoints and trimming of the log happen seldom, or all the time.
var variants = []struct {
	name   string
	config []string
}{
	{"large log", nil},
	{"checkpoints all the time", []string{"snapCount=100"}},
}

// TestKill kills a server under load and accounts for everything, over and over.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("starts real servers")
	}
	kills := plainKills
	if env := os.Getenv("TROUPE_CRASH_KILLS"); env != "" {
		var err error
		if kills, err = strconv.Atoi(env); err != nil {
			t.Fatal(err)
		}
	}
	for i, v := range variants {
		t.Run(v.name, func(t *testing.T) {
			newSiege(t, target(t, v.config...)).run((kills + i) / len(variants))
		})
	}
}

// TestKill_NoticesWhatIsLost cuts the end off the log after a kill, as a disk would that loses what
// was synced. The server takes that for a torn write and starts; the judge must not be content.
func TestKill_NoticesWhatIsLost(t *testing.T) {
	if testing.Short() {
		t.Skip("starts real servers")
	}
	spec := target(t)
	if spec.Kind != process.Troupe {
		t.Skip("cuts our own log")
	}
	s := newSiege(t, spec)
	s.prepare(0)
	s.loadAndKill(mostLoad)
	cutLog(t, spec.Dir)
	s.restart()
	r, err := s.examine()
	if err == nil && len(r.judge().complaints) == 0 {
		t.Fatal("acknowledged writes were lost, and nobody has noticed")
	}
}

// cutLog takes away half of the log that was written last: more than what was never acknowledged.
func cutLog(t *testing.T, dir string) {
	var newest string
	var size int64
	var written time.Time
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		own := filepath.Ext(path) == ".log" && filepath.Base(path) != "server.log"
		if err == nil && own && info.ModTime().After(written) {
			newest, size, written = path, info.Size(), info.ModTime()
		}
		return err
	})
	if err == nil {
		err = os.Truncate(newest, size/2)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// target is the server to be killed.
func target(t *testing.T, config ...string) process.Spec {
	t.Helper()
	kind := process.Kind(os.Getenv("TROUPE_CRASH_TARGET"))
	if kind == "" {
		kind = process.Troupe
	}
	if err := process.Available(kind); err != nil {
		t.Skip(err)
	}
	spec := process.Spec{Kind: kind, Dir: t.TempDir(), Heap: "256m",
		Config: append([]string{"tickTime=200", "minSessionTimeout=400", "maxSessionTimeout=60000"}, config...)}
	if kind == process.Troupe {
		rig.build.Do(func() { rig.binary, rig.err = process.Build(t.Context(), rig.dir) })
		if spec.Binary = rig.binary; rig.err != nil {
			t.Fatal(rig.err)
		}
	}
	return spec
}
