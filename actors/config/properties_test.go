package config

import (
	"bufio"
	"encoding/json"
	"os"
	"reflect"
	"testing"
)

// TestProperties_AsJava compares with what java.util.Properties (Java 17) made
// of the same bytes; testdata/properties.jsonl is recorded from it. A "want" of
// null is an IllegalArgumentException.
func TestProperties_AsJava(t *testing.T) {
	path := "testdata/properties.jsonl"
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	n := 0
	for ; lines.Scan(); n++ {
		var c struct {
			Text string
			Want map[string]string
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, p := range readProperties(c.Text) {
			if p.badEscape {
				got = nil
				break
			}
			got[p.key] = p.value
		}
		if !reflect.DeepEqual(got, c.Want) {
			t.Errorf("%q: got %q, want %q", c.Text, got, c.Want)
		}
	}
	if err := lines.Err(); err != nil || n < 250 {
		t.Fatalf("%d cases read: %v", n, err)
	}
}

func TestProperties_Lines(t *testing.T) {
	text := "\n# a\ra=1\r\n\r\n  b=2\\\n  3\nc=4"
	want := []property{
		{key: "a", value: "1", line: 3},
		{key: "b", value: "23", line: 5},
		{key: "c", value: "4", line: 7},
	}
	if got := readProperties(text); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestDecode(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"UTF-8", "dataDir=/srv/b\u00fcro", "dataDir=/srv/b\u00fcro"},
		{"UTF-8 with a mark", "\xef\xbb\xbftickTime=1", "tickTime=1"},
		{"ISO 8859-1", "dataDir=/srv/b\xfcro", "dataDir=/srv/b\u00fcro"},
	} {
		if got := decode([]byte(c.data)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
