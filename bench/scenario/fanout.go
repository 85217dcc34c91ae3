package scenario

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"troupe/bench/client"
	"troupe/bench/load"
	"troupe/wire"
)

const (
	watched       = "/watched"
	fanOutWarm    = 10 // changes before those that count
	fanOutChanges = 20
)

// fanOut has sessions watch one znode, changes it, and looks when the last of
// them knows, counted from when the change was asked for.
func fanOut(ctx context.Context, w *World) (figures []Figure, err error) {
	for _, n := range w.Watchers {
		lasts, err := w.tell(ctx, n)
		if err != nil {
			return nil, fmt.Errorf("%d watchers: %w", n, err)
		}
		figures = append(figures, Figure{fmt.Sprintf("last of %d told", n), "ms", load.Median(lasts)},
			Figure{fmt.Sprintf("last of %d told, slowest change", n), "ms", slices.Max(lasts)})
	}
	return figures, nil
}

// tell returns for each change how long it took, in milliseconds.
func (w *World) tell(ctx context.Context, n int) (lasts []float64, err error) {
	told := &rendezvous{}
	watchers, err := connect(ctx, w.Addrs, n, client.Options{SessionTimeout: 30 * time.Second,
		OnEvent: func(wire.WatchEvent) { told.arrive() }})
	defer func() { err = errors.Join(err, disconnect(ctx, watchers)) }()
	if err != nil {
		return nil, err
	}
	lost := make(chan error, n)
	for _, c := range watchers {
		go func() {
			<-c.Done()
			lost <- c.Err()
		}()
	}
	writer := watchers[0]
	if _, err := writer.Create(ctx, watched, nil, wire.OpenACL, wire.ModePersistent); err != nil && !errors.Is(err, wire.NodeExists) {
		return nil, err
	}
	if err := each(ctx, watchers, func(int) wire.Request { return &wire.Sync{Path: watched} }); err != nil {
		return nil, err
	}
	for i := range fanOutWarm + fanOutChanges {
		if err := each(ctx, watchers, func(int) wire.Request { return &wire.GetData{Path: watched, Watch: true} }); err != nil {
			return nil, err
		}
		all := told.expect(n)
		began := time.Now()
		if _, err := writer.Set(ctx, watched, make([]byte, 100), -1); err != nil {
			return nil, err
		}
		select {
		case end := <-all:
			if i >= fanOutWarm {
				lasts = append(lasts, millis(end.Sub(began)))
			}
		case err := <-lost:
			return nil, fmt.Errorf("a watcher has lost its connection: %w", err)
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return lasts, nil
}

// rendezvous tells when the last of many has arrived.
type rendezvous struct {
	mu   sync.Mutex
	left int
	all  chan time.Time
}

func (r *rendezvous) expect(n int) <-chan time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left, r.all = n, make(chan time.Time, 1)
	return r.all
}

func (r *rendezvous) arrive() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left--; r.left == 0 {
		r.all <- time.Now()
	}
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
