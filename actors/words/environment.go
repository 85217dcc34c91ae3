package words

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"runtime/debug"
	sysinfo "runtime/metrics"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"troupe/actors/config"
	"troupe/actors/tree"
)

// host is what the machine says of itself and of this process.
type host struct {
	name, osName, osVersion string
	user, home, dir, tmp    string
	memoryFree, memoryTotal int64 // bytes that the process holds unused, and in all
	memoryMax               int64 // what it keeps within (GOMEMLIMIT)
	openFiles, maxFiles     uint64
	dataDirSize, logDirSize int64 // bytes
	goroutines              int
}

func (w *Words) conf(b *strings.Builder, _ *tree.Description) {
	h := w.host()
	b.WriteString(w.cfg.Conf(h.dataDirSize, h.logDirSize))
}

func (w *Words) dirs(b *strings.Builder, _ *tree.Description) {
	h := w.host()
	fmt.Fprintf(b, "datadir_size: %d\nlogdir_size: %d\n", h.dataDirSize, h.logDirSize)
}

func (w *Words) envi(b *strings.Builder, _ *tree.Description) {
	h := w.host()
	b.WriteString("Environment:\n")
	for _, v := range [][2]string{
		{"zookeeper.version", w.version},
		{"host.name", h.name},
		{"java.version", "<NA>"},
		{"go.version", runtime.Version()},
		{"java.io.tmpdir", h.tmp},
		{"os.name", h.osName},
		{"os.arch", runtime.GOARCH},
		{"os.version", h.osVersion},
		{"user.name", h.user},
		{"user.home", h.home},
		{"user.dir", h.dir},
		{"os.memory.free", megabytes(h.memoryFree)},
		{"os.memory.max", megabytes(h.memoryMax)},
		{"os.memory.total", megabytes(h.memoryTotal)},
	} {
		fmt.Fprintf(b, "%s=%s\n", v[0], v[1])
	}
}

func megabytes(n int64) string { return fmt.Sprintf("%dMB", n>>20) }

// inspect looks at the machine. What it does not tell stays zero.
func inspect(cfg *config.Config) host {
	h := host{tmp: os.TempDir(), memoryMax: debug.SetMemoryLimit(-1), dataDirSize: size(cfg.StateDir()),
		logDirSize: size(cfg.LogDir())}
	h.name, _ = os.Hostname()
	h.home, _ = os.UserHomeDir()
	h.dir, _ = os.Getwd()
	if u, err := user.Current(); err == nil {
		h.user = u.Username
	}
	var uname unix.Utsname
	if unix.Uname(&uname) == nil {
		h.osName, h.osVersion = unix.ByteSliceToString(uname.Sysname[:]), unix.ByteSliceToString(uname.Release[:])
	}
	h.memoryFree, h.memoryTotal = memory()
	h.goroutines = runtime.NumGoroutine()
	if open, err := os.ReadDir("/proc/self/fd"); err == nil {
		h.openFiles = uint64(len(open))
	}
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil {
		h.maxFiles = uint64(limit.Cur)
	}
	return h
}

// memory is what the process has from the system: unused, and in all.
func memory() (free, total int64) {
	samples := []sysinfo.Sample{
		{Name: "/memory/classes/heap/free:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
		{Name: "/memory/classes/total:bytes"},
	}
	sysinfo.Read(samples)
	released := int64(samples[1].Value.Uint64())
	return int64(samples[0].Value.Uint64()), int64(samples[2].Value.Uint64()) - released
}

// size adds up the files below dir. Those that go meanwhile do not count, nor
// does what cannot be read.
func size(dir string) (sum int64) {
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return nil
		}
		if info, err := e.Info(); err == nil {
			sum += info.Size()
		}
		return nil
	})
	return sum
}
