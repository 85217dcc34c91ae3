package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"

	"troupe/bench/client"
	"troupe/bench/load"
	"troupe/wire"
)

const (
	idleTimeout  = 10 * time.Second // of the sessions; their clients ping on their own
	idleTimeouts = 3                // so many of them the sessions have to outlive
)

// sessions connects a crowd at once, leaves it alone, and looks who is still there.
func sessions(ctx context.Context, w *World) (figures []Figure, err error) {
	empty, err := w.resident(ctx)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	crowd, err := connect(ctx, w.Addrs, w.Sessions, client.Options{SessionTimeout: idleTimeout})
	defer func() { err = errors.Join(err, disconnect(ctx, crowd)) }()
	if err != nil {
		return nil, err
	}
	stormed := time.Since(began)
	full, err := w.resident(ctx)
	if err != nil {
		return nil, err
	}
	if err := pass(ctx, time.Until(began.Add(stormed+idleTimeouts*crowd[0].SessionTimeout()))); err != nil {
		return nil, err
	}
	lost := 0
	var sound []*client.Conn
	for _, c := range crowd {
		select {
		case <-c.Done():
			lost++
		default:
			sound = append(sound, c)
		}
	}
	if err := each(ctx, sound, func(int) wire.Request { return &wire.Exists{Path: "/"} }); err != nil {
		return nil, fmt.Errorf("sessions that seemed to be there: %w", err)
	}
	name := func(what string) string { return fmt.Sprintf("%d sessions: %s", w.Sessions, what) }
	return []Figure{
		{name("until all are connected"), "ms", millis(stormed)},
		{name("memory of each"), "KiB", float64(full-empty) / float64(w.Sessions) / 1024},
		{name(fmt.Sprintf("lost within %d timeouts", idleTimeouts)), "sessions", float64(lost)},
	}, nil
}

// resident is the memory of all servers together, come to rest, in bytes.
func (w *World) resident(ctx context.Context) (sum int64, err error) {
	for _, s := range w.Servers {
		rss, err := load.PoisedRSS(ctx, s, w.Settle)
		if err != nil {
			return 0, err
		}
		sum += rss
	}
	return sum, nil
}
