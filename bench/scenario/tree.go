package scenario

import (
	"context"
	"fmt"

	"troupe/bench/load"
	"troupe/bench/process"
)

// trees fills a server step by step, and at each size weighs it, kills it, and
// looks how long it takes to serve again and what it weighs then.
func trees(ctx context.Context, w *World) (figures []Figure, err error) {
	s := w.Servers[0]
	took, err := w.restart(ctx, s)
	if err != nil {
		return nil, err
	}
	empty, err := w.resident(ctx)
	if err != nil {
		return nil, err
	}
	figures = append(figures, Figure{"start, empty", "ms", took}, Figure{"memory, empty", "MiB", float64(empty) / (1 << 20)})
	filling, err := load.NewFilling(ctx, w.Addrs)
	if err != nil {
		return nil, err
	}
	for _, n := range w.Znodes {
		if err := filling.Reach(ctx, n); err != nil {
			return nil, fmt.Errorf("%d znodes: %w", n, err)
		}
		full, err := w.resident(ctx)
		if err != nil {
			return nil, err
		}
		if took, err = w.restart(ctx, s); err != nil {
			return nil, err
		}
		again, err := w.resident(ctx)
		if err != nil {
			return nil, err
		}
		each := func(bytes int64) float64 { return float64(bytes-empty) / float64(n) }
		figures = append(figures, Figure{fmt.Sprintf("%d znodes: memory of each", n), "B", each(full)},
			Figure{fmt.Sprintf("%d znodes: start after kill -9", n), "ms", took},
			Figure{fmt.Sprintf("%d znodes: memory of each after it", n), "B", each(again)})
	}
	return figures, nil
}

// restart kills a server and returns how many milliseconds it takes to serve again.
func (w *World) restart(ctx context.Context, s *process.Server) (float64, error) {
	return load.Restart(ctx, s, func(context.Context, *process.Server) error { return s.Kill() })
}
