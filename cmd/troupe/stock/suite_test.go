package stock_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"troupe/bench/process"
)

// suiteTime bounds a client's whole suite.
const suiteTime = 90 * time.Second

// runSuite runs a suite written in a client's own language and makes its cases subtests. The
// suite tells one line for each: "ok NAME", or "not ok NAME: WHY" with line ends as \n; and at the
// end "cases N". What else it prints is shown if something fails. TROUPE_STOCK_MODE tells it how its
// servers call themselves.
func runSuite(t *testing.T, f form, cmd *exec.Cmd) {
	t.Helper()
	mode := map[form]string{standalone: "standalone", ensemble: "follower"}[f]
	cmd.Env = append(cmd.Environ(), "TROUPE_STOCK_MODE="+mode)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	child, err := process.Spawn(cmd)
	if err != nil {
		t.Fatal(err)
	}
	hung := false
	select {
	case <-child.Exited():
	case <-time.After(suiteTime):
		hung = true
		if err := child.Kill(); err != nil {
			t.Error(err)
		}
	}
	cases, announced := 0, ""
	for line := range strings.Lines(out.String()) {
		line = strings.TrimSuffix(line, "\n")
		if name, ok := strings.CutPrefix(line, "ok "); ok {
			cases++
			t.Run(name, func(*testing.T) {})
		} else if rest, ok := strings.CutPrefix(line, "not ok "); ok {
			cases++
			name, why, _ := strings.Cut(rest, ": ")
			t.Run(name, func(t *testing.T) { t.Error(strings.ReplaceAll(why, `\n`, "\n")) })
		} else if n, ok := strings.CutPrefix(line, "cases "); ok {
			announced = n
		} else {
			fmt.Fprintln(&log, line)
		}
	}
	switch {
	case hung:
		t.Errorf("still running after %s, %d cases done", suiteTime, cases)
	case child.ExitCode() != 0:
		t.Errorf("exit status %d", child.ExitCode())
	case cases == 0 || announced != fmt.Sprint(cases):
		t.Errorf("%d cases told, %q announced", cases, announced)
	}
	if t.Failed() {
		t.Logf("also printed:\n%s", log.String())
	}
}

// testdata is the absolute path of a file there.
func testdata(t *testing.T, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "testdata", name)
}
