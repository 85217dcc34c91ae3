package replica

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"troupe/actors/config"
	"troupe/actors/tree/znode"
	"troupe/persistence"
	"troupe/persistence/faulty"
	"troupe/wire"
)

// disks are the files of a server, in memory.
type disks struct {
	*testing.T
	cfg         config.Config
	o           persistence.Options
	uncommitted wire.Zxid // records at the log's end
}

func newDisks(t *testing.T) *disks {
	cfg := config.Default()
	cfg.DataDir, cfg.DataLogDir = t.TempDir(), t.TempDir()
	return &disks{t, cfg, persistence.Options{Open: faulty.New(1, nil).Open}, 0}
}

func (d *disks) recover() (*recovered, error) {
	r, err := recoverReplica(&d.cfg, d.o, zerolog.Nop())
	if err == nil {
		d.Cleanup(func() { _ = r.close() }) // a test may have closed it
	}
	return r, err
}

// directories are those in use.
func (d *disks) directories() persistence.Directories {
	d.Helper()
	dirs, err := persistence.Locate(d.cfg.DataDir, d.cfg.DataLogDir, d.o)
	if err != nil {
		d.Fatal(err)
	}
	return dirs
}

// refused wants recovery to fail for a reason, and the files to be closed.
func (d *disks) refused(kind error, says string) {
	d.Helper()
	for range 2 { // the second time shows that the first has let go of everything
		if r, err := d.recover(); !errors.Is(err, kind) || !strings.Contains(err.Error(), says) {
			d.Fatalf("%+v, %v, want %v about %q", r, err, kind, says)
		}
	}
}

// log appends records.
func (d *disks) log(records ...*wire.Record) {
	d.Helper()
	p := wire.NewPacker()
	var entries []persistence.Entry
	for _, r := range records {
		entries = append(entries, persistence.Entry{Zxid: r.Zxid, Data: p.Record(nil, r)})
	}
	d.entries(entries...)
}

func (d *disks) entries(entries ...persistence.Entry) {
	d.Helper()
	l, _, err := persistence.OpenLog(d.directories().Log, d.o)
	if err != nil {
		d.Fatal(err)
	}
	if err := errors.Join(l.Append(entries, entries[len(entries)-1].Zxid-d.uncommitted), l.Close()); err != nil {
		d.Fatal(err)
	}
}

// save writes a checkpoint; change may spoil it.
func (d *disks) save(t *znode.Tree, change func(*persistence.Checkpoint, map[string][]byte)) {
	d.Helper()
	t.BeginSnapshot()
	s, p := t.SnapshotSlice(1<<20), wire.NewPacker()
	c := &persistence.Checkpoint{Zxid: s.Zxid, Digest: s.Digest}
	values := make(map[string][]byte)
	for path, z := range s.Nodes {
		values[path] = p.Znode(nil, z)
	}
	c.Nodes = maps.All(values)
	for id, ses := range s.Sessions {
		c.Sessions = append(c.Sessions, persistence.SessionValue{ID: int64(id), Value: p.Session(nil, ses)})
	}
	if change != nil {
		change(c, values)
	}
	state, err := persistence.OpenState(d.directories().State, d.o)
	if err != nil {
		d.Fatal(err)
	}
	if err := errors.Join(state.Commit(c), state.Close()); err != nil {
		d.Fatal(err)
	}
}

// history is some records, and the tree that they make.
func history(from, to wire.Zxid, t *znode.Tree) (records []*wire.Record) {
	for z := from; z <= to; z++ {
		var q wire.Request = &wire.Create{Kind: wire.OpCreate, Path: fmt.Sprintf("/n%d", z), ACL: wire.OpenACL, Mode: wire.ModeEphemeral}
		if z == 1 {
			q = &wire.CreateSession{Timeout: 4000, Password: []byte("secret")}
		}
		var e wire.Encoder
		e.EncodeRequest(q)
		r := &wire.Record{Zxid: z, Eval: wire.EvalVersion, Op: q.Op(), Time: int64(z), Session: 7, Body: e.Bytes()}
		txn, _ := znode.Evaluate(t, r)
		t.Perform(r, &txn, nil)
		records = append(records, r)
	}
	return records
}

func TestRecover_Nothing(t *testing.T) {
	r, err := newDisks(t).recover()
	if err != nil || r.tree.Applied() != 0 || r.checkpoint != 0 || r.tree.Digest() != znode.New().Digest() {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestRecover_FromTheLogAlone(t *testing.T) {
	d, want := newDisks(t), znode.New()
	d.log(history(1, 20, want)...)
	r, err := d.recover()
	if err != nil || r.tree.Applied() != 20 || r.tree.Digest() != want.Digest() || r.checkpoint != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	if got := r.tree.Ephemerals(7); len(got) != 19 {
		t.Errorf("%d ephemerals", len(got))
	}
}

func TestRecover_FromCheckpointAndLog(t *testing.T) {
	for _, at := range []wire.Zxid{1, 10, 20} {
		d, want := newDisks(t), znode.New()
		records := history(1, at, want)
		d.save(want, nil)
		records = append(records, history(at+1, 20, want)...)
		d.log(records...)
		r, err := d.recover()
		if err != nil || r.tree.Applied() != 20 || r.tree.Digest() != want.Digest() || r.checkpoint != at || r.tree.Counts() != want.Counts() {
			t.Errorf("checkpoint at %v: %+v, %v", at, r, err)
		}
	}
}

// TestRecover_WhatIsNotKnownCommitted is kept, and not applied: a leader has to
// commit it.
func TestRecover_WhatIsNotKnownCommitted(t *testing.T) {
	d, want := newDisks(t), znode.New()
	d.uncommitted = 5
	records := history(1, 15, want)
	digest := want.Digest()
	d.log(append(records, history(16, 20, want)...)...)
	r, err := d.recover()
	if err != nil || r.tree.Applied() != 15 || r.tree.Digest() != digest || len(r.tail) != 5 || r.tail[0].Entries[0].Zxid != 16 ||
		r.tail[4].Last() != 20 || r.tail[4].Records[0].Zxid != 20 {
		t.Fatalf("%+v, %v", r, err)
	}
}

// TestRecover_ARecordThatFailsInEvaluate costs its zxid, as it did at first.
func TestRecover_ARecordThatFailsInEvaluate(t *testing.T) {
	d, want := newDisks(t), znode.New()
	records := history(1, 3, want)
	records = append(records, &wire.Record{Zxid: 4, Eval: 1, Op: wire.OpGetData, Session: 7, Body: []byte{0, 0, 0, 1, '/', 0}},
		&wire.Record{Zxid: 5, Eval: 1, Op: wire.OpCreate, Session: 7, Body: []byte("rubbish")})
	d.log(records...)
	if r, err := d.recover(); err != nil || r.tree.Applied() != 5 || r.tree.Digest() != want.Digest() {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestRecover_WhatDoesNotFitTogether(t *testing.T) {
	d := newDisks(t) // the log has been lost
	tree := znode.New()
	history(1, 10, tree)
	d.save(tree, nil)
	d.refused(persistence.ErrDamaged, "log ends at 0x0")

	d = newDisks(t) // the log is of an earlier time
	tree = znode.New()
	d.log(history(1, 5, tree)...)
	history(6, 10, tree)
	d.save(tree, nil)
	d.refused(persistence.ErrDamaged, "log ends at 0x5")

	d = newDisks(t) // the state has been lost, and the log does not go back to the beginning
	tree = znode.New()
	d.log(history(1, 20, tree)...)
	l, _, err := persistence.OpenLog(d.directories().Log, d.o)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.SetCommitted(20), l.Trim(15), l.Close()); err != nil {
		t.Fatal(err)
	}
	d.refused(persistence.ErrDamaged, "begins after 0xe")

	d = newDisks(t) // a record is not one
	d.entries(persistence.Entry{Zxid: 1, Data: []byte("rubbish")})
	d.refused(persistence.ErrDamaged, "0x1")

	d = newDisks(t) // it is of a later version
	d.log(&wire.Record{Zxid: 1, Eval: wire.EvalVersion + 1, Op: wire.OpCloseSession})
	d.refused(persistence.ErrNewerFormat, "evaluation")
}

func TestRecover_ASpoiltCheckpoint(t *testing.T) {
	for says, spoil := range map[string]func(*persistence.Checkpoint, map[string][]byte){
		"digest": func(c *persistence.Checkpoint, _ map[string][]byte) { c.Digest++ },
		"parent": func(_ *persistence.Checkpoint, values map[string][]byte) {
			acl := wire.OpenACL
			values["/none/x"] = wire.NewPacker().Znode(nil, &wire.Znode{ACL: &acl})
		},
		"znode":      func(_ *persistence.Checkpoint, values map[string][]byte) { values["/"] = []byte("rubbish") },
		"session 0x": func(c *persistence.Checkpoint, _ map[string][]byte) { c.Sessions[0].Value = []byte("rubbish") },
	} {
		d, tree := newDisks(t), znode.New()
		d.log(history(1, 10, tree)...)
		d.save(tree, spoil)
		d.refused(persistence.ErrDamaged, says)
	}
}
