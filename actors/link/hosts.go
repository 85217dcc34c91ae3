package link

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"troupe/wire"
)

// hosts knows which addresses the names of the other servers stand for at this
// moment, or did a second ago.
type hosts struct {
	n       *Network
	mu      sync.Mutex
	known   map[netip.Addr][]wire.ServerID
	at      time.Time
	looking chan struct{} // closed when the lookup under way is done
}

const (
	hostsFresh   = time.Second
	hostsTimeout = 2 * time.Second
)

func (h *hosts) init(n *Network) { h.n = n }

// has says whether a server is at an address. Where it matters it waits for
// names to be resolved; otherwise what was known last is good enough.
func (h *hosts) has(ip netip.Addr, matters bool) bool {
	if matters {
		h.wait()
	}
	known, _ := h.lookup()
	if ip = ip.Unmap().WithZone(""); known[ip] != nil {
		return true
	}
	// A name of this machine may stand for 127.0.1.1, and connections to that
	// come from 127.0.0.1.
	return ip.IsLoopback() && slices.ContainsFunc(keys(known), netip.Addr.IsLoopback)
}

func keys(m map[netip.Addr][]wire.ServerID) (all []netip.Addr) {
	for ip := range m {
		all = append(all, ip)
	}
	return all
}

// wait returns once what is known is fresh.
func (h *hosts) wait() {
	if _, done := h.lookup(); done != nil {
		<-done
	}
}

// lookup returns what is known and, if that is not fresh, what will be closed
// when it is.
func (h *hosts) lookup() (map[netip.Addr][]wire.ServerID, <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.at) < hostsFresh {
		return h.known, nil
	}
	if h.looking == nil {
		h.looking = make(chan struct{})
		go h.resolve(h.looking)
	}
	return h.known, h.looking
}

func (h *hosts) resolve(done chan struct{}) {
	ctx, cancel := context.WithTimeout(h.n.done, hostsTimeout)
	defer cancel()
	found := make(map[netip.Addr][]wire.ServerID)
	var mu sync.Mutex
	var all sync.WaitGroup
	for id, p := range h.n.ports {
		all.Go(func() {
			ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", p.host())
			if err != nil { // dialing says so, too, and to more effect
				h.n.o.Log.Debug().Uint8("peer", uint8(id)).Err(err).Msg("name does not resolve")
			}
			mu.Lock()
			defer mu.Unlock()
			for _, ip := range ips {
				found[ip.Unmap().WithZone("")] = append(found[ip.Unmap().WithZone("")], id)
			}
		})
	}
	all.Wait()
	h.mu.Lock()
	h.known, h.at, h.looking = found, time.Now(), nil
	h.mu.Unlock()
	close(done)
}

// describe names an address for people: with the servers that are there.
func (h *hosts) describe(a net.Addr) string {
	known, _ := h.lookup()
	from, err := netip.ParseAddrPort(a.String())
	ids := known[from.Addr().Unmap().WithZone("")]
	if err != nil || len(ids) == 0 {
		return a.String()
	}
	ids = slices.Sorted(slices.Values(ids))
	return fmt.Sprintf("%s (address of server %s)", a, strings.Trim(fmt.Sprint(ids), "[]"))
}

// host is the host of the server's address.
func (p *port) host() string {
	address := p.n.address(p.peer)
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}
