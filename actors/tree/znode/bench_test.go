package znode

import (
	"fmt"
	"testing"

	"troupe/wire"
)

// BenchmarkApply is Evaluate and Perform together, per record.
func BenchmarkApply(b *testing.B) {
	data := make([]byte, 100)
	ops := map[string]func(i int) wire.Request{
		"create": func(i int) wire.Request {
			return &wire.Create{Kind: wire.OpCreate, Path: fmt.Sprintf("/bench/n%09d", i), Data: data, ACL: wire.OpenACL}
		},
		"set": func(i int) wire.Request { return &wire.SetData{Path: "/bench/n000000000", Data: data, Version: -1} },
	}
	for name, op := range ops {
		b.Run(name, func(b *testing.B) {
			t := New()
			zxid := wire.Zxid(1)
			apply := func(q wire.Request) {
				r := &wire.Record{Zxid: zxid, Op: q.Op(), Request: q}
				txn, _ := Evaluate(t, r)
				t.Perform(r, &txn, nil)
				zxid++
			}
			apply(&wire.Create{Kind: wire.OpCreate, Path: "/bench", ACL: wire.OpenACL})
			apply(&wire.Create{Kind: wire.OpCreate, Path: "/bench/n000000000", ACL: wire.OpenACL})
			requests := make([]wire.Request, b.N)
			for i := range requests {
				requests[i] = op(i + 1)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for _, q := range requests {
				apply(q)
			}
		})
	}
}
