package chaos

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestNewestJournal: wherever the log goes on, and whatever a state writes.
func TestNewestJournal(t *testing.T) {
	dir := t.TempDir()
	if name, err := newestJournal(dir); err == nil {
		t.Errorf("%s in an empty directory", name)
	}
	now := time.Now()
	for i, name := range []string{"log/000009.log", "log/segment.2/000003.log", "log.2/000001.log", "log.2/segment.1/000002.log", "state.2/000004.log", "log.2/000005.ldb"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, now, now.Add(time.Duration(i)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	if name, err := newestJournal(dir); err != nil || name != filepath.Join(dir, "log.2/segment.1/000002.log") {
		t.Errorf("%s, %v", name, err)
	}
}
