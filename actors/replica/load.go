package replica

import (
	"errors"
	"fmt"

	"troupe/actors/tree/znode"
	"troupe/persistence"
	"troupe/wire"
)

// A checkpoint is loaded by two goroutines: one reads and decodes nodes, so many at
// a time and so many times ahead, the other builds the tree of them.
const (
	nodesAtATime = 512
	batchesAhead = 4
)

// loading is a node on its way into the tree.
type loading struct {
	path string
	z    *wire.Znode
}

// errAbandoned ends the reader after the builder has failed.
var errAbandoned = errors.New("loading was abandoned")

// load brings the checkpoint's nodes and sessions into a tree.
func load(state *persistence.State) (*znode.Loader, error) {
	l := znode.NewLoader()
	batches, stop := make(chan []loading, batchesAhead), make(chan struct{})
	sessions := make(map[wire.SessionID]wire.Session)
	var unread error
	go func() {
		defer close(batches)
		unread = decode(state, batches, stop, sessions)
	}()
	err := build(l, batches)
	if err != nil {
		close(stop)
		for range batches { // until the reader has ended
		}
		return nil, err
	}
	if unread != nil {
		return nil, unread
	}
	for id, s := range sessions {
		l.Session(id, s)
	}
	return l, nil
}

func build(l *znode.Loader, batches <-chan []loading) error {
	for batch := range batches {
		for i := range batch {
			if n := &batch[i]; !l.Node(n.path, n.z) {
				return fmt.Errorf("%w: checkpoint, %s: its parent is missing", errDamaged, n.path)
			}
		}
	}
	return nil
}

// decode reads all nodes, by path in byte order, and all sessions.
func decode(state *persistence.State, batches chan<- []loading, stop <-chan struct{}, sessions map[wire.SessionID]wire.Session) error {
	batch := make([]loading, 0, nodesAtATime)
	hand := func() error {
		select {
		case batches <- batch:
			batch = make([]loading, 0, nodesAtATime)
			return nil
		case <-stop:
			return errAbandoned
		}
	}
	err := state.Load(func(path string, value []byte) error {
		z, err := wire.UnpackZnode(value)
		if err != nil {
			return fmt.Errorf("%w: checkpoint, %s: %w", errDamaged, path, err)
		}
		if batch = append(batch, loading{path, z}); len(batch) < nodesAtATime {
			return nil
		}
		return hand()
	}, func(id int64, value []byte) error {
		s, err := wire.UnpackSession(value)
		if err != nil {
			return fmt.Errorf("%w: checkpoint, session 0x%x: %w", errDamaged, uint64(id), err)
		}
		sessions[wire.SessionID(id)] = *s
		return nil
	})
	if err != nil {
		return err
	}
	return hand()
}
