package version

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"
)

const (
	// Number is the version of this program.
	Number = "0.1.0"
	// ZooKeeper is the version of Apache ZooKeeper whose behaviour this program
	// has. Clients read it to decide which features they use.
	ZooKeeper = "3.8.0"
)

// Build is what is known of how the running binary was made. What is not known
// is zero.
type Build struct {
	Revision string    // of the source; empty if it was not built from a checkout
	Time     time.Time // of the revision
	Modified bool      // the source differed from the revision
	Tags     string    // of the build, with commas between them
}

// ReadBuild reads it from the binary.
func ReadBuild() Build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return Build{}
	}
	return fromSettings(info.Settings)
}

func fromSettings(settings []debug.BuildSetting) (b Build) {
	for _, s := range settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.time":
			if t, err := time.Parse(time.RFC3339, s.Value); err == nil {
				b.Time = t.UTC()
			}
		case "vcs.modified":
			b.Modified = s.Value == "true"
		case "-tags":
			b.Tags = s.Value
		}
	}
	return b
}

// Shown is the version as ZooKeeper's clients and monitors parse it:
// 3.8.0-troupe.0.1.0, built on 2026-01-31 12:00 UTC.
func (b Build) Shown() string {
	built := "unknown date"
	if !b.Time.IsZero() {
		built = b.Time.Format("2006-01-02 15:04 UTC")
	}
	return ZooKeeper + "-troupe." + Number + ", built on " + built
}

// String is the version for people.
func (b Build) String() string {
	source := "not built from a checkout"
	if b.Revision != "" {
		source = "commit " + b.Revision[:min(len(b.Revision), 12)]
		if b.Modified {
			source += ", modified"
		}
	}
	if b.Tags != "" {
		source += ", tags " + b.Tags
	}
	return fmt.Sprintf("troupe %s (%s, %s, %s/%s), like ZooKeeper %s", Number, source, runtime.Version(),
		runtime.GOOS, runtime.GOARCH, ZooKeeper)
}
