package config

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"troupe/wire"
)

// QuorumTLS is how servers prove to each other who they are by certificates.
type QuorumTLS struct {
	KeyStore   string // PEM file with this server's key and its chain of certificates
	TrustStore string // PEM file with the certificates of who signs for servers
	// AnyName lets a certificate be for another host than the server.N line names.
	AnyName bool
}

// Ensemble says that there are other servers: several vote, or some observe.
func (c Config) Ensemble() bool {
	return len(c.withRole(Participant)) > 1 || len(c.withRole(Observer)) > 0
}

// Self is the server.N line of this server; the zero Server if there is none.
func (c Config) Self() Server {
	for _, s := range c.Servers {
		if s.ID == c.MyID {
			return s
		}
	}
	return Server{}
}

// Others has the server lines of an ensemble but this server's.
func (c Config) Others() []Server {
	if !c.Ensemble() {
		return nil // the one line there may be is this server's, whatever myid says
	}
	return slices.DeleteFunc(slices.Clone(c.Servers), func(s Server) bool { return s.ID == c.MyID })
}

// Voters has who votes, in order of their numbers: this server, if it is alone.
func (c Config) Voters() []wire.ServerID {
	if !c.Ensemble() {
		return []wire.ServerID{c.MyID}
	}
	return c.withRole(Participant)
}

// Observers has who learns without a vote, in order of their numbers.
func (c Config) Observers() []wire.ServerID { return c.withRole(Observer) }

func (c Config) withRole(role PeerType) []wire.ServerID {
	var ids []wire.ServerID
	for _, s := range c.Servers {
		if s.Role == role {
			ids = append(ids, s.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// Observer says that this server has no vote.
func (c Config) Observer() bool { return c.Self().Role == Observer }

// Members lists all servers with their roles, in order of their numbers.
func (c Config) Members() []wire.Member {
	var list []wire.Member
	for _, s := range c.byNumber() {
		list = append(list, wire.Member{ID: s.ID, Voter: s.Role == Participant})
	}
	return list
}

func (c Config) byNumber() []Server {
	return slices.SortedFunc(slices.Values(c.Servers), func(a, b Server) int { return cmp.Compare(a.ID, b.ID) })
}

// OpenQuorum says that nothing but its address tells a server from a stranger.
func (c Config) OpenQuorum() bool {
	return c.Ensemble() && c.QuorumTLS == nil && len(c.QuorumSecret) == 0
}

// ConfigNode is what /zookeeper/config holds: the server lines and a version,
// without an end of line. On a server alone it is empty. Apache ZooKeeper has
// numbers from 16 in an order of its own, which differs from server to server.
func (c Config) ConfigNode() string {
	if !c.Ensemble() {
		return ""
	}
	var b strings.Builder
	for _, s := range c.byNumber() {
		fmt.Fprintf(&b, "server.%d=%s\n", s.ID, s.line())
	}
	return b.String() + "version=0"
}

// line is what stands behind "server.N=", with nothing left to defaults.
func (s Server) line() string {
	line := fmt.Sprintf("%s:%d:%d:%v", javaHost(s.Host), s.QuorumPort, s.ElectionPort, s.Role)
	if s.ClientPort == 0 {
		return line
	}
	return fmt.Sprintf("%s;%s:%d", line, javaHost(clientAddress(s)), s.ClientPort)
}

// javaHost writes a host as Java does: an IPv6 address with all its zeros.
func javaHost(host string) string {
	addr, err := netip.ParseAddr(host)
	if err != nil || !addr.Is6() {
		return host
	}
	bytes := addr.As16()
	groups := make([]string, 8)
	for i := range groups {
		groups[i] = fmt.Sprintf("%x", uint16(bytes[2*i])<<8|uint16(bytes[2*i+1]))
	}
	return "[" + strings.Join(groups, ":") + "]"
}
