package config

import "fmt"

// check looks at what no line alone can tell.
func (p *parser) check() {
	p.checkDirectories()
	p.checkSessionTimeouts()
	p.checkSuperDigest()
	p.checkClientPort()
	p.checkMyID()
	p.checkEnsemble()
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
	s, _ := p.self()
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

// checkMyID warns when the only server listed is another one. Apache ZooKeeper
// runs such a server standalone.
func (p *parser) checkMyID() {
	if len(p.cfg.Servers) == 0 || p.cfg.MyID == 0 {
		return
	}
	if _, ok := p.self(); !ok {
		listed := p.members[p.cfg.Servers[0].ID]
		p.warn(listed, fmt.Sprintf("myid says that this server is %d, which is not listed", p.cfg.MyID))
	}
}

// checkEnsemble refuses what only an ensemble can honour: it is the one place
// that keeps a server alone.
func (p *parser) checkEnsemble() {
	const hint = "ensembles are not supported yet: leave one voter, or no server line at all, to run standalone"
	if voters := p.cfg.voters(); len(voters) > 1 {
		p.bad(p.members[voters[1].ID], fmt.Sprintf("%d servers with a vote are listed; %s", len(voters), hint))
	}
	for _, s := range p.cfg.Servers {
		if s.Role == Observer {
			p.bad(p.members[s.ID], "an observer is listed; "+hint)
			break
		}
	}
	if p.cfg.PeerType == Observer {
		p.bad(p.entries["peerType"], "an observer needs servers to follow; "+hint)
	}
}
