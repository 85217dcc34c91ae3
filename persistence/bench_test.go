package persistence

import (
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"troupe/wire"
)

const benchRecord = 1 << 10

var benchBatches = []int{1, 10, 100}

// BenchmarkAppend is one synced batch of 1 KiB records per operation.
// BenchmarkRaw is the floor below it.
func BenchmarkAppend(b *testing.B) {
	for _, n := range benchBatches {
		b.Run(fmt.Sprint("batch=", n), func(b *testing.B) {
			l, _, err := OpenLog(b.TempDir(), Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			es := entries(rand.New(rand.NewSource(1)), 1, n, benchRecord)
			b.SetBytes(int64(n * benchRecord))
			b.ReportAllocs()
			for b.Loop() {
				if err := l.Append(es, 0); err != nil {
					b.Fatal(err)
				}
				for i := range es {
					es[i].Zxid += wire.Zxid(n)
				}
			}
		})
	}
}

// BenchmarkRaw appends the same bytes to a file and calls fdatasync.
func BenchmarkRaw(b *testing.B) {
	for _, n := range benchBatches {
		b.Run(fmt.Sprint("batch=", n), func(b *testing.B) {
			f, err := os.Create(filepath.Join(b.TempDir(), "raw"))
			if err != nil {
				b.Fatal(err)
			}
			defer f.Close()
			p := make([]byte, n*benchRecord)
			rand.New(rand.NewSource(1)).Read(p)
			b.SetBytes(int64(len(p)))
			for b.Loop() {
				if _, err := f.Write(p); err != nil {
					b.Fatal(err)
				}
				if err := syscall.Fdatasync(int(f.Fd())); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkScan reads a log of 1 KiB records, one per operation.
func BenchmarkScan(b *testing.B) {
	const records = 20000
	l, _, err := OpenLog(b.TempDir(), Options{NoSync: true})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	if err := l.Append(entries(rand.New(rand.NewSource(1)), 1, records, benchRecord), 0); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(benchRecord)
	n := 0
	for b.Loop() {
		if n--; n > 0 {
			continue
		}
		n = records
		if err := l.Scan(0, func(Entry) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen opens a state of 200,000 small znodes and loads it.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	s, err := OpenState(dir, Options{})
	if err != nil {
		b.Fatal(err)
	}
	rnd := rand.New(rand.NewSource(1))
	for i := range 20 {
		var list []Node
		for j := range 10000 {
			value := make([]byte, 200)
			rnd.Read(value[:100])
			list = append(list, Node{fmt.Sprintf("/node/%02d/%06d", i, j), value})
		}
		if err := s.Commit(&Checkpoint{Zxid: wire.Zxid(i + 1), Nodes: znodes(list...)}); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		if s, err = OpenState(dir, Options{}); err != nil {
			b.Fatal(err)
		}
		nodes := 0
		count := func(string, []byte) error { nodes++; return nil }
		if err := s.Load(count, func(int64, []byte) error { return nil }); err != nil || nodes != 200000 {
			b.Fatalf("%d nodes, %v", nodes, err)
		}
	}
	s.Close()
}
