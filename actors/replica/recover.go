package replica

import (
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"troupe/actors/config"
	"troupe/actors/tree/znode"
	"troupe/cluster/zab"
	"troupe/persistence"
	"troupe/wire"
)

// disk is what an incarnation stands on.
type disk struct {
	log   *persistence.Log
	state *persistence.State
}

// recovered is a replica rebuilt from disk.
type recovered struct {
	disk
	tree       *znode.Tree
	checkpoint wire.Zxid
	tail       []*zab.Batch // in the log behind what is known committed
}

// errDamaged says that what is on disk does not fit together.
var errDamaged = persistence.ErrDamaged

// recoverReplica opens the files and rebuilds the tree: the checkpoint, then the log
// after it, up to what is known committed. What follows is kept for a leader to
// commit; a server alone does so at once.
func recoverReplica(cfg *config.Config, o persistence.Options, log zerolog.Logger) (*recovered, error) {
	started := time.Now()
	state, txlog, found, err := persistence.Open(cfg.DataDir, cfg.DataLogDir, o)
	if err != nil {
		return nil, err
	}
	r := &recovered{disk: disk{txlog, state}}
	replayed, err := r.rebuild()
	if err != nil {
		return nil, errors.Join(err, r.close())
	}
	e := log.Info()
	if found.Dropped > 0 {
		e = log.Warn().Stringer("tail", found.Tail).Int64("dropped_bytes", found.Dropped)
	}
	e.Stringer("zxid", r.tree.Applied()).Stringer("checkpoint", r.checkpoint).Int("replayed", replayed).Int("uncommitted", len(r.tail)).
		Int("znodes", r.tree.Counts().Nodes).Int("sessions", r.tree.Counts().Sessions).
		Dur("took_ms", time.Since(started)).Msg("state recovered")
	return r, nil
}

func (d *disk) close() error { return errors.Join(d.log.Close(), d.state.Close()) }

// rebuild loads the checkpoint and replays the log.
func (r *recovered) rebuild() (replayed int, err error) {
	zxid, digest := r.state.Applied()
	r.checkpoint = zxid
	if err := r.log.Continues(zxid); err != nil {
		return 0, err
	}
	l, err := load(r.state)
	if err != nil {
		return 0, err
	}
	r.tree = l.Tree(zxid)
	if zxid > 0 && r.tree.Digest() != digest {
		return 0, fmt.Errorf("%w: the checkpoint at %v has digest %x, its nodes add up to %x", errDamaged,
			zxid, digest, r.tree.Digest())
	}
	return r.replay()
}

func (r *recovered) replay() (n int, err error) {
	var events []znode.Event
	committed := r.log.Committed()
	err = r.log.Scan(r.checkpoint+1, func(e persistence.Entry) error {
		rec, err := wire.UnpackRecord(e.Data)
		if err != nil {
			return fmt.Errorf("%w: transaction log, %v: %w", errDamaged, e.Zxid, err)
		}
		if rec.Eval > wire.EvalVersion {
			return fmt.Errorf("%w: record %v is of evaluation version %d", persistence.ErrNewerFormat, e.Zxid, rec.Eval)
		}
		if e.Zxid > committed {
			r.tail = append(r.tail, &zab.Batch{Records: []wire.Record{*rec}, Entries: []wire.Entry{e}})
			return nil
		}
		txn, _ := znode.Evaluate(r.tree, rec)
		events = r.tree.Perform(rec, &txn, events[:0])
		n++
		return nil
	})
	return n, err
}
