package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"time"
)

const (
	wordTimeout = 5 * time.Second
	// A connection that Apache accepts while it starts may never be answered; a loaded machine may be
	// slow to. So an attempt is given up early at first, later after as long as all before it took.
	firstPatience = 50 * time.Millisecond
	wordMaxReply  = 64 << 20 // a watch dump of a large tree; a guard, not a limit anyone meets
)

// Word sends a four-letter word and returns the answer.
func (s *Server) Word(ctx context.Context, word string) (string, error) {
	return Word(ctx, s.Addr, word)
}

// Mode is what the server says it is: standalone, leader, follower or observer. It is an error if it
// does not serve clients.
func (s *Server) Mode(ctx context.Context) (string, error) { return Mode(ctx, s.Addr) }

var modeLine = regexp.MustCompile(`(?m)^Mode: ([\w-]+)$`)

// Mode asks the server at an address for its mode, see Server.Mode.
func Mode(ctx context.Context, addr string) (string, error) {
	answer, err := Word(ctx, addr, "srvr")
	if err != nil {
		return "", err
	}
	m := modeLine.FindStringSubmatch(answer)
	if m == nil {
		return "", fmt.Errorf("srvr answered %q", answer)
	}
	return m[1], nil
}

// Word sends a four-letter word to the server at an address and returns the answer.
func Word(ctx context.Context, addr, word string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, wordTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return "", fmt.Errorf("%s: %w", word, err)
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return "", fmt.Errorf("%s: %w", word, err)
	}
	if _, err := io.WriteString(conn, word); err != nil {
		return "", fmt.Errorf("%s: %w", word, err)
	}
	answer, err := io.ReadAll(io.LimitReader(conn, wordMaxReply))
	if err != nil {
		return "", fmt.Errorf("%s: %w", word, err)
	}
	return string(answer), nil
}

// WaitServing returns when srvr tells a mode, which a server does only while it serves clients.
func (s *Server) WaitServing(ctx context.Context) error {
	return s.poll(ctx, "serve", func(ctx context.Context) error {
		_, err := s.Mode(ctx)
		return err
	})
}

// WaitListening returns when the client port accepts connections.
func (s *Server) WaitListening(ctx context.Context) error {
	return s.poll(ctx, "listen", func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.Addr)
		if err == nil {
			err = conn.Close()
		}
		return err
	})
}

// poll tries until try succeeds, the context ends or the process does.
func (s *Server) poll(ctx context.Context, what string, try func(context.Context) error) error {
	err := poll(ctx, s.Exited(), try)
	switch {
	case errors.Is(err, errExited):
		return fmt.Errorf("server at %s ended with status %d before it could %s", s.Addr, s.ExitCode(), what)
	case err != nil:
		return fmt.Errorf("server at %s does not %s: %w", s.Addr, what, err)
	}
	return nil
}

var errExited = errors.New("the process has ended")

// Pause lets some time pass, unless the context ends.
func Pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// poll tries until try succeeds, the context ends or exited is closed.
func poll(ctx context.Context, exited <-chan struct{}, try func(context.Context) error) error {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, readyTimeout)
		defer cancel()
	}
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	begun := time.Now()
	for {
		attempt, cancel := context.WithTimeout(ctx, max(firstPatience, time.Since(begun)))
		err := try(attempt)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-exited:
			return errExited
		case <-ctx.Done():
			return fmt.Errorf("%w (%w)", ctx.Err(), err)
		case <-ticker.C:
		}
	}
}
