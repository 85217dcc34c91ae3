package actors

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"troupe/bench/client"
	"troupe/wire"
)

func rss() string {
	b, _ := os.ReadFile("/proc/self/status")
	for _, l := range strings.Split(string(b), "\n") {
		if strings.HasPrefix(l, "VmRSS") {
			return l
		}
	}
	return ""
}

func TestZZMem(t *testing.T) {
	if os.Getenv("PERF") == "" {
		t.Skip()
	}
	cfg := testConfig(t)
	s := start(t, cfg)
	ctx := context.Background()
	t.Log(rss())
	c := dial(t, s, client.Options{})
	data := make([]byte, 100)
	c.Create(ctx, "/k", data, wire.OpenACL, wire.ModePersistent)
	sem := make(chan struct{}, 200)
	b := time.Now()
	for i := 0; i < 200000; i++ {
		sem <- struct{}{}
		c.Go(&wire.Create{Kind: wire.OpCreate, Path: fmt.Sprintf("/k/node-%08d", i), Data: data, ACL: wire.OpenACL}, func(client.Reply) { <-sem })
	}
	c.Sync(ctx, "/")
	t.Log("fill", time.Since(b))
	t.Log(rss())
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Log("heap", m.HeapAlloc>>20, "MB sys", m.Sys>>20, rss())
	s.Stop()
	b = time.Now()
	s = start(t, cfg)
	t.Log("restart", time.Since(b))
	t.Log(rss())
}
