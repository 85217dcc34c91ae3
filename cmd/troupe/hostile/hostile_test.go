package hostile

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	"troupe/bench/client"
	"troupe/bench/process"
	"troupe/wire"
)

// TestClientPort lets each attacker loose on a server of its own.
func TestClientPort(t *testing.T) {
	for _, a := range clientAttackers() {
		t.Run(a.name, func(t *testing.T) { suffer(t, &a) })
	}
}

func clientAttackers() []attacker { return slices.Concat(noise(), streams(), greed(), places()) }

// TestReplayedSessions: whoever knows a session's id, and not its password, gets
// nowhere, and the session's client does not notice.
func TestReplayedSessions(t *testing.T) {
	a := attacker{name: "replayed sessions", conns: 50, every: 200 * time.Millisecond, closed: true, memory: 120}
	s := startServer(t)
	n := settle(t, s.Addr)
	password := make([]byte, wire.PasswordSize)
	a.send = bytesOf(helloOf(wire.ConnectRequest{Timeout: 10000, Session: n.conn.SessionID(), Password: password}),
		request(1, create("/replayed", nil)))
	o := beside(t, &a, s, n)
	if o.expired != o.conns {
		t.Errorf("%d of %d were told that they have no session", o.expired, o.conns)
	}
	if _, err := n.conn.Exists(within(t), "/replayed", false); !errors.Is(err, wire.NoNode) {
		t.Errorf("what they sent was carried out: %v", err)
	}
}

// suffer is a server's life with an attacker.
func suffer(t *testing.T, a *attacker) {
	s := startServer(t)
	if a.prepare != nil {
		prepare(t, a, s.Addr)
	}
	beside(t, a, s, settle(t, s.Addr))
}

func prepare(t *testing.T, a *attacker, addr string) {
	t.Helper()
	c, err := client.Dial(within(t), client.Options{Servers: []string{addr}})
	if err != nil {
		t.Fatal(err)
	}
	a.prepare(t, c)
	if err := c.Close(within(t)); err != nil {
		t.Fatal(err)
	}
}

// beside attacks a server with a neighbour, and checks what came of it.
func beside(t *testing.T, a *attacker, s *process.Server, n *neighbour) *outcome {
	before := usage(t, s)
	forgetPeak(t, s.Pid())
	n.forget()
	o := a.run(t.Context(), s.Addr, cmp.Or(a.lasts, lasts()), soon)
	n.check(t)
	p99 := n.quantile(0.99)
	most := peak(t, s.Pid())
	o.check(t, a)
	if most > a.memory {
		t.Errorf("the server took %d MiB, and may take %d", most, a.memory)
	}
	nothingIsLeft(t, s, before)
	n.check(t)
	t.Logf("%s: %v; at most %d MiB, from %d; p99 %v", a.name, o, most, before.Memory>>20, p99.Round(10*time.Microsecond))
	return o
}

// Goroutines may come and go by themselves, and of those that ran actors some are
// kept for others.
const (
	slack       = 8
	idleWorkers = 256
)

var connectionsLine = regexp.MustCompile(`(?m)^zk_num_alive_connections\t(\d+)$`)

// nothingIsLeft waits until the neighbour's connection, and that which asks, are
// the only ones.
func nothingIsLeft(t *testing.T, s *process.Server, before process.Usage) {
	t.Helper()
	until(t, func() error {
		answer, err := s.Word(within(t), "mntr")
		if err != nil {
			return err
		}
		if m := connectionsLine.FindStringSubmatch(answer); m == nil || m[1] != "2" {
			return fmt.Errorf("connections are left: %v", m)
		}
		return more(t, s, before)
	})
}

// usage is what a server takes, of descriptors sockets only.
func usage(t *testing.T, s *process.Server) process.Usage {
	t.Helper()
	u, err := s.Usage(within(t))
	if err != nil {
		t.Fatal(err)
	}
	u.Files = sockets(t, s.Pid())
	return u
}

// more tells what a server has more of than before.
func more(t *testing.T, s *process.Server, before process.Usage) error {
	t.Helper()
	now, err := s.Usage(within(t))
	if now.Files = sockets(t, s.Pid()); err == nil && (now.Files > before.Files || now.Tasks > before.Tasks+slack+idleWorkers) {
		err = fmt.Errorf("%d sockets and %d goroutines are left, and there were %d and %d", now.Files, now.Tasks, before.Files, before.Tasks)
	}
	return err
}
