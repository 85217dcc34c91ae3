package load

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// fileSystems names the magic numbers of statfs(2).
var fileSystems = map[int64]string{
	unix.EXT4_SUPER_MAGIC: "ext4", unix.XFS_SUPER_MAGIC: "xfs", unix.BTRFS_SUPER_MAGIC: "btrfs",
	unix.TMPFS_MAGIC: "tmpfs (memory: syncs cost nothing here)", unix.OVERLAYFS_SUPER_MAGIC: "overlayfs",
	unix.NFS_SUPER_MAGIC: "nfs",
}

// fileSystem names the file system that holds dir, "" if that is not known.
func fileSystem(dir string) string {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return ""
	}
	return fileSystems[int64(s.Type)]
}

// loopbackBytes is how much has gone over loopback; 0 if that is not known.
func loopbackBytes() uint64 { return field("/proc/net/dev", "lo:", 1) }

// flushes is how often the disk that holds dir was told to write its cache; 0 if
// that is not known.
func flushes(dir string) uint64 {
	var s unix.Stat_t
	if unix.Stat(dir, &s) != nil {
		return 0
	}
	const completed = 15 // as the kernel's Documentation/block/stat.rst counts, from 0; since Linux 5.5
	return field(fmt.Sprintf("/sys/dev/block/%d:%d/stat", unix.Major(s.Dev), unix.Minor(s.Dev)), "", completed)
}

// field is a number of the line that begins with a word, 0 if there is none.
func field(file, begin string, i int) uint64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) <= i || begin != "" && fields[0] != begin {
			continue
		}
		n, err := strconv.ParseUint(fields[i], 10, 64)
		if err != nil {
			return 0
		}
		return n
	}
	return 0
}
