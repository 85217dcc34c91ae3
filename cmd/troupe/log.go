package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

const levelVariable = "TROUPE_LOG_LEVEL"

// logged is the part of a command line that is about the log.
type logged struct{ level string }

// bind makes cmd take a log level.
func (l *logged) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&l.level, "log-level", "", "trace, debug, info, warn or error (default $"+levelVariable+", or info)")
}

// threshold is the level that the command line asks for, or the environment.
func (l *logged) threshold() (zerolog.Level, error) {
	name, source := l.level, "--log-level"
	if name == "" {
		name, source = os.Getenv(levelVariable), levelVariable
	}
	if name == "" {
		return zerolog.InfoLevel, nil
	}
	level, err := zerolog.ParseLevel(name)
	if err != nil || level < zerolog.TraceLevel || level > zerolog.ErrorLevel {
		return 0, &usageError{fmt.Errorf("%s is %q; want trace, debug, info, warn or error", source, name)}
	}
	return level, nil
}

// open makes the logger: for people if w is a terminal, else one JSON object a
// line.
func (l *logged) open(w io.Writer) (zerolog.Logger, error) {
	level, err := l.threshold()
	if err != nil {
		return zerolog.Nop(), err
	}
	zerolog.TimeFieldFormat = "2006-01-02T15:04:05.000Z07:00"
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		_, plain := os.LookupEnv("NO_COLOR")
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: time.StampMilli, NoColor: plain}
	}
	return zerolog.New(w).Level(level).With().Timestamp().Logger(), nil
}
