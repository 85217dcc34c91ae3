package persistence

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"troupe/persistence/faulty"
)

func TestLayout(t *testing.T) {
	for _, c := range []struct{ dataDir, dataLogDir, state, log string }{
		{"/d", "", "/d/troupe/state", "/d/troupe/log"},
		{"/d", "/l", "/d/troupe/state", "/l/troupe/log"},
		{"d", "d", "d/troupe/state", "d/troupe/log"},
	} {
		d, err := Locate(c.dataDir, c.dataLogDir, Options{Files: faulty.New(1, nil)})
		if err != nil || d.State != c.state || d.Log != c.log {
			t.Errorf("%q, %q: %q, %v", c.dataDir, c.dataLogDir, d, err)
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

	log, _ := mustOpenLog(t, l+"/troupe/log", Options{})
	log.Close()
	check("beside a log of ours", d, l, nil)
	touch(d + "/troupe/current")
	check("a file current that is empty", d, l, ErrDamaged)
	if err := os.WriteFile(d+"/troupe/current", []byte("troupe current 2\nlater\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	check("a file current of a later version", d, l, ErrNewerFormat)
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
