//go:build faults

package main

import (
	"strings"
	"testing"

	"troupe/persistence/faulty"
)

func TestFaults_RefuseWhatMeansNothing(t *testing.T) {
	f := &faults{device: faulty.New(1, nil)}
	var then func()
	for command, want := range map[string]string{
		"":               "want disk, clock",
		"rain":           `"rain"`,
		"disk":           "want slow",
		"disk slow":      "invalid syntax",
		"disk slow -1":   "invalid syntax",
		"clock":          "invalid duration",
		"clock tomorrow": "invalid duration",
		"panic":          "want one of",
		"delay tree":     "invalid syntax",
		"delay sea 5":    `"sea"`,
		"drop frame all": "invalid syntax",
		"drop sea 1":     `"sea"`,
	} {
		if err := f.obey(strings.Fields(command), &then); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", command, err)
		}
	}
}
