package persistence

import (
	"errors"
	"math/rand"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/syndtr/goleveldb/leveldb/storage"

	"troupe/persistence/faulty"
	"troupe/wire"
)

// reopened opens the log of a disk after what happened to it, and checks that
// what was acknowledged is in it, and nothing that was never appended.
func reopened(t *testing.T, disk *faulty.Disk, appended []Entry, acked int) *Log {
	t.Helper()
	l, _ := mustOpenLog(t, "log", Options{Open: disk.Open, writeBuffer: 16 << 10})
	got := scan(t, l, 0)
	if len(got) < acked || len(got) > len(appended) || !sameEntries(got, appended[:len(got)]) {
		t.Fatalf("%d records, of %d acknowledged and %d appended", len(got), acked, len(appended))
	}
	return l
}

// A write that failed is the last, whoever tries, until the log is reopened;
// what was acknowledged survives that and the loss of power.
func TestFault_FailedWriteIsTheLast(t *testing.T) {
	for _, op := range []faulty.Op{faulty.Write, faulty.Sync} {
		t.Run(op.String(), func(t *testing.T) {
			disk := faulty.New(1, nil)
			l, _ := mustOpenLog(t, "log", Options{Open: disk.Open})
			all := entries(rand.New(rand.NewSource(1)), 1, 30, 100)
			mustAppend(t, l, all[:10], 0)
			disk.Fail(op, 1, syscall.EIO)
			err := l.Append(all[10:20], 0)
			if !errors.Is(err, ErrStopped) || !errors.Is(err, syscall.EIO) || errors.Is(err, ErrFull) {
				t.Fatalf("append: %v", err)
			}
			for name, f := range map[string]func() error{
				"append":    func() error { return l.Append(all[20:], 0) },
				"epoch":     func() error { return l.SetAcceptedEpoch(5) },
				"committed": func() error { return l.SetCommitted(5) },
				"ensemble":  func() error { return l.SetEnsembleID("x") },
				"truncate":  func() error { return l.TruncateAfter(3) },
				"trim":      func() error { return l.Trim(5) },
				"err":       l.Err,
			} {
				if err := f(); !errors.Is(err, ErrStopped) || !errors.Is(err, syscall.EIO) {
					t.Errorf("%s after a failed write: %v", name, err)
				}
			}
			if a, _ := l.Epochs(); l.Last() != 10 || a != 0 || l.Committed() != 0 || firstOf(l) != 1 {
				t.Errorf("last %s, epoch %d, committed %s: as if it had been written", l.Last(), a, l.Committed())
			}
			if got := scan(t, l, 0); len(got) < 10 || !sameEntries(got[:10], all[:10]) {
				t.Errorf("reading after a failed write: %d records", len(got))
			}
			l.Close()
			l = reopened(t, disk, all[:20], 10)
			kept := int(l.Records())
			l.Close()
			left, err := disk.PowerLoss()
			if err != nil {
				t.Fatal(err)
			}
			reopened(t, left, all[:20], kept)
		})
	}
}

// LevelDB alone would let a writer in after another's failed one, acknowledge
// it and lose it. With many at once the first failure ends it for all.
func TestFault_ConcurrentWriters(t *testing.T) {
	skipUnderRace(t)
	for seed := range int64(50) {
		disk := faulty.New(seed, nil)
		l, _ := mustOpenLog(t, "log", Options{Open: disk.Open, writeBuffer: 4 << 10})
		all := entries(rand.New(rand.NewSource(seed)), 1, 400, 100)
		mustAppend(t, l, all[:100], 100)
		disk.Fail(faulty.Sync, 10+int(seed), syscall.EIO)
		var wg sync.WaitGroup
		epoch, acked := wire.Epoch(0), 100
		wg.Add(3)
		go func() {
			defer wg.Done()
			for e := wire.Epoch(1); e < 500 && l.SetAcceptedEpoch(e) == nil; e++ {
				epoch = e
			}
		}()
		go func() {
			defer wg.Done()
			for z := wire.Zxid(2); z < 100 && l.Trim(z) == nil; z++ {
			}
		}()
		go func() {
			defer wg.Done()
			for acked < len(all) && l.Append(all[acked:acked+1], 0) == nil {
				acked++
			}
		}()
		wg.Wait()
		if err := l.Err(); !errors.Is(err, ErrStopped) {
			t.Fatalf("seed %d: the fault did not show: %v", seed, err)
		}
		l.Close()
		left, err := disk.PowerLoss()
		if err != nil {
			t.Fatal(err)
		}
		l, _ = mustOpenLog(t, "log", Options{Open: left.Open})
		if a, _ := l.Epochs(); a < epoch || a > epoch+1 {
			t.Errorf("seed %d: epoch %d, acknowledged %d", seed, a, epoch)
		}
		if last := int(l.Last()); last < acked || last > acked+1 {
			t.Errorf("seed %d: last %d, acknowledged %d", seed, last, acked)
		}
		if err := l.Scan(0, func(Entry) error { return nil }); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}

// Each kind of operation that fails, wherever it does, in the background too,
// loses nothing acknowledged.
func TestFault_AnyOperation(t *testing.T) {
	skipUnderRace(t)
	for _, op := range []faulty.Op{faulty.Create, faulty.Write, faulty.Sync, faulty.SyncDir, faulty.SetMeta, faulty.Remove} {
		stopped := 0
		for n := 1; n < 40; n++ {
			disk := faulty.New(int64(n), nil)
			disk.Fail(op, n, syscall.EIO)
			o := Options{Open: disk.Open, writeBuffer: 4 << 10}
			all := entries(rand.New(rand.NewSource(1)), 1, 200, 200)
			l, _, err := OpenLog("log", o)
			acked := 0
			for err == nil && acked < len(all) {
				if err = l.Append(all[acked:acked+5], 0); err == nil {
					acked += 5
				}
			}
			if err != nil {
				stopped++
				if !errors.Is(err, syscall.EIO) {
					t.Errorf("%s %d: %v", op, n, err)
				}
			}
			if l != nil {
				l.Close()
			}
			left, err := disk.PowerLoss()
			if err != nil {
				t.Fatal(err)
			}
			reopened(t, left, all[:min(acked+5, len(all))], acked).Close()
		}
		if stopped == 0 && op != faulty.SetMeta && op != faulty.Remove {
			t.Errorf("%s: no failure was told of", op)
		}
	}
}

func TestFault_FullDisk(t *testing.T) {
	skipUnderRace(t)
	disk := faulty.New(1, nil)
	o := Options{Open: disk.Open, writeBuffer: 16 << 10}
	l, _ := mustOpenLog(t, "log", o)
	all := entries(rand.New(rand.NewSource(1)), 1, 2000, 100)
	disk.Quota(100 << 10)
	acked := 0
	var err error
	for ; err == nil && acked < len(all); acked++ {
		err = l.Append(all[acked:acked+1], 0)
	}
	acked--
	if !errors.Is(err, ErrFull) || !errors.Is(err, ErrStopped) || !strings.Contains(err.Error(), "free some") {
		t.Fatalf("append to a full disk: %v", err)
	}
	l.Close()
	// Recovery writes, too: still full, still said so, still nothing lost.
	disk.Quota(disk.Used())
	if _, _, err := OpenLog("log", o); !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "free some") {
		t.Fatalf("open on a full disk: %v", err)
	}
	disk.Quota(-1)
	l = reopened(t, disk, all[:acked+1], acked)
	mustAppend(t, l, entries(rand.New(rand.NewSource(2)), 5000, 100, 100), 0)
	if disk.Used() != l.Size() {
		t.Errorf("size %d, on disk %d", l.Size(), disk.Used())
	}
}

func TestFault_StateOnFullDisk(t *testing.T) {
	disk := faulty.New(1, nil)
	s := mustOpenState(t, "state", Options{Open: disk.Open})
	mustCommit(t, s, &Checkpoint{Zxid: 5, Digest: 1, Nodes: znodes(Node{"/", []byte("old")})})
	disk.Quota(disk.Used() + 100)
	err := s.Commit(&Checkpoint{Zxid: 6, Digest: 2, Nodes: znodes(Node{"/", make([]byte, 3*aheadBytes)})})
	if !errors.Is(err, ErrFull) || !errors.Is(s.Err(), ErrFull) {
		t.Fatalf("commit: %v, then %v", err, s.Err())
	}
	disk.Quota(-1)
	if err := s.Commit(&Checkpoint{Zxid: 7}); !errors.Is(err, ErrStopped) {
		t.Fatalf("commit after a failed one: %v", err)
	}
	if z, d := s.Applied(); z != 5 || d != 1 {
		t.Errorf("applied %s, %d", z, d)
	}
	s.Close()
	s = mustOpenState(t, "state", Options{Open: disk.Open})
	if nodes, _, _ := load(t, s); nodes["/"] != "old" {
		t.Errorf("nodes: %q", nodes)
	}
}

// gated lets each sync announce itself and wait until it may go on.
type gated struct {
	storage.Storage
	syncing, proceed chan bool // nil: syncs are let through
}

type gatedWriter struct {
	storage.Writer
	g *gated
}

func (g *gated) Create(fd storage.FileDesc) (storage.Writer, error) {
	w, err := g.Storage.Create(fd)
	return gatedWriter{w, g}, err
}

func (w gatedWriter) Sync() error {
	if w.g.syncing != nil {
		w.g.syncing <- true
		<-w.g.proceed
	}
	return w.Writer.Sync()
}

// While a sync is slow, whoever asks for what is known gets it at once, and
// nothing that is not durable yet.
func TestFault_SlowSync(t *testing.T) {
	g := new(gated)
	l, _ := mustOpenLog(t, "log", Options{Open: func(dir string) (s storage.Storage, err error) {
		g.Storage, err = faulty.New(1, nil).Open(dir)
		return g, err
	}})
	mustAppend(t, l, []Entry{{Zxid: 1}}, 0)
	g.syncing, g.proceed = make(chan bool), make(chan bool)
	done := make(chan error, 1)
	go func() { done <- l.Append([]Entry{{Zxid: 2}}, 1) }()
	<-g.syncing
	a, c := l.Epochs()
	if a != 0 || c != 0 || l.Last() != 1 || l.Committed() != 0 || l.Records() != 1 || l.EnsembleID() != "" {
		t.Errorf("last %s, committed %s, before they are durable", l.Last(), l.Committed())
	}
	g.proceed <- true
	if err := <-done; err != nil || l.Last() != 2 || l.Committed() != 1 {
		t.Errorf("append: %v, last %s", err, l.Last())
	}
	g.syncing = nil
}

func TestOpen_InUse(t *testing.T) {
	disks(t, func(t *testing.T, dir string, o Options) {
		l, _ := mustOpenLog(t, dir, o)
		_, _, err := OpenLog(dir, o)
		if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), "data directory "+dir+" is in use by another process") {
			t.Errorf("opened twice: %v", err)
		}
		mustAppend(t, l, []Entry{{Zxid: 1}}, 0)
		l.Close()
		if l, _ = mustOpenLog(t, dir, o); l.Last() != 1 {
			t.Errorf("last %s", l.Last())
		}
	})
}

// Power may be lost at each operation of a first start.
func TestOpen_FirstStartCutShort(t *testing.T) {
	for k := 1; ; k++ {
		disk := faulty.New(int64(k), nil)
		disk.CrashAt(k)
		l, _, err := OpenLog("log", Options{Open: disk.Open})
		if err == nil {
			l.Close()
			if k < 10 {
				t.Fatalf("opened in %d operations", k)
			}
			return
		}
		left, err := disk.PowerLoss()
		if err != nil {
			t.Fatal(err)
		}
		l, _ = mustOpenLog(t, "log", Options{Open: left.Open})
		mustAppend(t, l, []Entry{{Zxid: 1}}, 0)
		l.Close()
	}
}

// However often the log is overwritten, it holds what is retained, and not
// much more.
func TestLog_GivesSpaceBack(t *testing.T) {
	disk := faulty.New(1, nil)
	o := Options{Open: disk.Open, writeBuffer: 256 << 10, segment: 1 << 30}
	l, _ := mustOpenLog(t, "log", o)
	rnd := rand.New(rand.NewSource(1))
	const keep, step, size = 2000, 2000, 1024
	const retained = (keep + step) * size
	peak := int64(0)
	last := wire.Zxid(60000)
	if raceDetector {
		last /= 4
	}
	for z := wire.Zxid(1); z < last; {
		for range step / 50 {
			es := entries(rnd, z, 50, size)
			mustAppend(t, l, es, z-1)
			z += 50
		}
		peak = max(peak, l.Size())
		if err := l.Trim(z - min(z, keep)); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("appended %d, retained at most %d, on disk at most %d, at last %d for %d records",
		int(last)*size, retained, peak, l.Size(), l.Records())
	if peak > 3*retained {
		t.Errorf("%d bytes on disk for %d retained", peak, retained)
	}
	settles(t, "trimmed", l.Size, 2*keep*size)
	if err := l.Trim(1 << 40); err != nil {
		t.Fatal(err)
	}
	settles(t, "emptied", l.Size, 300<<10)
}
