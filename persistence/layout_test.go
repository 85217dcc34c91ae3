package persistence

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLayout(t *testing.T) {
	for _, c := range []struct{ dataDir, dataLogDir, state, log string }{
		{"/d", "", "/d/troupe/state", "/d/troupe/log"},
		{"/d", "/l", "/d/troupe/state", "/l/troupe/log"},
		{"d", "d", "d/troupe/state", "d/troupe/log"},
	} {
		if s, l := Layout(c.dataDir, c.dataLogDir); s != c.state || l != c.log {
			t.Errorf("%q, %q: %q, %q", c.dataDir, c.dataLogDir, s, l)
		}
	}
}

func TestForeignData(t *testing.T) {
	touch := func(path string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	check := func(name, dataDir, dataLogDir string, want error) {
		t.Helper()
		if err := ForeignData(dataDir, dataLogDir); !errors.Is(err, want) || (err != nil) != (want != nil) {
			t.Errorf("%s: %v, not %v", name, err, want)
		}
	}
	d, l := t.TempDir(), t.TempDir()
	check("nothing", d, "", nil)
	check("no directory", filepath.Join(d, "none"), "", nil)
	touch(d + "/myid")
	touch(d + "/version-2/acceptedEpoch")
	check("epochs without data", d, l, nil)
	touch(l + "/version-2/log.100000001")
	check("a log", d, l, ErrForeign)
	check("a log elsewhere", d, "", nil)
	touch(d + "/version-2/snapshot.0")
	check("a snapshot", d, "", ErrForeign)
	if err := ForeignData(d, ""); !strings.Contains(err.Error(), "snapshot.0") || !strings.Contains(err.Error(), "dataDir") {
		t.Errorf("the message does not say what was found, and what to do: %v", err)
	}

	_, logDir := Layout(d, l)
	log, _ := mustOpenLog(t, logDir, Options{})
	log.Close()
	check("beside a log of ours", d, l, nil)
	touch(d + "/troupe/current")
	check("a state that lies elsewhere", d, l, ErrNewerFormat)
}

func TestOpenFiles_CreatesDirectories(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b", "c")
	l, _ := mustOpenLog(t, dir, Options{})
	l.Close()
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm()&0o007 != 0 {
		t.Errorf("%v, %v: what is in the tree is nobody else's business", info, err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := OpenLog(filepath.Join(file, "log"), Options{}); err == nil {
		t.Error("made a directory below a file")
	}
	if _, _, err := OpenLog(file, Options{}); err == nil {
		t.Error("opened a file as a directory")
	}
}
