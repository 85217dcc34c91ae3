package persistence

import (
	"errors"
	"flag"
	"fmt"
	"sync"
	"testing"

	"troupe/persistence/faulty"
)

var (
	crashSeeds = flag.Int("crash.seeds", 64, "histories of TestCrash")
	crashSeed  = flag.Int64("crash.seed", 0, "run the one history of this seed")
)

const (
	livesPerSeed = 20  // crashes in one history
	opsPerLife   = 250 // operations of the disk before a crash, at most
)

// TestCrash lets random histories of appends, truncations, trims, checkpoints
// and reopenings crash at random operations of the disk, over and over on what
// the last crash left. After each everything acknowledged is there, nothing is
// that was never asked for, and what was under way is there whole or not at
// all.
func TestCrash(t *testing.T) {
	skipUnderRace(t)
	if *crashSeed != 0 {
		if r := crashHistory(*crashSeed, func(*faulty.Disk, *Options) {}); r.err != nil {
			t.Fatal(r.err)
		}
		return
	}
	crashes, switched, segmented := 0, 0, 0
	for seed, r := range crashHistories(*crashSeeds, func(*faulty.Disk, *Options) {}) {
		if r.err != nil {
			t.Errorf("go test -run TestCrash ./persistence -crash.seed=%d: %v", seed+1, r.err)
		}
		crashes += r.crashes
		switched += r.switched
		if r.segments > 3 {
			segmented++
		}
	}
	t.Logf("%d crashes, %d states taken from others, %d logs in many segments", crashes, switched, segmented)
	if !t.Failed() && (crashes < *crashSeeds*livesPerSeed || switched < *crashSeeds/2 || segmented < *crashSeeds/2) {
		t.Errorf("only %d crashes, %d states taken from others, %d logs in many segments", crashes, switched, segmented)
	}
}

// The same histories notice what would go wrong.
func TestCrash_Notices(t *testing.T) {
	skipUnderRace(t)
	for name, spoil := range map[string]func(*faulty.Disk, *Options){
		"names that are not synced":   func(d *faulty.Disk, _ *Options) { d.IgnoreSyncDir() },
		"a disk that does not sync":   func(d *faulty.Disk, _ *Options) { d.IgnoreSync() },
		"appends that are not synced": func(_ *faulty.Disk, o *Options) { o.NoSync = true },
	} {
		t.Run(name, func(t *testing.T) {
			failed := 0
			for _, r := range crashHistories(16, spoil) {
				if r.err != nil {
					failed++
				}
			}
			t.Logf("noticed in %d of 16 histories", failed)
			if failed == 0 {
				t.Error("not noticed")
			}
		})
	}
}

// skipUnderRace spares tests that fail LevelDB's compaction a report about
// LevelDB: who waits for a compaction that fails closes the channel on which
// it may answer still; the answering side recovers from that.
func skipUnderRace(t *testing.T) {
	if raceDetector {
		t.Skip("LevelDB closes a channel beside a send when a compaction fails")
	}
}

type crashResult struct {
	crashes, switched, segments int
	err                         error
}

// crashHistories runs the histories of seeds 1 to n, some at a time.
func crashHistories(n int, spoil func(*faulty.Disk, *Options)) []crashResult {
	results := make([]crashResult, n)
	var wg sync.WaitGroup
	slots := make(chan bool, 4)
	for i := range results {
		wg.Add(1)
		slots <- true
		go func() {
			defer wg.Done()
			defer func() { <-slots }()
			results[i] = crashHistory(int64(i+1), spoil)
		}()
	}
	wg.Wait()
	return results
}

func crashHistory(seed int64, spoil func(*faulty.Disk, *Options)) (r crashResult) {
	disk := faulty.New(seed, nil)
	p := newProgram(seed)
	for r.crashes < livesPerSeed && r.err == nil {
		o := Options{writeBuffer: 2 << 10 << p.rnd.Intn(5), segment: 2 << 10 << p.rnd.Intn(5)}
		spoil(disk, &o)
		o.Open, o.Files = disk.Open, disk
		disk.CrashAt(1 + p.rnd.Intn(opsPerLife))
		err := p.live(o)
		r.switched, r.segments = p.switched, p.segments
		if !disk.Crashed() || errors.Is(err, errWrong) || errors.Is(err, ErrDamaged) {
			r.err = fmt.Errorf("life %d: %w", r.crashes+1, err)
			return r
		}
		r.crashes++
		if p.rnd.Intn(3) > 0 {
			disk, r.err = disk.PowerLoss()
		} else {
			disk, r.err = disk.Kill()
		}
	}
	return r
}
