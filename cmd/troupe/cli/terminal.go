package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"

	"golang.org/x/term"
)

const keyCtrlC = 3

// terminal is line editing on a terminal. What is written to it while a line is
// being edited appears above that line.
type terminal struct {
	in, out     *os.File
	history     *historyFile
	complete    func(line string, pos int, key rune) (string, int, bool)
	interrupted bool // Ctrl-C was among what was read last

	mu     sync.Mutex
	editor *term.Terminal
}

func newTerminal(in, out *os.File, history *historyFile) *terminal {
	t := &terminal{in: in, out: out, history: history}
	t.restart("")
	return t
}

// restart begins with an empty line; the editor cannot be told to drop one.
func (t *terminal) restart(prompt string) {
	editor := term.NewTerminal(t, prompt)
	editor.History = t.history
	editor.AutoCompleteCallback = func(line string, pos int, key rune) (string, int, bool) {
		return t.complete(line, pos, key)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.editor = editor
}

func (t *terminal) current() *term.Terminal {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.editor
}

// Read is the keyboard, for the editor.
func (t *terminal) Read(p []byte) (int, error) {
	n, err := t.in.Read(p)
	t.interrupted = bytes.IndexByte(p[:n], keyCtrlC) >= 0
	return n, err
}

// Write is the screen, for the editor.
func (t *terminal) Write(p []byte) (int, error) { return t.out.Write(p) }

// screen is the terminal for everybody but the editor.
type screen struct{ *terminal }

func (s screen) Write(p []byte) (int, error) { return s.current().Write(p) }

// readLine reads a line in raw mode, and leaves the terminal as it was. It ends
// with io.EOF at Ctrl-D.
func (t *terminal) readLine(prompt func() string) (string, error) {
	old, err := term.MakeRaw(int(t.in.Fd()))
	if err != nil {
		return "", fmt.Errorf("prepare terminal: %w", err)
	}
	line, err := t.edit(prompt)
	return line, errors.Join(err, term.Restore(int(t.in.Fd()), old))
}

// fit tells the editor how large the terminal is.
func (t *terminal) fit() {
	if width, height, err := term.GetSize(int(t.out.Fd())); err == nil && width > 0 {
		// An editor that does not know still edits.
		_ = t.current().SetSize(width, height)
	}
}

func (t *terminal) edit(prompt func() string) (string, error) {
	t.fit()
	stop := onResize(t.fit)
	defer stop()
	for {
		editor := t.current()
		editor.SetPrompt(prompt())
		t.interrupted = false
		line, err := editor.ReadLine()
		if err == io.EOF && t.interrupted {
			if _, err := t.out.WriteString("^C\r\n"); err != nil {
				return "", err
			}
			t.restart(prompt())
			t.fit()
			continue
		}
		return line, err
	}
}

// runTerminal is the shell for a person.
func runTerminal(ctx context.Context, s settings, in, out *os.File) error {
	history, err := openHistory()
	if err != nil {
		fmt.Fprintf(out, "No history is kept: %v\n", err)
	}
	t := newTerminal(in, out, history)
	p := newPrinter(screen{t}, screen{t}, true)
	sh := newShell(s, p, true)
	sh.onState = func() { t.current().SetPrompt(sh.prompt()) }
	t.complete = func(line string, pos int, key rune) (string, int, bool) {
		return sh.complete(ctx, line, pos, key)
	}
	p.text("Connecting to " + s.server + "\nWelcome! help lists the commands, Tab completes them and paths.\n")
	if err := sh.connect(ctx, s.server); err != nil {
		return errors.Join(p.flush(), fmt.Errorf("connect: %w", err))
	}
	err = sh.loop(ctx, t)
	sh.printEvents.Store(false)
	return errors.Join(err, sh.disconnect(context.WithoutCancel(ctx)))
}

// loop carries out what is typed until quit or Ctrl-D.
func (s *shell) loop(ctx context.Context, t *terminal) error {
	for !s.quit {
		if err := s.out.flush(); err != nil {
			return err
		}
		line, err := t.readLine(s.prompt)
		if errors.Is(err, io.EOF) {
			s.out.text("\n")
			return s.out.flush()
		}
		if err != nil {
			return fmt.Errorf("read a line: %w", err)
		}
		if err := s.interruptible(ctx, line); err != nil && !errors.Is(err, ErrFailed) {
			return err
		}
	}
	return nil
}

// interruptible carries out a line; Ctrl-C stops the waiting.
func (s *shell) interruptible(ctx context.Context, line string) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	return s.executeLine(ctx, line)
}
