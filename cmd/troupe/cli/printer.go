package cli

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode"
)

// printer is where the shell prints. Whole lines are kept whole, though watch
// events come while a command prints.
type printer struct {
	mu       sync.Mutex
	out      *bufio.Writer
	complain func(string) // prints an error or a warning
	terminal bool         // a person watches: nothing that controls a terminal gets through
	err      error        // the first failure to write
}

// newPrinter prints to out, and complains to errs.
func newPrinter(out, errs io.Writer, terminal bool) *printer {
	p := &printer{out: bufio.NewWriter(out), terminal: terminal}
	p.complain = func(s string) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.keep(p.out.Flush()) // in the order it was said, should both be the same place
		_, err := fmt.Fprintln(errs, p.clean(s))
		p.keep(err)
	}
	return p
}

// keep remembers the first error.
func (p *printer) keep(err error) {
	if p.err == nil {
		p.err = err
	}
}

// text prints s, which is whole lines.
func (p *printer) text(s string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := p.out.WriteString(p.clean(s))
	p.keep(err)
}

// flush makes what was printed visible. It fails if any printing has failed.
func (p *printer) flush() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keep(p.out.Flush())
	return p.err
}

// clean makes control characters in s visible, where they would do more than be
// seen: data can hold anything.
func (p *printer) clean(s string) string {
	if !p.terminal || strings.IndexFunc(s, controls) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if controls(r) {
			fmt.Fprintf(&b, `\x%02x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func controls(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }
