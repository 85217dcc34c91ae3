package cli

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"troupe/bench/process"
)

// update records testdata anew: what zkCli prints, and the conversation that our
// shell has with Apache ZooKeeper.
var update = flag.Bool("update", false, "record testdata from zkCli.sh and Apache ZooKeeper")

const zkCli = "/usr/share/zookeeper/bin/zkCli.sh"

func TestMain(m *testing.M) {
	time.Local = time.UTC // so that times print as they were recorded
	flag.Parse()
	os.Exit(m.Run())
}

// printed is what a shell printed. Apart from the rest are events, since zkCli
// prints them from a thread of their own, and what create says, which zkCli prints
// on the standard error; we do not, since it is a result.
type printed struct{ stdout, stderr, events, created string }

var (
	eventPart  = regexp.MustCompile(`(?m)^\n(WATCHER::|WatchedEvent .*)\n`)
	preamble   = regexp.MustCompile(`(?m)^(Connecting to .*|Welcome to ZooKeeper!|JLine support is disabled)\n`)
	stateEvent = regexp.MustCompile(`(?m)^WatchedEvent .* type:None .*\n`)
	javaNoise  = regexp.MustCompile(`(?m)^SLF4J: .*\n`)
	created    = regexp.MustCompile(`(?m)^Created /.*\n`)
	times      = regexp.MustCompile(`(?m)^([cm]time = ).*$`)
)

func sortOut(stdout, stderr string) printed {
	var p printed
	stdout = preamble.ReplaceAllString(stdout, "")
	p.stdout = eventPart.ReplaceAllStringFunc(stdout, func(s string) string {
		if s = strings.TrimPrefix(s, "\n"); s != "WATCHER::\n" {
			p.events += s
		}
		return ""
	})
	p.stdout = times.ReplaceAllString(p.stdout, "${1}...")
	p.events = stateEvent.ReplaceAllString(p.events, "")
	p.stderr = javaNoise.ReplaceAllString(stderr, "")
	p.created = strings.Join(created.FindAllString(p.stdout+p.stderr, -1), "")
	p.stdout = created.ReplaceAllString(p.stdout, "")
	p.stderr = created.ReplaceAllString(p.stderr, "")
	return p
}

// reworded are the differences in what goes to the standard error, each with its
// reason, from zkCli's text to ours.
var reworded = []struct {
	why  string
	from *regexp.Regexp
	to   string
}{
	{"no names of Java classes", regexp.MustCompile(`(?m)^org\.apache\.commons\.cli\.\w+: `), ""},
	{"said once, not twice", regexp.MustCompile(`(?m)^KeeperErrorCode = InvalidACL.*\n`), ""},
	{"the path instead of null", regexp.MustCompile(`(?m)^Acl is not valid : .*$`), "Acl is not valid : ..."},
	{"no list of all commands", regexp.MustCompile(`(?m)^ZooKeeper -server .*\n(\t.*\n)*(Command not found: )Command not found `), "$2"},
}

func (p printed) reworded() printed {
	for _, r := range reworded {
		p.stderr = r.from.ReplaceAllString(p.stderr, r.to)
	}
	return p
}

func scripts(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob("testdata/*.zk")
	if err != nil || len(all) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	return all
}

func runOurs(t *testing.T, server, script string) printed {
	t.Helper()
	in, err := os.Open(script)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var out, errs bytes.Buffer
	s := settings{server: server, timeout: 30 * time.Second, version: "3.8.0-test"}
	if err := run(t.Context(), s, nil, in, &out, &errs); err != nil && !errors.Is(err, ErrFailed) {
		t.Fatal(err)
	}
	return sortOut(out.String(), errs.String())
}

func runZkCli(t *testing.T, server, script string) printed {
	t.Helper()
	in, err := os.Open(script)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), zkCli, "-server", server)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, &out, &errs
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C.UTF-8", "CLIENT_JVMFLAGS=-Xmx128m -Dfile.encoding=UTF-8 -Dstdout.encoding=UTF-8")
	if err := cmd.Run(); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			t.Fatal(err)
		}
	}
	return sortOut(out.String(), errs.String())
}

// TestShell_AgainstZkCli gives the same scripts to zkCli and to our shell, each
// with an Apache ZooKeeper of its own.
func TestShell_AgainstZkCli(t *testing.T) {
	if err := process.Available(process.Apache); err != nil {
		t.Skip(err)
	}
	if _, err := os.Stat(zkCli); err != nil {
		t.Skipf("Debian's package zookeeper is needed: %v", err)
	}
	if testing.Short() {
		t.Skip("starts several JVMs")
	}
	var servers [2]*process.Server
	for i := range servers {
		s, err := process.Start(t.Context(), process.Spec{Kind: process.Apache, Dir: t.TempDir(), Heap: "128m",
			Args: []string{"-Dzookeeper.extendedTypesEnabled=true"}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Kill() })
		servers[i] = s
	}
	for _, script := range scripts(t) {
		t.Run(filepath.Base(script), func(t *testing.T) {
			theirs := runZkCli(t, servers[0].Addr, script)
			address := servers[1].Addr
			var tape *recorder
			if *update {
				tape = record(t, address)
				address = tape.addr()
			}
			ours := runOurs(t, address, script)
			if *update {
				tape.save(t, tapeOf(script))
				save(t, script, theirs)
			}
			compare(t, ours, theirs)
		})
	}
}

// TestShell_Recorded plays Apache ZooKeeper's recorded answers to our shell, and
// compares what it prints with what zkCli printed.
func TestShell_Recorded(t *testing.T) {
	for _, script := range scripts(t) {
		t.Run(filepath.Base(script), func(t *testing.T) {
			compare(t, runOurs(t, replay(t, tapeOf(script)), script), load(t, script))
		})
	}
}

func compare(t *testing.T, ours, theirs printed) {
	t.Helper()
	theirs = theirs.reworded()
	ours = ours.reworded()
	for _, part := range []struct{ name, ours, theirs string }{
		{"standard output", ours.stdout, theirs.stdout},
		{"standard error", ours.stderr, theirs.stderr},
		{"events", ours.events, theirs.events},
		{"what was created", ours.created, theirs.created},
	} {
		if part.ours != part.theirs {
			t.Errorf("%s differs:\n%s", part.name, diff(part.theirs, part.ours))
		}
	}
}

// diff is the lines that are only in a (-) or only in b (+), around the first
// difference.
func diff(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for len(x) > 0 && len(y) > 0 && x[0] == y[0] {
		x, y = x[1:], y[1:]
	}
	const shown = 12
	return "-" + strings.Join(x[:min(shown, len(x))], "\n-") + "\n+" + strings.Join(y[:min(shown, len(y))], "\n+")
}

func tapeOf(script string) string { return strings.TrimSuffix(script, ".zk") + ".tape" }

const (
	stderrMark = "==== standard error\n"
	eventsMark = "==== events\n"
	createMark = "==== created\n"
)

func save(t *testing.T, script string, p printed) {
	t.Helper()
	text := p.stdout + stderrMark + p.stderr + eventsMark + p.events + createMark + p.created
	if err := os.WriteFile(strings.TrimSuffix(script, ".zk")+".golden", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, script string) (p printed) {
	t.Helper()
	b, err := os.ReadFile(strings.TrimSuffix(script, ".zk") + ".golden")
	if err != nil {
		t.Fatal(err)
	}
	p.stdout, p.stderr, _ = strings.Cut(string(b), stderrMark)
	p.stderr, p.events, _ = strings.Cut(p.stderr, eventsMark)
	p.events, p.created, _ = strings.Cut(p.events, createMark)
	return p
}
