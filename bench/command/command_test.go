package command

import (
	"io"
	"strings"
	"testing"
)

func TestNew_RefusesWhatItCannotRead(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--workloads get,put", `"put"`},
		{"--shapes 10x40,50", `"50"`},
		{"--target etcd --dir " + t.TempDir(), `"etcd"`},
		{"--rounds 0 --dir " + t.TempDir(), "rounds"},
		{"--seconds=-1 --dir " + t.TempDir(), "length of a run"},
		{"now", "unknown command"},
		{"failover --target etcd --dir " + t.TempDir(), `"etcd"`},
		{"failover --faults rain --dir " + t.TempDir(), `"rain"`},
		{"sweep --servers 0 --dir " + t.TempDir(), "servers"},
		{"sweep --reads 101 --dir " + t.TempDir(), "reads"},
		{"sweep --shape 10 --dir " + t.TempDir(), `"10"`},
		{"sweep --target etcd --dir " + t.TempDir(), `"etcd"`},
		{"--skew=-1 --dir " + t.TempDir(), "skew"},
		{"--workloads mixed:101 --dir " + t.TempDir(), `"mixed:101"`},
		{"ceiling-server --peers 127.0.0.1:1 --dir " + t.TempDir(), "refused"},
		{"ceiling-server --dir " + t.TempDir() + "/none", "no such file"},
	} {
		cmd := New()
		cmd.SetArgs(strings.Fields(c.args))
		cmd.SetOut(io.Discard)
		cmd.SetErr(io.Discard)
		if err := cmd.Execute(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.args, err)
		}
	}
}
