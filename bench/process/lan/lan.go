package lan

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"time"
)

// Path is how packets get from one host to another.
type Path struct {
	Loss          float64       // the part of them that is lost; 1 cuts the path
	Delay, Jitter time.Duration // each takes Delay, and up to Jitter more; their order stays
}

// Cut is a path on which everything is lost.
var Cut = Path{Loss: 1}

// LAN is hosts and the switch between them.
type LAN struct {
	hosts  []*host
	mu     sync.Mutex
	paths  [][]Path
	healed chan struct{} // closed by Heal, and then another
	lines  [][]*line
	work   sync.WaitGroup
}

// host is a network namespace with one interface.
type host struct {
	tun       *os.File
	namespace *os.File // nil: that of this process
}

// line is what is late from one host to another.
type line struct {
	packets chan late
	due     time.Time       // of the last one
	healed  <-chan struct{} // as that one's
}

type late struct {
	packet []byte
	due    time.Time
	healed <-chan struct{} // closed: it is due now
}

// lineLength is how many packets can be late; more are lost.
const lineLength = 4096

// New makes hosts 1 to n beside host 0, which is this process; it has to be in a
// Private network.
func New(n int, seed uint64) (*LAN, error) {
	if n < 1 || n > 200 {
		return nil, fmt.Errorf("a network of %d hosts", n)
	}
	l := &LAN{paths: make([][]Path, n+1), healed: make(chan struct{}), lines: make([][]*line, n+1)}
	for i := range n + 1 {
		h, err := newHost(i)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("network for server.%d: %w", i, err), l.Close())
		}
		l.hosts = append(l.hosts, h)
		l.paths[i], l.lines[i] = make([]Path, n+1), make([]*line, n+1)
	}
	for i := range n + 1 {
		for to := range n + 1 {
			l.lines[i][to] = &line{packets: make(chan late, lineLength)}
			l.work.Go(func() { l.deliver(l.lines[i][to], l.hosts[to]) })
		}
	}
	for i := range n + 1 {
		l.work.Go(func() { l.forward(i, rand.New(rand.NewPCG(seed, uint64(i)))) })
	}
	return l, nil
}

// IP is a host's address.
func IP(host int) string { return fmt.Sprintf("10.77.0.%d", host+1) }

// Set says how packets get from one host to another from now on.
func (l *LAN) Set(from, to int, p Path) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.paths[from][to] = p
}

// Heal gives all packets an open path, those that are late, too: what is sent from
// now on does not wait behind them.
func (l *LAN) Heal() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, row := range l.paths {
		clear(row)
	}
	close(l.healed)
	l.healed = make(chan struct{})
}

// Close takes the network down. What runs on its hosts has ended.
func (l *LAN) Close() error {
	var err error
	for _, h := range l.hosts {
		err = errors.Join(err, h.close())
	}
	l.work.Wait()
	return err
}

// forward takes what a host sends until its interface is gone.
func (l *LAN) forward(from int, rnd *rand.Rand) {
	defer func() {
		for _, line := range l.lines[from] {
			close(line.packets)
		}
	}()
	const source, destination, version4 = 15, 19, 4 // last bytes of addresses, IPv4
	buf := make([]byte, mtu)
	for {
		n, err := l.hosts[from].tun.Read(buf)
		if err != nil {
			return // closed
		}
		if n <= destination || buf[0]>>4 != version4 {
			continue
		}
		if to := int(buf[destination]) - 1; to >= 0 && to < len(l.hosts) && int(buf[source])-1 == from {
			l.pass(from, to, buf[:n], rnd)
		}
	}
}

// pass hands a packet on, now or late, or not.
func (l *LAN) pass(from, to int, packet []byte, rnd *rand.Rand) {
	l.mu.Lock()
	p, healed := l.paths[from][to], l.healed
	l.mu.Unlock()
	if p.Loss > 0 && rnd.Float64() < p.Loss {
		return
	}
	line := l.lines[from][to]
	due := time.Now().Add(p.Delay)
	if p.Jitter > 0 {
		due = due.Add(time.Duration(rnd.Int64N(int64(p.Jitter))))
	}
	if p.Delay == 0 && p.Jitter == 0 && len(line.packets) == 0 {
		l.hosts[to].take(packet)
		return
	}
	if due.Before(line.due) && line.healed == healed {
		due = line.due
	}
	line.due, line.healed = due, healed
	select {
	case line.packets <- late{append([]byte(nil), packet...), due, healed}:
	default: // as a router does whose buffer is full
	}
}

// deliver hands on what is late when its time has come.
func (l *LAN) deliver(line *line, to *host) {
	for p := range line.packets {
		select {
		case <-time.After(time.Until(p.due)):
		case <-p.healed:
		}
		to.take(p.packet)
	}
}

// take gives a host a packet. One that it does not take is lost, as on any network.
func (h *host) take(packet []byte) { _, _ = h.tun.Write(packet) }
