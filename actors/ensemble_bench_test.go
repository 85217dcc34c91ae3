package actors

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"troupe/actors/config"
	"troupe/actors/metrics"
	"troupe/actors/session"
	"troupe/bench/client"
	"troupe/wire"
)

// BenchmarkEnsemble_Set is three servers in one process, on real disks, with
// sessions spread over them: what a write costs in all, for a profile.
func BenchmarkEnsemble_Set(b *testing.B) {
	for _, shape := range [][2]int{{1, 1}, {50, 1}, {10, 40}} {
		b.Run(fmt.Sprintf("%dx%d", shape[0], shape[1]), func(b *testing.B) { benchmarkSet(b, shape[0], shape[1]) })
	}
}

func benchmarkSet(b *testing.B, sessions, outstanding int) {
	addrs := startEnsemble(b, 3)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	value := make([]byte, 1024)
	var conns []*client.Conn
	for i := range sessions {
		c, err := client.Dial(ctx, client.Options{Servers: addrs[i%len(addrs):][:1], SessionTimeout: 30 * time.Second})
		if err != nil {
			b.Fatal(err)
		}
		defer c.Abandon()
		if _, err := c.Create(ctx, fmt.Sprintf("/k%d", i), value, wire.OpenACL, wire.ModePersistent); err != nil {
			b.Fatal(err)
		}
		conns = append(conns, c)
	}
	var done sync.WaitGroup
	b.ResetTimer()
	for i, c := range conns {
		n := b.N/sessions + 1
		slots := make(chan struct{}, outstanding)
		done.Go(func() {
			for range n {
				slots <- struct{}{}
				err := c.Go(&wire.SetData{Path: fmt.Sprintf("/k%d", i), Data: value, Version: -1}, func(r client.Reply) {
					if err := r.Err(); err != nil {
						b.Error(err)
					}
					<-slots
				})
				if err != nil {
					b.Error(err)
					return
				}
			}
			for range outstanding {
				slots <- struct{}{}
			}
		})
	}
	done.Wait()
}

// startEnsemble starts servers and returns their client addresses once all serve.
func startEnsemble(b *testing.B, n int) (addrs []string) {
	e := &ensemble{servers: make([]*Server, n)}
	var list []config.Server
	for i, port := range freePorts(b, n) {
		list = append(list, config.Server{ID: wire.ServerID(i + 1), Host: "127.0.0.1", QuorumPort: port, ElectionPort: 1})
	}
	for i := range n {
		cfg := config.Default()
		cfg.DataDir = b.TempDir()
		cfg.DataLogDir, cfg.ClientPort, cfg.MyID, cfg.Servers, cfg.PeerTimeout = cfg.DataDir, 0, wire.ServerID(i+1), list, time.Second
		cfg.MaxClientCnxns = 0
		s, err := Start(&cfg, Options{Log: zerolog.Nop(), Words: func(*config.Config, *metrics.Registry) session.Words { return noWords{} }})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(s.Stop)
		e.servers[i] = s
		addrs = append(addrs, s.Addr().String())
	}
	for _, s := range e.servers {
		<-s.Serving()
	}
	return addrs
}
