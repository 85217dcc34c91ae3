package persistence

import (
	"bytes"
	"errors"
	"maps"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"troupe/persistence/faulty"
)

// journalRecords is how many records the last journal of a damaged log holds.
const journalRecords = 50

// quick opens real files, and does not wait for syncs: nothing crashes here,
// and many files are opened.
func quick() Options {
	disk := faulty.New(1, OpenFiles)
	disk.IgnoreSync()
	disk.IgnoreSyncDir()
	return Options{Open: disk.Open}
}

// makeLog writes a log of 1000 records in tables and journalRecords of 200
// bytes, one append each, in the journal.
func makeLog(t *testing.T) (dir string, all []Entry) {
	t.Helper()
	dir = t.TempDir()
	all = entries(rand.New(rand.NewSource(1)), 1, 1000+journalRecords, 200)
	image.Do(func() {
		o := quick()
		o.writeBuffer = 64 << 10
		l, _ := mustOpenLog(t, dir, o)
		mustAppend(t, l, all[:1000], 0)
		l.Close()
		l, _ = mustOpenLog(t, dir, o) // which puts what the journal held into a table
		for _, e := range all[1000:] {
			mustAppend(t, l, []Entry{e}, e.Zxid-1)
		}
		l.Close()
		imageFiles = readDir(t, dir)
	})
	for name, b := range imageFiles {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir, all
}

// The files of the log that makeLog writes, which it does once.
var (
	image      sync.Once
	imageFiles map[string][]byte
)

// readDir is the content of all files in dir that hold data.
func readDir(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := make(map[string][]byte)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() == "LOCK" || strings.HasPrefix(e.Name(), "LOG") {
			continue
		}
		if all[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// theFile is the last file that matches in dir.
func theFile(t *testing.T, dir, pattern string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(names) == 0 {
		t.Fatalf("no %s in %s: %v", pattern, dir, err)
	}
	return slices.Max(names)
}

func edit(t *testing.T, file string, f func(b []byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, f(b), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func flip(at func(n int) int) func([]byte) []byte {
	return func(b []byte) []byte { b[at(len(b))] ^= 0x10; return b }
}

func cut(n int) func([]byte) []byte {
	return func(b []byte) []byte { return b[:len(b)-n] }
}

// What a crash leaves at the end is recovered; the log says how it ended.
func TestDamage_Tail(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(b []byte) []byte
		tail Tail
		lost int
	}{
		{"untouched", cut(0), TailWhole, 0},
		{"cut in the last record", cut(50), TailTorn, 1},
		{"cut in the last header", cut(recordBytes - 4), TailTorn, 1},
		{"cut in the last but one", cut(recordBytes + 1), TailTorn, 2},
		{"cut between records", cut(recordBytes), TailWhole, 1}, // which nothing here can tell
		{"zeros appended", func(b []byte) []byte { return append(b, make([]byte, 5000)...) }, TailWhole, 0},
		{"a few zeros appended", func(b []byte) []byte { return append(b, 0, 0, 0) }, TailWhole, 0},
		{"zeros in the last record", func(b []byte) []byte { clear(b[len(b)-200:]); return b }, TailTorn, 1},
		{"flip in the last record", flip(func(n int) int { return n - 100 }), TailSuspect, 1},
		{"flip in the last record, zeros ahead", func(b []byte) []byte {
			return append(flip(func(n int) int { return n - 100 })(b), make([]byte, 5000)...)
		}, TailSuspect, 1},
		{"flip in the last length", flip(func(n int) int { return n - recordBytes + 4 }), TailSuspect, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, all := makeLog(t)
			edit(t, theFile(t, dir, "*.log"), c.edit)
			l, r := mustOpenLog(t, dir, quick())
			want := all[:len(all)-c.lost]
			if got := scan(t, l, 0); !sameEntries(got, want) {
				t.Errorf("%d records of %d", len(got), len(want))
			}
			if r.Tail != c.tail || r.Records != uint64(len(want)) || (r.Dropped == 0) != (c.tail == TailWhole) {
				t.Errorf("recovery: %+v", r)
			}
			mustAppend(t, l, []Entry{{Zxid: 2000}}, 0)
			l.Close()
			if l, r = mustOpenLog(t, dir, quick()); r.Tail != TailWhole || l.Last() != 2000 {
				t.Errorf("opened once more: %+v", r)
			}
		})
	}
}

// A journal that was filled ahead ends where its zeros begin. What a crash leaves
// of the last record, in whole sectors, is told from what a failing disk does.
func TestDamage_FilledAhead(t *testing.T) {
	whole := makeJournal(t, 10, 3000, 40000)
	third := len(whole) - 40000 - 2*chunkHeader // the last record, in two blocks
	for _, c := range []struct {
		name    string
		edit    func(b []byte)
		records int
		tail    Tail
	}{
		{"nothing lost", func([]byte) {}, 3, TailWhole},
		{"the last record not there", func(b []byte) { clear(b[third:]) }, 2, TailWhole}, // as if never written
		{"its end not there", func(b []byte) { clear(b[len(b)-1000:]) }, 2, TailTorn},
		{"its second block not there", func(b []byte) { clear(b[blockSize:]) }, 2, TailTorn},
		{"its first sector not there", func(b []byte) { clear(b[third:][:2*sectorSize]) }, 2, TailTorn},
		{"a bit of it changed", func(b []byte) { b[len(b)-500] ^= 1 }, 2, TailSuspect},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := slices.Clone(whole)
			c.edit(b)
			got, e, err := walkAll(append(b, make([]byte, 2*aheadBytes)...))
			if err != nil || len(got) != c.records || e.tail != c.tail || (e.dropped == 0) != (c.tail == TailWhole) {
				t.Errorf("%d records, %+v, %v", len(got), e, err)
			}
			if want := []int{third, len(whole)}[c.records-2]; c.tail == TailWhole && e.size != int64(want) {
				t.Errorf("ends at %d, not at %d", e.size, want)
			}
		})
	}
}

// recordBytes is what one append of makeLog takes in the journal: chunk
// header, batch header, operation, key, value.
const recordBytes = chunkHeader + batchHeader + (1 + 1 + recordKeyLen) + (2 + recordHeader + 200)

// Damage to what was acknowledged is refused, and left as it is.
func TestDamage_Refused(t *testing.T) {
	middle := func(n int) int { return n / 2 }
	for _, c := range []struct {
		name, file string
		edit       func([]byte) []byte
	}{
		{"journal: flip in a record", "*.log", flip(middle)},
		{"journal: flip in a length", "*.log", flip(func(int) int { return 20*recordBytes + 5 })},
		{"journal: flip in the first record", "*.log", flip(func(int) int { return 30 })},
		{"journal: flip in the last but one", "*.log", flip(func(n int) int { return n - recordBytes - 10 })},
		{"journal: sector of zeros", "*.log", func(b []byte) []byte { clear(b[1024:1536]); return b }},
		{"journal: a record twice", "*.log", func(b []byte) []byte { return append(b, b[len(b)-recordBytes:]...) }},
		{"journal: the first batch gone", "*.log", func(b []byte) []byte { return b[recordBytes:] }},
		{"journal: a batch gone", "*.log", func(b []byte) []byte {
			return slices.Concat(b[:5*recordBytes], b[6*recordBytes:])
		}},
		{"journal: missing", "*.log", nil},
		{"journal: another follows", "*.log", func(b []byte) []byte { return b[:len(b)-5] }},
		{"table: missing", "*.ldb", nil},
		{"table: cut", "*.ldb", cut(1000)},
		{"manifest: missing", "MANIFEST-*", nil},
		{"manifest: empty", "MANIFEST-*", func([]byte) []byte { return nil }},
		{"manifest: flip", "MANIFEST-*", flip(func(int) int { return 20 })},
		{"current: missing", "CURRENT", nil},
		{"current: garbage", "CURRENT", flip(func(int) int { return 3 })},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, _ := makeLog(t)
			file := theFile(t, dir, c.file)
			if c.edit == nil {
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
			} else {
				edit(t, file, c.edit)
			}
			if strings.HasSuffix(c.name, "another follows") {
				if err := os.WriteFile(filepath.Join(dir, "999999.log"), []byte("something"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			before := readDir(t, dir)
			for range 2 {
				_, _, err := OpenLog(dir, quick())
				if !errors.Is(err, ErrDamaged) {
					t.Fatalf("not refused as damaged: %v", err)
				}
				if !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "backup") {
					t.Errorf("the message does not say where, and what to do: %v", err)
				}
			}
			if !maps.EqualFunc(before, readDir(t, dir), bytes.Equal) {
				t.Error("the evidence was changed")
			}
		})
	}
}

// Damage in a table shows when it is read; nothing false is handed out.
func TestDamage_Table(t *testing.T) {
	dir, all := makeLog(t)
	edit(t, theFile(t, dir, "*.ldb"), flip(func(n int) int { return n / 2 }))
	l, _ := mustOpenLog(t, dir, quick())
	next := 0
	err := l.Scan(0, func(e Entry) error {
		if !sameEntries([]Entry{e}, all[next:next+1]) {
			t.Errorf("record %d is not what was appended", next)
		}
		next++
		return nil
	})
	if !errors.Is(err, ErrDamaged) || next == 0 {
		t.Errorf("after %d records: %v", next, err)
	}
}

// The log's own chain finds what LevelDB's checksums cannot.
func TestDamage_Chain(t *testing.T) {
	for name, f := range map[string]func(l *Log) error{
		"a record lost":      func(l *Log) error { return l.db.ldb.Delete(recordKey(500), l.db.write) },
		"the first lost":     func(l *Log) error { return l.db.ldb.Delete(recordKey(1), l.db.write) },
		"a record exchanged": func(l *Log) error { return l.db.ldb.Put(recordKey(500), []byte("what is this, a record"), l.db.write) },
		"one moved": func(l *Log) error {
			v, err := l.db.get(recordKey(500))
			return errors.Join(err, l.db.ldb.Put(recordKey(501), v, l.db.write))
		},
		"a foreign key": func(l *Log) error { return l.db.ldb.Put([]byte("lx"), nil, l.db.write) },
		"a bad low":     func(l *Log) error { return l.db.ldb.Put(keyLow, []byte("low"), l.db.write) },
		"a bad epoch":   func(l *Log) error { return l.db.ldb.Put(keyAccepted, []byte("epoch"), l.db.write) },
		"no format":     func(l *Log) error { return l.db.ldb.Delete(keyFormat, l.db.write) },
		"a state's format": func(l *Log) error {
			return l.db.ldb.Put(keyFormat, []byte{kindState, 0, 0, 0, 1}, l.db.write)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, _ := makeLog(t)
			l, _ := mustOpenLog(t, dir, quick())
			if err := f(l); err != nil {
				t.Fatal(err)
			}
			l.Close()
			l, _, err := OpenLog(dir, quick())
			if err == nil {
				defer l.Close()
				err = l.Scan(0, func(Entry) error { return nil })
			}
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("not found damaged: %v", err)
			}
		})
	}
}

func TestDamage_NewerFormat(t *testing.T) {
	dir, _ := makeLog(t)
	l, _ := mustOpenLog(t, dir, quick())
	if err := l.db.ldb.Put(keyFormat, []byte{kindLog, 0, 0, 0, Format + 1}, l.db.write); err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, _, err := OpenLog(dir, quick())
	if !errors.Is(err, ErrNewerFormat) || !strings.Contains(err.Error(), "format 3") {
		t.Errorf("%v", err)
	}
}

// TestDamage_State: a table that is torn, flipped or missing is noticed, at the latest
// when it is read.
func TestDamage_State(t *testing.T) {
	for name, change := range map[string]func([]byte) []byte{
		"torn":    cut(100),
		"flip":    flip(func(n int) int { return n / 2 }),
		"missing": nil,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := mustOpenState(t, dir, quick())
			for i := range 20 {
				overwrite(t, s, rand.New(rand.NewSource(int64(i))), 10, 10)
			}
			s.Close()
			if table := theFile(t, dir, "*.ldb"); change != nil {
				edit(t, table, change)
			} else if err := os.Remove(table); err != nil {
				t.Fatal(err)
			}
			s, err := OpenState(dir, quick())
			if err == nil {
				defer s.Close()
				err = s.Load(func(string, []byte) error { return nil }, func(int64, []byte) error { return nil })
			}
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("%v", err)
			}
		})
	}
}

// A first start that a crash cuts short leaves nothing that bars the next.
func TestDamage_Stillborn(t *testing.T) {
	for name, left := range map[string][]string{
		"manifest":             {"MANIFEST-000000"},
		"manifest and current": {"MANIFEST-000000", "CURRENT.0"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, f := range left {
				if err := os.WriteFile(filepath.Join(dir, f), nil, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if _, r := mustOpenLog(t, dir, quick()); !r.Created {
				t.Errorf("recovery: %+v", r)
			}
		})
	}
}
