package replica

import (
	"fmt"
	"testing"

	"github.com/rs/zerolog"

	"troupe/actors/config"
	"troupe/actors/tree/znode"
	"troupe/persistence"
	"troupe/wire"
)

// BenchmarkRecover is a start with 200,000 znodes of 100 bytes in a checkpoint.
func BenchmarkRecover(b *testing.B) {
	cfg := config.Default()
	cfg.DataDir = b.TempDir()
	cfg.DataLogDir = cfg.DataDir
	fill(b, &cfg, 200_000)
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		r, err := recoverReplica(&cfg, persistence.Options{}, zerolog.Nop())
		if err != nil {
			b.Fatal(err)
		}
		if err := r.close(); err != nil {
			b.Fatal(err)
		}
	}
}

// fill writes a checkpoint of n znodes, and a log that reaches it.
func fill(b *testing.B, cfg *config.Config, n int) {
	t, packer := znode.New(), wire.NewPacker()
	c := &persistence.Checkpoint{}
	for i := range n {
		r := &wire.Record{Zxid: wire.Zxid(i + 1), Eval: wire.EvalVersion, Op: wire.OpCreate,
			Request: &wire.Create{Kind: wire.OpCreate, Path: fmt.Sprintf("/node-%09d", i), Data: make([]byte, 100), ACL: wire.OpenACL}}
		txn, out := znode.Evaluate(t, r)
		if out.Err != wire.OK {
			b.Fatal(out.Err)
		}
		t.Perform(r, &txn, nil)
	}
	t.BeginSnapshot()
	s := t.SnapshotSlice(n + 10)
	c.Nodes = func(yield func(string, []byte) bool) {
		for path, z := range s.Nodes {
			if !yield(path, packer.Znode(nil, z)) {
				return
			}
		}
	}
	c.Zxid, c.Digest = s.Zxid, s.Digest
	state, log, _, err := persistence.Open(cfg.DataDir, cfg.DataLogDir, persistence.Options{})
	if err != nil {
		b.Fatal(err)
	}
	last := &wire.Record{Zxid: s.Zxid, Eval: wire.EvalVersion, Op: wire.OpCloseSession}
	for _, err := range []error{state.Commit(c),
		log.Append([]persistence.Entry{{Zxid: s.Zxid, Data: packer.Record(nil, last)}}, s.Zxid), state.Close(), log.Close()} {
		if err != nil {
			b.Fatal(err)
		}
	}
}
