package link

import (
	"testing"

	"github.com/asynkron/protoactor-go/actor"
)

func securities(b *testing.B) map[string]Security {
	secret, err := FromSecret([]byte("a secret for benchmarks"))
	if err != nil {
		b.Fatal(err)
	}
	return map[string]Security{"plain": AddressesOnly(), "secret": secret}
}

// BenchmarkLink_OneByOne sends messages of 1 KiB, each by itself, and at most
// 1024 in flight.
func BenchmarkLink_OneByOne(b *testing.B) {
	for name, security := range securities(b) {
		b.Run(name, func(b *testing.B) {
			_, here, there := pair(b, setup{security: security})
			credit := make(chan struct{}, 1024)
			take := func([]byte) error { <-credit; return nil }
			there.links[1].deliver.Store(&take)
			m := one(Message{Head: make([]byte, 24), Body: make([]byte, 1000)})
			b.SetBytes(1024)
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				credit <- struct{}{}
				here.send(2, m)
			}
			for range cap(credit) {
				credit <- struct{}{}
			}
		})
	}
}

// BenchmarkLink_RoundTrip sends 1 KiB there and back, one at a time.
func BenchmarkLink_RoundTrip(b *testing.B) {
	for name, security := range securities(b) {
		b.Run(name, func(b *testing.B) {
			_, here, there := pair(b, setup{security: security})
			m := one(Message{Body: make([]byte, 1024)})
			echo := func([]byte) error { there.send(1, m); return nil }
			there.links[1].deliver.Store(&echo)
			back := make(chan struct{}, 1)
			arrived := func([]byte) error { back <- struct{}{}; return nil }
			here.links[2].deliver.Store(&arrived)
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				here.send(2, m)
				<-back
			}
		})
	}
}

// BenchmarkLink_Bulk sends messages of 1 MiB, 4 in flight.
func BenchmarkLink_Bulk(b *testing.B) {
	for name, security := range securities(b) {
		b.Run(name, func(b *testing.B) {
			_, here, there := pair(b, setup{security: security})
			credit := make(chan struct{}, 4)
			take := func([]byte) error { <-credit; return nil }
			there.links[1].deliver.Store(&take)
			m := one(Message{Head: make([]byte, 24), Body: make([]byte, 1<<20)})
			b.SetBytes(1 << 20)
			b.ResetTimer()
			for range b.N {
				credit <- struct{}{}
				here.send(2, m)
			}
			for range cap(credit) {
				credit <- struct{}{}
			}
		})
	}
}

var _ actor.Actor = (*Link)(nil)
