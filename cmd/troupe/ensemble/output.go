package ensemble

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/rs/zerolog"
)

const (
	tailBytes = 4096 // of a log that are looked at when a server has ended
	tailLines = 10
	longLine  = 64 << 10 // bytes of a line above which its beginning is passed on as it is
)

// locked is a writer for several goroutines.
type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// output takes what a server says: all goes to its log file, and what is a
// warning or worse to people, too.
type output struct {
	log      io.Writer
	people   zerolog.ConsoleWriter
	stopping *atomic.Bool // then it is no wonder that servers miss each other
	line     []byte       // the last one, until it ends
}

func newOutput(name string, log, people io.Writer, plain bool, stopping *atomic.Bool) *output {
	return &output{log: log, stopping: stopping, people: zerolog.ConsoleWriter{Out: people, NoColor: plain, TimeFormat: "15:04:05.000",
		FormatPrepare: func(fields map[string]any) error {
			fields[zerolog.MessageFieldName] = fmt.Sprintf("%s: %v", name, fields[zerolog.MessageFieldName])
			return nil
		}}}
}

func (o *output) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		part, after, ended := bytes.Cut(rest, []byte("\n"))
		rest = after
		if len(o.line) < longLine {
			o.line = append(o.line, part...)
		}
		if ended {
			o.pass(o.line)
			o.line = o.line[:0]
		}
	}
	return o.log.Write(p)
}

// pass shows a line of the log if it is a warning or worse.
func (o *output) pass(line []byte) {
	var said struct{ Level zerolog.Level }
	least := zerolog.WarnLevel
	if o.stopping.Load() {
		least = zerolog.ErrorLevel
	}
	if json.Unmarshal(line, &said) != nil || said.Level < least {
		return
	}
	_, _ = o.people.Write(line) // nobody is left to be told
}

// tail is the end of a log.
func tail(path string) string {
	log, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(log[max(0, len(log)-tailBytes):])), "\n")
	return "  " + strings.Join(lines[max(0, len(lines)-tailLines):], "\n  ")
}
