package chaos

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"regexp"

	"troupe/bench/process/mesh"
)

// unsound is what a server's log has when the program itself is wrong. Other
// failures of actors may be what a fault is about.
var unsound = regexp.MustCompile(`"panic":"runtime error: [^"]*|^panic: .*|^fatal error: .*|^WARNING: DATA RACE`)

// longestLine of a log: a failure comes with its stack.
const longestLine = 1 << 20

// readLogs looks through the servers' logs.
func (e *Evidence) readLogs(servers *mesh.Ensemble) error {
	for i, s := range servers.Servers {
		found, err := faulty(s.LogPath)
		if err != nil {
			return fmt.Errorf("log of server.%d: %w", i+1, err)
		}
		for _, f := range found {
			e.Unsound = append(e.Unsound, fmt.Sprintf("server.%d: %s", i+1, f))
		}
	}
	return nil
}

func faulty(file string) (found []string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		if what := unsound.Find(lines.Bytes()); what != nil {
			found = append(found, string(what))
		}
	}
	return found, errors.Join(lines.Err(), f.Close())
}

// sound tells what was found in the logs.
func sound(e *Evidence) (found []Violation) {
	for _, what := range e.Unsound {
		found = append(found, Violation{What: what})
	}
	return found
}
