package mesh

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// identify writes a server's myid.
func (e *Ensemble) identify(server int) error {
	data := filepath.Join(e.Dir(server), "data")
	if err := os.MkdirAll(data, 0o755); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	if err := os.WriteFile(filepath.Join(data, "myid"), fmt.Appendln(nil, server+1), 0o644); err != nil {
		return fmt.Errorf("write myid: %w", err)
	}
	return nil
}

// lines is the zoo.cfg of a server, beyond what package process writes by itself.
func (e *Ensemble) lines(server int) []string {
	lines := []string{fmt.Sprintf("clientPort=%d", e.ports[server][0]), "initLimit=10", "syncLimit=5"}
	if server >= e.spec.Servers {
		lines = append(lines, "peerType=observer")
	}
	for i := range e.Servers {
		lines = append(lines, e.line(server, i))
	}
	lines = merge(lines, e.spec.Config)
	if e.spec.Each != nil {
		lines = merge(lines, e.spec.Each(server))
	}
	return lines
}

// line is the server line of one server in the zoo.cfg of another.
func (e *Ensemble) line(in, server int) string {
	role, quorum, election := "participant", e.ports[server][1], e.ports[server][2]
	if server >= e.spec.Servers {
		role = "observer"
	}
	if e.links != nil && in != server {
		quorum, election = e.links[in][server][0].port(), e.links[in][server][1].port()
	}
	return fmt.Sprintf("server.%d=%s:%d:%d:%s", server+1, e.host(server), quorum, election, role)
}

// merge adds lines to others, instead of those of the same key. A line "key=" with nothing behind takes
// the key away.
func merge(lines, more []string) []string {
	key := func(line string) string { k, _, _ := strings.Cut(line, "="); return strings.TrimSpace(k) }
	keep := slices.DeleteFunc(slices.Clone(lines), func(line string) bool {
		return slices.ContainsFunc(more, func(m string) bool { return key(m) == key(line) })
	})
	for _, m := range more {
		if !strings.HasSuffix(m, "=") {
			keep = append(keep, m)
		}
	}
	return keep
}
