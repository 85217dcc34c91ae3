package chaos

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"troupe/bench/client"
	"troupe/bench/process"
)

// leftTime is how long sessions that were left to themselves may take to be gone:
// the longest timeout, and half as much.
const leftTime = sessionTimeout*3/2 + tick

// look reads the tree of each server, from that server, once all sessions but those
// that read are gone from all of them, or should be.
func (e *Evidence) look(ctx context.Context, addrs []string) (err error) {
	var conns []*client.Conn
	defer func() {
		for _, c := range conns {
			err = errors.Join(err, c.Close(ctx))
		}
	}()
	for _, addr := range addrs {
		conn, err := client.Dial(ctx, client.Options{Servers: []string{addr}, SessionTimeout: sessionTimeout})
		if err != nil {
			return err
		}
		conns = append(conns, conn)
	}
	if e.Sessions, err = settled(ctx, addrs, len(conns)); err != nil {
		return err
	}
	all := make(map[string]Tree)
	for i, conn := range conns {
		t := make(Tree)
		if err := errors.Join(conn.Sync(ctx, "/"), t.read(ctx, conn, root), t.read(ctx, conn, quotaRoot+root)); err != nil {
			return fmt.Errorf("read the tree of %s: %w", addrs[i], err)
		}
		all[addrs[i]] = t
	}
	e.Trees = all
	return nil
}

// again is when one that waits for servers looks again.
const again = 100 * time.Millisecond

// settled waits until each server has so many sessions, and tells which.
func settled(ctx context.Context, addrs []string, want int) (all map[string][]string, err error) {
	for late := time.Now().Add(leftTime); ; {
		all = make(map[string][]string)
		done := true
		for _, addr := range addrs {
			if all[addr], err = sessions(ctx, addr); err != nil {
				return nil, err
			}
			done = done && len(all[addr]) == want && slices.Equal(all[addr], all[addrs[0]])
		}
		if done || time.Now().After(late) {
			return all, nil // checks say what they think of it
		}
		if err := process.Pause(ctx, again); err != nil {
			return nil, err
		}
	}
}

var sessionID = regexp.MustCompile(`0x[0-9a-f]+`)

// sessions are the ids of those that a server knows.
func sessions(ctx context.Context, addr string) ([]string, error) {
	answer, err := process.Word(ctx, addr, "dump")
	if err != nil {
		return nil, err
	}
	table, _, found := strings.Cut(answer, "ephemeral nodes dump")
	if !found {
		return nil, fmt.Errorf("dump of %s answered %q", addr, answer)
	}
	ids := sessionID.FindAllString(table, -1)
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

func (t Tree) read(ctx context.Context, conn *client.Conn, path string) error {
	data, stat, err := conn.Get(ctx, path, false)
	if err != nil {
		return err
	}
	acl, _, err := conn.GetACL(ctx, path)
	if err != nil {
		return err
	}
	t[path] = Node{string(data), stat, fmt.Sprint(acl)}
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
