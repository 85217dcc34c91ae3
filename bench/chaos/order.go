package chaos

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"troupe/bench/client"
	"troupe/wire"
)

// Some sessions send several requests before the first is answered. They must be
// committed in the order in which they were sent, and none may be skipped.

const (
	ordered   = root + "/ordered"
	batch     = 8  // requests under way at once
	cutEvery  = 25 // batches, about, for one that is broken off
	stampEach = 4  // requests, for one that is a write
)

// pipeline sends a batch and waits until all of it is answered or lost.
func (w *worker) pipeline(ctx context.Context) error {
	home := fmt.Sprintf("%s/%d", ordered, w.number)
	if !w.ready {
		_, err := w.session.Create(ctx, home, nil, wire.OpenACL, wire.ModePersistent)
		w.ready = err == nil || errors.Is(err, wire.NodeExists)
		return err
	}
	conn, err := w.session.Wait(ctx)
	if err != nil {
		return err
	}
	if conn != w.conn {
		w.conn, w.conns = conn, w.conns+1
	}
	var under sync.WaitGroup
	for range batch {
		w.sent++
		o := &Op{Session: w.number, Server: conn.Server(), Kind: Push, Path: home + "/" + strconv.Itoa(w.sent),
			Conn: w.conns, Nth: w.sent, Begun: time.Since(w.began)}
		if w.sent%stampEach == 0 {
			o.Kind, o.Path, o.Value = Stamp, home, strconv.Itoa(w.sent)
		}
		if !w.send(conn, o, &under) {
			break
		}
		if old := w.sent - kept; old > 0 && old%stampEach != 0 &&
			!w.send(conn, &Op{Session: w.number, Server: conn.Server(), Kind: Clear, Path: home + "/" + strconv.Itoa(old), Begun: time.Since(w.began)}, &under) {
			break
		}
	}
	if w.rnd.IntN(cutEvery) == 0 {
		conn.Abandon()
	}
	under.Wait()
	return nil
}

// send does not wait for the answer. It tells whether the operation was sent.
func (w *worker) send(conn *client.Conn, o *Op, under *sync.WaitGroup) bool {
	under.Add(1)
	err := conn.Go(o.request(), func(r client.Reply) {
		defer under.Done()
		_ = w.answered(o, &r) // it is in the history
	})
	if err != nil {
		under.Done()
	}
	return err == nil
}

// commitOrder compares what sessions have sent with the zxids of it, and looks for
// what was skipped. Of what nobody was told, the trees tell, or who cleared it.
func commitOrder(e *Evidence) (found []Violation) {
	var tree Tree
	for _, t := range e.Trees {
		tree = t // they are equal, or another check says so
	}
	sent, cleared := make(map[int][]Op), fates(e.Ops)
	for _, o := range e.Ops {
		if o.Kind == Push || o.Kind == Stamp {
			if n, there := tree[o.Path]; o.Kind == Push && o.Outcome == Unknown && (there || cleared[o.Path] == Done) {
				o.Outcome, o.Zxid = Done, n.Stat.Czxid // which is 0 for what was cleared
			}
			sent[o.Session] = append(sent[o.Session], o)
		}
	}
	skipped := func(o *Op) bool {
		fate := cleared[o.Path]
		return o.Outcome != Unknown || o.Kind == Push && (fate == Refused || fate == "" && tree != nil)
	}
	for session, ops := range sent {
		slices.SortFunc(ops, func(a, b Op) int { return cmp.Compare(a.Nth, b.Nth) })
		var last Op // that was done
		for i, o := range ops {
			if o.Outcome != Done {
				continue
			}
			if o.Zxid != 0 && o.Zxid <= last.Zxid {
				found = append(found, Violation{What: fmt.Sprintf("session %d: %s, sent as number %d, has zxid %v; number %d has %v",
					session, o.Kind, o.Nth, o.Zxid, last.Nth, last.Zxid)})
			}
			if o.Zxid != 0 {
				last = o
			}
			for j := i - 1; j >= 0 && ops[j].Outcome != Done && ops[j].Conn == o.Conn; j-- {
				if skipped(&ops[j]) {
					found = append(found, Violation{What: fmt.Sprintf("session %d: number %d was done on connection %d, number %d before it was not (%s)",
						session, o.Nth, o.Conn, ops[j].Nth, ops[j].Error)})
				}
			}
		}
	}
	return found
}
