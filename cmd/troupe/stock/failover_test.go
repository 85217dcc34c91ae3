package stock_test

import (
	"strings"
	"testing"

	"troupe/bench/process"
)

// TestFailover takes servers of an ensemble from under all clients at once: first the one that
// leads, then one to which clients are connected. Sessions, ephemeral nodes and watches go on, on
// whatever server.
func TestFailover(t *testing.T) {
	client(t)
	need(t, process.Available(kind()))
	s := start(t, ensemble, "tickTime=1000", "maxSessionTimeout=6000", "extendedTypesEnabled=true")
	door := s.here + "," + s.there
	z := connect(t, door)
	alive := board(t, z, door)
	before := keep(t, z)
	unharmed := func() {
		t.Helper()
		eventually(t, "the ensemble serves again", func() bool {
			_, err := z.Sync("/")
			return err == nil
		})
		before.check(t, z)
		for _, client := range alive {
			client.owns(t, z)
		}
	}

	leading, err := s.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Servers[leading].Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Leader(t.Context()); err != nil {
		t.Fatal(err)
	}
	unharmed()
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}

	for _, server := range s.Servers {
		if server.Addr != s.here {
			continue
		}
		if err := server.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	unharmed()
	for _, client := range alive {
		client.console.at = client.name + ": "
		// What happens before a server has them back, watches that stay never tell.
		eventually(t, client.name+"'s watches are back", func() bool { return s.watched(t, "/restart/"+client.name) })
		client.console.expectWatchEvents(client.provoke(z)...)
	}
	expire(t, z, alive)
}

// watched says whether one of the servers that run holds a watch of the data at a path.
func (s *servers) watched(t *testing.T, path string) bool {
	for _, server := range s.Servers {
		if !server.Running() {
			continue
		}
		if answer, err := server.Word(t.Context(), "wchp"); err == nil && strings.Contains("\n"+answer, "\n"+path+"\n") {
			return true
		}
	}
	return false
}
