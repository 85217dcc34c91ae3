package ceiling

import (
	"maps"
	"net"
	"slices"
	"sync"

	"troupe/wire"
)

// watches are the data watches of all connections, by path.
type watches struct {
	mu  sync.Mutex
	set map[string]map[net.Conn]bool
}

// add sets a connection's watch.
func (w *watches) add(path string, c net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.set == nil {
		w.set = make(map[string]map[net.Conn]bool)
	}
	if w.set[path] == nil {
		w.set[path] = make(map[net.Conn]bool)
	}
	w.set[path][c] = true
}

// any tells whether there are watches at all.
func (w *watches) any() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.set) > 0
}

// forget removes those of a connection.
func (w *watches) forget(c net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for path, who := range w.set {
		if delete(who, c); len(who) == 0 {
			delete(w.set, path)
		}
	}
}

// take removes those of a path.
func (w *watches) take(path string) []net.Conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	who := slices.Collect(maps.Keys(w.set[path]))
	delete(w.set, path)
	return who
}

// tell writes the event to all who watch the path, one after the other. Who cannot be
// told finds that out by itself.
func (w *watches) tell(path string) {
	who := w.take(path)
	if len(who) == 0 {
		return
	}
	var e wire.Encoder
	e.ReplyFrame(&wire.Reply{ReplyHeader: wire.ReplyHeader{Xid: wire.XidWatchEvent, Zxid: ^wire.Zxid(0)},
		Body: &wire.WatchEvent{Type: wire.EventNodeDataChanged, State: wire.StateSyncConnected, Path: path}})
	for _, c := range who {
		_, _ = c.Write(e.Bytes())
	}
}
