package quorum

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sync"
	"time"

	"troupe/bench/client"
	"troupe/bench/process"
	"troupe/wire"
)

// node is a znode as a server shows it.
type node struct {
	data string
	stat wire.Stat
}

// snapshot is a server's whole tree.
type snapshot map[string]node

// read reads the whole tree after a sync. Nobody may write meanwhile.
func read(ctx context.Context, conn *client.Conn) (snapshot, error) {
	if err := conn.Sync(ctx, "/"); err != nil {
		return nil, err
	}
	s := snapshot{}
	for level := []string{"/"}; len(level) > 0; {
		below, err := s.level(conn, level)
		if err != nil {
			return nil, err
		}
		level = below
	}
	delete(s, "/zookeeper/config") // shows the server's own zoo.cfg, where addresses may differ
	return s, nil
}

// level reads some znodes, all at once, and returns the paths of their children.
func (s snapshot) level(conn *client.Conn, paths []string) (below []string, err error) {
	var all sync.WaitGroup
	ask := func(req wire.Request, answered func(wire.Body)) {
		all.Add(1)
		failed := conn.Go(req, func(r client.Reply) { // callbacks run one after the other
			defer all.Done()
			kept := r.Keep()
			if body, bad := kept.Body(); bad != nil {
				err = errors.Join(err, fmt.Errorf("%+v: %w", req, bad))
			} else {
				answered(body)
			}
		})
		if failed != nil {
			all.Done()
		}
	}
	for _, path := range paths {
		ask(&wire.GetData{Path: path}, func(b wire.Body) {
			r := b.(*wire.DataReply)
			s[path] = node{string(r.Data), r.Stat}
		})
		ask(&wire.GetChildren{Path: path}, func(b wire.Body) {
			for _, name := range b.(*wire.NamesReply).Names {
				below = append(below, child(path, name))
			}
		})
	}
	all.Wait()
	return below, errors.Join(err, conn.Err())
}

func child(path, name string) string {
	if path == "/" {
		return path + name
	}
	return path + "/" + name
}

var zxidLine = regexp.MustCompile(`(?m)^Zxid: (0x[0-9a-f]+)$`)

// zxid is what srvr says that the server has applied.
func (e *ensemble) zxid(server int) string {
	ctx, cancel := context.WithTimeout(e.ctx, 5*time.Second)
	defer cancel()
	answer, err := process.Word(ctx, e.Addr(server), "srvr")
	if m := zxidLine.FindStringSubmatch(answer); err == nil && m != nil {
		return m[1]
	}
	return ""
}

// agree reads every server's tree and makes sure that they are all the same; it returns that one.
// Nobody may write meanwhile.
func (e *ensemble) agree(servers ...int) snapshot {
	e.Helper()
	if len(servers) == 0 {
		servers = e.others()
	}
	var conns []*client.Conn
	for _, i := range servers {
		conns = append(conns, e.session(i, 60*time.Second))
	}
	trees := make([]snapshot, len(servers))
	e.must(joined(len(servers), func(k int) (err error) {
		trees[k], err = read(e.within(patience), conns[k])
		return err
	}))
	for k := 1; k < len(servers); k++ {
		if maps.Equal(trees[0], trees[k]) {
			continue
		}
		for _, path := range slices.Sorted(maps.Keys(trees[0])) {
			if a, b := trees[0][path], trees[k][path]; a != b {
				e.Errorf("%s is %+v on server.%d and %+v on server.%d", path, a, servers[0]+1, b, servers[k]+1)
			}
		}
		e.Errorf("server.%d has %d znodes, server.%d has %d", servers[0]+1, len(trees[0]), servers[k]+1, len(trees[k]))
	}
	e.until("all servers are at one zxid", patience, func() bool {
		for _, i := range servers {
			if z := e.zxid(i); z == "" || z != e.zxid(servers[0]) {
				return false
			}
		}
		return true
	})
	for _, conn := range conns {
		e.must(conn.Close(e.within(patience)))
	}
	return trees[0]
}
