package faulty

import (
	"errors"
	"fmt"
	"math/rand"
	"sync"
	"syscall"
	"time"

	"github.com/syndtr/goleveldb/leveldb/storage"
)

// Op is a kind of operation that changes what is on the disk.
type Op int

// The operations that are counted and can fail.
const (
	Create Op = iota
	Write
	Sync
	SyncDir
	SetMeta
	Remove
	Rename
)

func (o Op) String() string {
	return [...]string{"create", "write", "sync", "sync directory", "set meta", "remove", "rename"}[o]
}

// ErrCrashed is what every operation returns once the disk has crashed.
var ErrCrashed = errors.New("faulty: the disk has crashed")

// Disk is a set of directories on one failing device. It is safe for
// concurrent use.
type Disk struct {
	open func(dir string) (storage.Storage, error)

	mu      sync.Mutex
	rnd     *rand.Rand
	dirs    map[string]*directory
	names   names
	ops     int
	crashAt int // the operation that crashes; 0: none
	crashed bool
	faults  []fault
	broken  [Rename + 1]error // of each kind, what all fail with
	quota   int64             // bytes that fit; < 0: no limit
	used    int64
	slow    time.Duration
	lies    bool // Sync does nothing
	unnamed bool // SyncDir does nothing
}

// fault is one failure to come: the nth operation of a kind from now.
type fault struct {
	op  Op
	n   int
	err error
}

// New returns a disk whose choices follow seed. open opens the storages below;
// nil keeps everything in memory.
func New(seed int64, open func(dir string) (storage.Storage, error)) *Disk {
	if open == nil {
		open = func(string) (storage.Storage, error) { return newMemory(), nil }
	}
	return &Disk{open: open, rnd: rand.New(rand.NewSource(seed)), dirs: make(map[string]*directory), names: newNames(), quota: -1}
}

// Open opens a directory. One that is open already, or not yet closed, is
// refused as a file lock would refuse it.
func (d *Disk) Open(dir string) (storage.Storage, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.crashed {
		return nil, ErrCrashed
	}
	at, ok := d.dirs[dir]
	if !ok {
		at = &directory{disk: d, files: make(map[storage.FileDesc]*file)}
	}
	if at.held {
		return nil, fmt.Errorf("open %s: %w", dir, syscall.EAGAIN)
	}
	if at.base == nil || at.closed {
		base, err := d.open(dir)
		if err != nil {
			return nil, err
		}
		if err := at.adopt(base); err != nil {
			return nil, errors.Join(err, base.Close())
		}
	}
	at.held = true
	d.dirs[dir] = at
	return &handle{dir: at}, nil
}

// Fail makes the nth operation of a kind from now (1: the next) return err.
func (d *Disk) Fail(op Op, n int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = append(d.faults, fault{op, n, err})
}

// Break makes all operations of a kind return err from now on; nil mends that.
func (d *Disk) Break(op Op, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broken[op] = err
}

// CrashAt lets the nth operation of any kind from now be the last: what it did
// is left half done, and it and all later ones return ErrCrashed.
func (d *Disk) CrashAt(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.crashAt = d.ops + n
}

// Quota sets how many bytes fit on the disk, in all; < 0 is no limit. A write
// beyond it is cut short with ENOSPC.
func (d *Disk) Quota(bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.quota = bytes
}

// SlowSync lets every Sync take this much longer.
func (d *Disk) SlowSync(delay time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.slow = delay
}

// IgnoreSync makes Sync report success and do nothing, as disks that lie do.
func (d *Disk) IgnoreSync() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lies = true
}

// IgnoreSyncDir makes SyncDir report success and do nothing. Manifests still
// make names durable when they are synced.
func (d *Disk) IgnoreSyncDir() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unnamed = true
}

// Ops counts the operations so far.
func (d *Disk) Ops() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ops
}

// Used is the number of bytes in all files.
func (d *Disk) Used() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.used
}

// Crashed tells whether the disk has crashed.
func (d *Disk) Crashed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.crashed
}

// step counts an operation. half says that it is the one the disk crashes at.
// It is called with d.mu held.
func (d *Disk) step(op Op) (half bool, err error) {
	if d.crashed {
		return false, ErrCrashed
	}
	d.ops++
	if d.ops == d.crashAt {
		d.crashed = true
		return true, ErrCrashed
	}
	err = d.broken[op]
	for i := range d.faults {
		if f := &d.faults[i]; f.op == op && f.n > 0 {
			if f.n--; f.n == 0 && err == nil {
				err = f.err
			}
		}
	}
	return false, err
}

// coin decides by seed. It is called with d.mu held.
func (d *Disk) coin() bool { return d.rnd.Intn(2) == 0 }
