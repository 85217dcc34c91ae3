package sweep

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"troupe/bench/load"
)

// Run measures what the options ask for. All servers that it has started have
// ended when it returns; what they wrote is removed, unless they fail.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Load.Connect != "" {
		o.Servers = []int{o.connected()}
	}
	o.Reads = slices.Sorted(slices.Values(o.Reads))
	o.Servers = slices.Sorted(slices.Values(o.Servers))
	if err := o.check(); err != nil {
		return nil, err
	}
	report := &Report{Began: time.Now()}
	for _, servers := range o.Servers {
		l := o.size(servers)
		l.Dir = filepath.Join(o.Load.Dir, fmt.Sprintf("servers-%d", servers))
		if err := report.measure(ctx, servers, l); err != nil {
			return nil, fmt.Errorf("%d servers: %w", servers, err)
		}
	}
	report.Took = time.Since(report.Began).Seconds()
	return report, nil
}

// measure measures one ensemble size.
func (r *Report) measure(ctx context.Context, servers int, l load.Options) error {
	if err := os.MkdirAll(l.Dir, 0o755); err != nil {
		return err
	}
	found, err := load.Run(ctx, l)
	if err != nil {
		return err
	}
	r.add(servers, found)
	return os.RemoveAll(l.Dir)
}
