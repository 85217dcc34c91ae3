package hostile

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"troupe/bench/client"
	"troupe/wire"
)

// noise is what comes in that nobody can read.
func noise() []attacker {
	return []attacker{
		{name: "garbage", conns: 50, every: 200 * time.Millisecond, send: bytesOf(garbage(8000)), closed: true, memory: 120},
		{name: "garbage behind a hello", conns: 50, every: 200 * time.Millisecond, send: bytesOf(session(&wire.Exists{Path: "/"}), garbage(8000)),
			closed: true, memory: 120},
		{name: "huge lengths", conns: 50, every: 200 * time.Millisecond, send: func(w io.Writer, i int) error {
			b := [][]byte{length(1<<31 - 1), length(1 << 31), length(1 << 20), length(1<<32 - 1)}[i%4]
			_, err := w.Write(append(b, garbage(100)...))
			return err
		}, closed: true, memory: 120},
		{name: "half hellos, of a megabyte", conns: 500, send: bytesOf(length(1<<20-1), megabyte), closed: true, memory: 120},
		{name: "no hello", conns: 1000, send: bytesOf(), closed: true, memory: 120},
		{name: "half frames, of a megabyte", conns: 500, send: bytesOf(hello(), length(1<<20-1), megabyte), memory: 200},
		{name: "many connections", conns: 2000, send: bytesOf(session(&wire.Exists{Path: "/"})), told: []wire.ErrorCode{wire.OK}, memory: 200},
	}
}

// streams are requests without end.
func streams() []attacker {
	huge := create("/none/child", megabyte)
	return []attacker{
		{name: "endless pings", conns: 4, send: endless(hello(), repeat(100, &wire.Ping{}), 1e9, 5*time.Millisecond), told: []wire.ErrorCode{wire.OK}, memory: 120},
		{name: "endless refused writes", conns: 4, send: endless(hello(), repeat(20, create("/none/child", nil)), 1e9, 20*time.Millisecond),
			told: []wire.ErrorCode{wire.NoNode}, memory: 120},
		{name: "refused writes of a megabyte", conns: 100, send: bytesOf(hello(), repeat(3, huge)), told: []wire.ErrorCode{wire.NoNode}, lasts: time.Second, memory: 220, slower: 100},
		{name: "large writes, and away", conns: 20, every: 50 * time.Millisecond, lasts: time.Second, send: bytesOf(hello(), repeat(2, huge)), memory: 220, slower: 100},
		{name: "a word, and endless bytes", conns: 20, every: 200 * time.Millisecond, send: endless([]byte("ruok"), megabyte, 2, 0), closed: true, memory: 120},
		{name: "identities of a megabyte", conns: 4, send: endless(hello(), append(request(1, &wire.Auth{Scheme: "digest", Auth: append(megabyte, ":x"...)}),
			request(2, create("/none/child", nil))...), 20, 0), closed: true, told: []wire.ErrorCode{wire.AuthFailed}, memory: 200},
	}
}

// greed is asking for more than one takes.
func greed() []attacker {
	read := func(n int) []wire.Request {
		ops := make([]wire.Request, n)
		for i := range ops {
			ops[i] = &wire.GetData{Path: "/large0"}
		}
		return ops
	}
	names := children() * (4 + longName)
	return []attacker{
		{name: "never reads a megabyte", prepare: large(1), mute: true, conns: 60, send: bytesOf(hello(), repeat(500, &wire.GetData{Path: "/large0"})), memory: 150},
		{name: "never reads what it has written", prepare: large(1), mute: true, conns: 20,
			send: bytesOf(hello(), repeat(60, &wire.SetData{Path: "/large0", Data: megabyte, Version: -1}, &wire.GetData{Path: "/large0"})), lasts: time.Second, memory: 300},
		{name: "multiRead of gigabytes", prepare: large(1), conns: 2, send: bytesOf(session(&wire.MultiRead{Ops: read(5000)})), told: []wire.ErrorCode{wire.OK}, memory: 150},
		{name: "children over the frame limit", prepare: crowd(children()), conns: 4, send: bytesOf(session(&wire.GetChildren{Path: "/crowd"})),
			told: []wire.ErrorCode{wire.OK}, large: names, memory: 200, slower: 8},
		{name: "never reads children", prepare: crowd(children()), mute: true, conns: 60, send: bytesOf(hello(), repeat(300, &wire.GetChildren{Path: "/crowd"})), memory: 250, slower: 8},
	}
}

// places are many or strange ones in the tree.
func places() []attacker {
	return []attacker{
		{name: "long paths", conns: 4, every: 500 * time.Millisecond, send: bytesOf(session(&wire.Exists{Path: "/" + strings.Repeat("x", 1_000_000), Watch: true},
			&wire.Exists{Path: deep(500_000), Watch: true}, create("/"+strings.Repeat("x", 1_000_000), nil), create(deep(500_000), nil))),
			told: []wire.ErrorCode{wire.NoNode, wire.OK}, memory: 400},
		{name: "deep paths", conns: 1, send: func(w io.Writer, _ int) error {
			_, err := w.Write(hello())
			for i := 1; err == nil && i <= 1000; i++ {
				_, err = w.Write(request(i, create(deep(i), nil)))
			}
			return err
		}, told: []wire.ErrorCode{wire.OK}, memory: 200},
		{name: "10,000 watches each", conns: 20, send: func(w io.Writer, i int) error {
			q := &wire.SetWatches{Kind: wire.OpSetWatches2, Relative: 1 << 62}
			for k := range 10_000 {
				q.Exist = append(q.Exist, fmt.Sprintf("/watched/by-%d/%d", i, k))
			}
			_, err := w.Write(session(q))
			return err
		}, told: []wire.ErrorCode{wire.OK}, memory: 300},
		{name: "many znodes under one parent", conns: 1, prepare: func(t *testing.T, c *client.Conn) {
			do(t, c, 1, func(int) wire.Request { return create("/crowd", nil) })
		}, send: func(w io.Writer, _ int) error {
			_, err := w.Write(hello())
			for i := 0; err == nil && i < children()/100; i++ {
				m := &wire.Multi{}
				for k := range 100 {
					m.Ops = append(m.Ops, create(fmt.Sprintf("/crowd/%0*d", longName, i*100+k), nil))
				}
				_, err = w.Write(request(i+1, m))
			}
			return err
		}, told: []wire.ErrorCode{wire.OK}, memory: 300, slower: 50},
	}
}
