package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	historyName  = ".troupe_history"
	historyBound = 1000 // lines kept
)

// historyFile is the lines typed, of this run and of earlier ones, newest last.
// It is the editor's History.
type historyFile struct {
	lines []string
	file  *os.File // nil if none is kept
}

// openHistory reads the history in the user's home directory. The history is
// usable, if not kept, when there is an error.
func openHistory() (*historyFile, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return &historyFile{}, err
	}
	return openHistoryAt(filepath.Join(home, historyName))
}

func openHistoryAt(name string) (*historyFile, error) {
	h := &historyFile{}
	old, err := os.ReadFile(name)
	if err != nil && !os.IsNotExist(err) {
		return h, fmt.Errorf("read history: %w", err)
	}
	for line := range strings.Lines(string(bytes.ToValidUTF8(old, nil))) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			h.lines = append(h.lines, line)
		}
	}
	if extra := len(h.lines) - historyBound; extra > 0 {
		h.lines = h.lines[extra:]
		if err := replaceFile(name, strings.Join(h.lines, "\n")+"\n"); err != nil {
			return h, fmt.Errorf("shorten history: %w", err)
		}
	}
	h.file, err = os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return h, fmt.Errorf("open history: %w", err)
	}
	return h, nil
}

// replaceFile puts text into a file at once, so that no reader sees half of it.
func replaceFile(name, text string) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name))
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if end := f.Close(); err == nil {
		err = end
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// Add keeps a line that was typed: no empty ones, no repetition, and nothing with
// a password beyond this run.
func (h *historyFile) Add(line string) {
	if strings.TrimSpace(line) == "" || len(h.lines) > 0 && h.lines[len(h.lines)-1] == line {
		return
	}
	h.lines = append(h.lines, line)
	if len(h.lines) > historyBound {
		h.lines = h.lines[1:]
	}
	if h.file == nil || strings.HasPrefix(strings.TrimSpace(line), "addauth") {
		return
	}
	if _, err := h.file.WriteString(line + "\n"); err != nil {
		// A history that cannot be kept is no reason to disturb its user.
		h.file.Close()
		h.file = nil
	}
}

// Len is the number of lines.
func (h *historyFile) Len() int { return len(h.lines) }

// At is a line; 0 is the newest.
func (h *historyFile) At(i int) string { return h.lines[len(h.lines)-1-i] }
