package hostile

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"troupe/bench/process"
)

// preface is how a connection begins that speaks HTTP/2, as servers do with each other:
// its own, and an empty SETTINGS frame.
var preface = append([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 0, 0, 0, 4, 0, 0, 0, 0, 0)

// tlsHello announces a handshake of 16 KiB.
var tlsHello = []byte{22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc, 3, 3}

// strangers attack the port where servers talk to each other. Who does not show within
// five seconds which server it is, is cut off; so all of them end in time.
func strangers() []attacker {
	frame := func(length int, kind byte) []byte { // of stream 1
		return []byte{byte(length >> 16), byte(length >> 8), byte(length), kind, 0, 0, 0, 0, 1}
	}
	const headers, data, settings = 1, 0, 4
	return []attacker{
		{name: "garbage", conns: 50, every: 500 * time.Millisecond, send: bytesOf(garbage(8000)), closed: true},
		{name: "garbage behind the preface", conns: 50, every: 500 * time.Millisecond, send: bytesOf(preface, garbage(8000)), closed: true},
		{name: "a client's hello", conns: 50, every: 500 * time.Millisecond, send: bytesOf(session()), closed: true},
		{name: "nothing, a preface, TLS", conns: 500, send: func(w io.Writer, i int) error {
			_, err := w.Write([][]byte{nil, preface[:10], preface, tlsHello}[i%4])
			return err
		}, closed: true},
		{name: "huge frames", conns: 50, every: 500 * time.Millisecond, send: bytesOf(preface, frame(1<<24-1, headers), megabyte), closed: true},
		{name: "half frames", conns: 100, send: bytesOf(preface, frame(1<<14, headers), megabyte[:1<<13]), closed: true},
		{name: "endless data and settings", conns: 4, send: endless(preface, append(frame(0, settings)[:5], append(make([]byte, 4), append(frame(1<<14, data), megabyte[:1<<14]...)...)...),
			1000, 0), closed: true},
	}
}

// quorumMemory is what a server of the ensemble may have resident, in MiB.
const quorumMemory = 150

// TestQuorumPort has all of them attack the leader's quorum port at once; the
// neighbour's writes need that port.
func TestQuorumPort(t *testing.T) {
	e, err := process.StartEnsemble(t.Context(), process.EnsembleSpec{Kind: process.Troupe, Dir: t.TempDir(), Servers: 3,
		Binary: program(t), Config: config})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Kill(); err != nil {
			t.Error(err)
		}
	})
	led, err := e.Leader(within(t))
	if err != nil {
		t.Fatal(err)
	}
	leader, follower := e.Servers[led], e.Servers[(led+1)%3]
	n := settle(t, follower.Addr)
	addr := quorumAddr(t, leader, led+1)
	before := usage(t, leader)
	forgetPeak(t, leader.Pid())
	n.forget()
	attackers := strangers()
	outcomes := make([]*outcome, len(attackers))
	var attacking sync.WaitGroup
	for i := range attackers {
		attacking.Go(func() { outcomes[i] = attackers[i].run(t.Context(), addr, lasts(), 2*soon) })
	}
	attacking.Wait()
	n.check(t)
	for i, o := range outcomes {
		t.Run(attackers[i].name, func(t *testing.T) {
			o.checkEnd(t, &attackers[i], 2*soon)
			t.Log(o)
		})
	}
	most := peak(t, leader.Pid())
	if most > quorumMemory {
		t.Errorf("the leader took %d MiB, and may take %d", most, quorumMemory)
	}
	until(t, func() error { return more(t, leader, before) })
	n.check(t)
	if now, err := e.Leader(within(t)); err != nil || now != led {
		t.Errorf("server %d led, and now %d does: %v", led+1, now+1, err)
	}
	t.Logf("at most %d MiB, p99 %.2f ms", most, ms(n.quantile(0.99)))
}

// quorumAddr is where other servers reach a server, as its zoo.cfg says.
func quorumAddr(t *testing.T, s *process.Server, id int) string {
	t.Helper()
	cfg, err := os.ReadFile(filepath.Join(s.Dir, "zoo.cfg"))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(fmt.Sprintf(`(?m)^server\.%d=([\d.]+:\d+):`, id)).FindSubmatch(cfg)
	if m == nil {
		t.Fatalf("zoo.cfg does not tell of server %d", id)
	}
	return string(m[1])
}
