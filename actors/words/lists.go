package words

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"troupe/actors/metrics"
	"troupe/actors/tree"
	"troupe/wire"
)

func (w *Words) wchs(b *strings.Builder, d *tree.Description) {
	fmt.Fprintf(b, "%d connections watching %d paths\nTotal watches:%d\n", d.Watchers, d.WatchedPaths, d.Watches)
}

func (w *Words) wchc(b *strings.Builder, d *tree.Description) {
	for _, id := range slices.Sorted(maps.Keys(d.WatchesBySession)) {
		fmt.Fprintln(b, id)
		indented(b, d.WatchesBySession[id])
	}
	b.WriteByte('\n')
}

func (w *Words) wchp(b *strings.Builder, d *tree.Description) {
	for _, path := range slices.Sorted(maps.Keys(d.WatchesByPath)) {
		fmt.Fprintln(b, path)
		indented(b, d.WatchesByPath[path])
	}
	b.WriteByte('\n')
}

// indented prints a list in order, each thing once.
func indented[T wire.SessionID | string](b *strings.Builder, list []T) {
	for _, v := range slices.Compact(slices.Sorted(slices.Values(list))) {
		fmt.Fprintf(b, "\t%v\n", v)
	}
}

func (w *Words) dump(b *strings.Builder, d *tree.Description) {
	fmt.Fprintf(b, "SessionTracker dump:\nGlobal Sessions(%d):\n", len(d.SessionTimeouts))
	for _, id := range slices.Sorted(maps.Keys(d.SessionTimeouts)) {
		fmt.Fprintf(b, "%v\t%dms\n", id, d.SessionTimeouts[id])
	}
	fmt.Fprintf(b, "ephemeral nodes dump:\nSessions with Ephemerals (%d):\n", len(d.SessionEphemerals))
	for _, id := range slices.Sorted(maps.Keys(d.SessionEphemerals)) {
		fmt.Fprintf(b, "%v:\n", id)
		indented(b, d.SessionEphemerals[id])
	}
	b.WriteString("Connections dump:\n")
	w.connectionSets(b)
}

// connectionSets lists connections by when each ends if it stays silent.
func (w *Words) connectionSets(b *strings.Builder) {
	sets := make(map[int64][]*metrics.Connection)
	all := w.metrics.Connections()
	for _, c := range all {
		end := w.end(c)
		sets[end] = append(sets[end], c)
	}
	fmt.Fprintf(b, "Connections Sets (%d)/(%d):\n", len(sets), len(all))
	for _, end := range slices.Sorted(maps.Keys(sets)) {
		date := time.UnixMilli(end).In(w.now().Location()).Format("Mon Jan 02 15:04:05 MST 2006")
		fmt.Fprintf(b, "%d expire at %s:\n", len(sets[end]), date)
		for _, c := range sets[end] {
			fmt.Fprintf(b, "\tip: /%v sessionId: %v\n", remote(c), wire.SessionID(c.Session.Load()))
		}
	}
}

// end is when a connection ends if it stays silent, rounded up to a tick, in
// milliseconds since 1970.
func (w *Words) end(c *metrics.Connection) int64 {
	heard, patience := c.Established.UnixMilli(), w.cfg.SessionlessTimeout.Milliseconds()
	if c.Session.Load() != 0 {
		heard, patience = max(heard, c.LastReply.Load()), int64(c.Timeout.Load())
	}
	tick := max(w.cfg.TickTime.Milliseconds(), 1)
	return (heard + patience + tick - 1) / tick * tick
}
