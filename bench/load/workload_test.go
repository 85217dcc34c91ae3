package load

import "testing"

func TestParseWorkload(t *testing.T) {
	for text, want := range map[string]Workload{"get": Get, "delete": Delete, "getChildren": GetChildren, "multi": Multi,
		"mixed": Mixed, "mixed:0": Mix(0), "mixed:090": Mixed, "mixed:100": Mix(100)} {
		if got, err := ParseWorkload(text); err != nil || got != want {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "put", "mixed:", "mixed:101", "mixed:-1", "mixed:x", "get:50", ":50"} {
		if got, err := ParseWorkload(text); err == nil {
			t.Errorf("%q: %q", text, got)
		}
	}
	if got := Mix(25).String(); got != "mixed (25 % reads)" {
		t.Error(got)
	}
}
