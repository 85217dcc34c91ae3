package config

import (
	"fmt"
	"strings"
)

// check looks at what no line alone can tell.
func (p *parser) check() {
	p.checkDirectories()
	p.checkSessionTimeouts()
	p.checkSuperDigest()
	p.checkServers()
	p.checkMyID()
	p.checkPeerType()
	p.checkClientPort()
	p.checkLimits()
	p.checkQuorum()
}

func (p *parser) checkDirectories() {
	if _, ok := p.entries["dataDir"]; !ok {
		p.missing("dataDir", "not set; it must name the directory that keeps the data")
	}
	if _, ok := p.entries["dataLogDir"]; !ok {
		p.cfg.DataLogDir = p.cfg.DataDir
	}
}

func (p *parser) checkSessionTimeouts() {
	p.cfg.fillSessionTimeouts()
	if p.cfg.MinSessionTimeout <= p.cfg.MaxSessionTimeout || p.rejected["tickTime"] {
		return
	}
	e, ok := p.entries["minSessionTimeout"]
	if !ok {
		e = p.entries["maxSessionTimeout"]
	}
	p.bad(e, fmt.Sprintf("minSessionTimeout (%v) must not be above maxSessionTimeout (%v); "+
		"without a line they are 2 and 20 ticks", p.cfg.MinSessionTimeout, p.cfg.MaxSessionTimeout))
}

// self is the server line that describes this server: by myid, or the only one.
func (p *parser) self() (Server, bool) {
	if p.cfg.MyID == 0 && len(p.cfg.Servers) == 1 {
		return p.cfg.Servers[0], true
	}
	for _, s := range p.cfg.Servers {
		if s.ID == p.cfg.MyID {
			return s, true
		}
	}
	return Server{}, false
}

// checkClientPort takes the port of the server line when the file has no
// clientPort, and lets them not contradict each other when it has.
func (p *parser) checkClientPort() {
	const agree = "make them equal or remove one"
	port, hasPort := p.entries["clientPort"]
	address, hasAddress := p.entries["clientPortAddress"]
	if p.rejected["clientPort"] || p.rejected["clientPortAddress"] || p.rejected[someServer] {
		return
	}
	s, listed := p.self()
	if !listed && p.cfg.Ensemble() {
		return // the port may stand in the line that is not known
	}
	switch {
	case !hasPort && hasAddress:
		p.bad(address, "clientPortAddress is set but clientPort is not")
	case !hasPort && s.ClientPort == 0:
		p.missing("clientPort", "not set, so no client could connect; want a port, usually 2181")
	case s.ClientPort == 0:
	case hasPort && s.ClientPort != p.cfg.ClientPort:
		p.bad(port, fmt.Sprintf("the line server.%d says client port %d; "+agree, s.ID, s.ClientPort))
	case hasAddress && !anyHost(p.cfg.ClientAddress) && !sameHost(s.ClientAddress, p.cfg.ClientAddress):
		p.bad(address, fmt.Sprintf("the line server.%d says client address %s; "+agree, s.ID, clientAddress(s)))
	default:
		p.cfg.ClientAddress, p.cfg.ClientPort = s.ClientAddress, s.ClientPort
	}
}

func clientAddress(s Server) string {
	if s.ClientAddress == "" {
		return "0.0.0.0"
	}
	return s.ClientAddress
}

// checkServers looks at the server lines together.
func (p *parser) checkServers() {
	if len(p.cfg.Servers) > 0 && len(p.cfg.withRole(Participant)) == 0 {
		p.bad(p.members[p.cfg.Servers[0].ID], "nobody has a vote: there are observers only")
	}
	for i, s := range p.cfg.Servers {
		for _, other := range p.cfg.Servers[:i] {
			if s.QuorumPort == other.QuorumPort && sameHost(s.Host, other.Host) {
				p.bad(p.members[s.ID], fmt.Sprintf("server.%d has the same address and quorum port", other.ID))
			}
		}
	}
}

// checkMyID wants a member of an ensemble to know which it is. A server alone
// that is another than the one listed runs all the same, as with Apache ZooKeeper.
func (p *parser) checkMyID() {
	_, listed := p.self()
	if listed || len(p.cfg.Servers) == 0 || p.rejected["myid"] || p.rejected[someServer] {
		return
	}
	id := fmt.Sprint(p.cfg.MyID)
	switch {
	case !p.cfg.Ensemble():
		p.warn(p.members[p.cfg.Servers[0].ID], fmt.Sprintf("myid says that this server is %s, which is not listed", id))
	case p.myID == "":
	case p.cfg.MyID == 0:
		p.badMyID(nil, "there is no such file; "+p.wantMyID())
	default:
		p.badMyID(&id, fmt.Sprintf("there is no line server.%s; %s", id, p.wantMyID()))
	}
}

// wantMyID says what to write into the file myid.
func (p *parser) wantMyID() string {
	var ids []string
	for _, s := range p.cfg.byNumber() {
		ids = append(ids, fmt.Sprint(s.ID))
	}
	return "write the number of this server's own server.N line into it, one of " + strings.Join(ids, ", ")
}

// checkPeerType lets the server line decide who votes, as Apache ZooKeeper does.
func (p *parser) checkPeerType() {
	e, ok := p.entries["peerType"]
	if !ok || p.rejected[e.name] || p.rejected[someServer] {
		return
	}
	s, listed := p.self()
	switch {
	case !p.cfg.Ensemble() && p.peerType == Observer:
		p.bad(e, "an observer needs servers to follow, and there is none")
	case listed && s.Role != p.peerType:
		p.warn(e, fmt.Sprintf("ignored: the line server.%d says %v, and all other servers go by that line", s.ID, s.Role))
	}
}
