package tree

import (
	"fmt"
	"math/rand"
	"sync"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/rs/zerolog"

	"troupe/actors/supervise"
	"troupe/wire"
)

// BenchmarkTree_Reads is what one tree actor answers alone, through its mailbox to
// mailboxes, without sockets: getData by the batch that one socket read brings.
// However many cores there are, a server cannot read faster than this.
func BenchmarkTree_Reads(b *testing.B) {
	for _, batch := range []int{1, 10, 40} {
		b.Run(fmt.Sprintf("batch%d", batch), func(b *testing.B) { benchmarkReads(b, batch) })
	}
}

func benchmarkReads(b *testing.B, batch int) {
	const sessions, keys, underWay = 20, 1000, 4 // batches of each session
	r := newRig(b)
	for s := range sessions {
		r.connect(Conn(s+1), wire.SessionID(s+1))
	}
	reads := make([]Item, keys)
	for i := range reads {
		path := fmt.Sprintf("/k%04d", i)
		r.commit(1, 0, &wire.Create{Kind: wire.OpCreate, Path: path, Data: make([]byte, 1024), ACL: wire.OpenACL})
		reads[i] = Item{Request: &wire.GetData{Path: path}}
	}
	system := actor.NewActorSystem(actor.WithLoggerFactory(supervise.LoggerFactory(zerolog.Nop())))
	defer system.Shutdown()
	tree := &Tree{core: newCore(r.tree, false), o: Options{Log: zerolog.Nop()}}
	props := func(kind string, a actor.Actor) *actor.Props {
		return supervise.Props(zerolog.Nop(), kind, func() actor.Actor { return a })
	}
	pid := system.Root.Spawn(props("tree", tree))
	var all sync.WaitGroup
	for s := range sessions {
		rnd := rand.New(rand.NewSource(int64(s)))
		batches := make([]*Requests, 64)
		for i := range batches {
			m := &Requests{Conn: Conn(s + 1), Auth: local}
			for range batch {
				m.Items = append(m.Items, reads[rnd.Intn(keys)])
			}
			batches[i] = m
		}
		all.Add(1)
		left, sent := b.N/sessions/batch+1, 0
		asking := left
		client := system.Root.Spawn(props("session", actor.ReceiveFunc(func(c actor.Context) {
			switch m := c.Message().(type) {
			case *Welcome:
				for ; sent < min(underWay, left); sent++ {
					c.Send(pid, batches[sent%len(batches)])
				}
			case *Deliver:
				if len(m.Replies)%batch != 0 {
					b.Errorf("%d replies to batches of %d", len(m.Replies), batch)
				}
				for range len(m.Replies) / batch {
					if sent < asking {
						c.Send(pid, batches[sent%len(batches)])
						sent++
					}
					if left--; left == 0 {
						all.Done()
					}
				}
			}
		})))
		if s == 0 {
			b.ResetTimer()
		}
		system.Root.Send(pid, &Attach{Conn: Conn(s + 1), Actor: client, Session: wire.SessionID(s + 1), Generation: 1, Auth: local})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reads/s")
}
