package crash

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"troupe/bench/client"
	"troupe/wire"
)

// observe reads the whole tree. Nobody may write meanwhile; guests may leave.
func observe(ctx context.Context, conn *client.Conn) (*observation, error) {
	o := &observation{nodes: map[string]node{}}
	level := []string{"/"}
	for len(level) > 0 {
		next, err := o.read(ctx, conn, level)
		if err != nil {
			return nil, fmt.Errorf("read the tree: %w", err)
		}
		level = next
	}
	o.zxid = conn.LastZxid()
	return o, nil
}

// read reads some nodes, all at once, and returns the paths of their children.
func (o *observation) read(ctx context.Context, conn *client.Conn, paths []string) (below []string, err error) {
	var all sync.WaitGroup
	ask := func(path string, req wire.Request, answered func(wire.Body)) error {
		all.Add(1)
		sent := conn.Go(req, func(r client.Reply) {
			defer all.Done()
			r = r.Keep()
			body, failed := r.Body()
			if errors.Is(failed, wire.NoNode) && strings.HasPrefix(path, guestRoot+"/") {
				return
			}
			if failed != nil {
				err = errors.Join(err, fmt.Errorf("%s: %w", describe(req), failed))
				return
			}
			answered(body)
		})
		if sent != nil {
			all.Done()
		}
		return sent
	}
	// All callbacks run on one goroutine, one after the other.
	for _, path := range paths {
		data := ask(path, &wire.GetData{Path: path}, func(body wire.Body) {
			d := body.(*wire.DataReply)
			o.nodes[path] = node{d.Data, d.Stat}
		})
		children := ask(path, &wire.GetChildren{Path: path, WithStat: true}, func(body wire.Body) {
			for _, name := range body.(*wire.NamesStatReply).Names {
				below = append(below, join(path, name))
			}
		})
		if sent := errors.Join(data, children); sent != nil {
			conn.Abandon()
			all.Wait()
			return nil, sent
		}
	}
	defer context.AfterFunc(ctx, func() { go conn.Abandon() })()
	all.Wait()
	return below, err
}

func join(parent, name string) string {
	if parent == "/" {
		return "/" + name
	}
	return parent + "/" + name
}
