package chaos

import (
	"context"
	"errors"
	"fmt"

	"troupe/bench/client"
)

// trees reads the tree of each server, from that server.
func trees(ctx context.Context, addrs []string) (map[string]Tree, error) {
	all := make(map[string]Tree)
	for _, addr := range addrs {
		conn, err := client.Dial(ctx, client.Options{Servers: []string{addr}, SessionTimeout: sessionTimeout})
		if err != nil {
			return nil, err
		}
		t := make(Tree)
		err = conn.Sync(ctx, "/")
		if err == nil {
			err = t.read(ctx, conn, root)
		}
		if err := errors.Join(err, conn.Close(ctx)); err != nil {
			return nil, fmt.Errorf("read the tree of %s: %w", addr, err)
		}
		all[addr] = t
	}
	return all, nil
}

func (t Tree) read(ctx context.Context, conn *client.Conn, path string) error {
	data, stat, err := conn.Get(ctx, path, false)
	if err != nil {
		return err
	}
	t[path] = Node{string(data), stat}
	if stat.NumChildren == 0 {
		return nil
	}
	names, _, err := conn.Children(ctx, path, false)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := t.read(ctx, conn, path+"/"+name); err != nil {
			return err
		}
	}
	return nil
}
