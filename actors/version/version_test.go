package version

import (
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
)

func TestBuild_ShownIsWhatParsersTake(t *testing.T) {
	for _, b := range []Build{
		{},
		fromSettings([]debug.BuildSetting{{Key: "vcs.time", Value: "2026-01-31T12:34:56Z"}}),
		fromSettings([]debug.BuildSetting{{Key: "vcs.time", Value: "yesterday"}}),
	} {
		line := "Zookeeper version: " + b.Shown()
		if !regexp.MustCompile(`\s\d+\.\d+\.\d+-[^,\s]+, built on \S`).MatchString(line) {
			t.Errorf("%q", line)
		}
	}
}

func TestBuild_FromSettings(t *testing.T) {
	b := fromSettings([]debug.BuildSetting{
		{Key: "vcs.revision", Value: "0123456789abcdef"},
		{Key: "vcs.time", Value: "2026-01-31T13:34:56+01:00"},
		{Key: "vcs.modified", Value: "true"},
		{Key: "GOOS", Value: "linux"},
		{Key: "-tags", Value: "faults"},
	})
	if want := "3.8.0-troupe." + Number + ", built on 2026-01-31 12:34 UTC"; b.Shown() != want {
		t.Errorf("shown as %q, want %q", b.Shown(), want)
	}
	if s := b.String(); !strings.Contains(s, "troupe "+Number+" (commit 0123456789ab, modified, tags faults, go") {
		t.Errorf("%q", s)
	}
	if s := (Build{}).String(); !strings.Contains(s, "not built from a checkout") {
		t.Errorf("%q", s)
	}
}
