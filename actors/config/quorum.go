package config

import (
	"fmt"
	"math"
	"time"
)

// maxTicks keeps that many of the longest ticks within a time.Duration.
const maxTicks = 1<<16 - 1

// quorumRules has the keys that say how servers know and judge each other.
func quorumRules(c *Config) map[string]rule {
	return map[string]rule{
		"initLimit":            number(&c.InitLimit, 1, maxTicks, "a number of ticks"),
		"syncLimit":            number(&c.SyncLimit, 1, maxTicks, "a number of ticks"),
		"peerTimeout":          millis(&c.PeerTimeout, 50, math.MaxInt32, "a time"),
		"quorumListenOnAllIPs": boolean(&c.QuorumListenOnAllIPs),
		"trustEmptyServers":    trustEmpty,
		"sslQuorum":            func(p *parser, e entry) { p.sslQuorum, _ = p.boolean(e) },
		"quorumSecret":         func(p *parser, e entry) { p.secrets = append(p.secrets, secret{e, e.value}) },
		"quorumSecretFile":     func(p *parser, e entry) { p.path(e) },
	}
}

func trustEmpty(p *parser, e entry) {
	v, ok := p.boolean(e)
	p.cfg.TrustEmpty = ok && v
	if p.cfg.TrustEmpty {
		p.warn(e, "a server that has lost its data votes as if it had never held any, and what only such servers "+
			"acknowledged is given up; remove the line now, it is meant for one start")
	}
}

// checkLimits wants the limits that an ensemble cannot do without, and keeps
// peerTimeout within them.
func (p *parser) checkLimits() {
	c := &p.cfg
	if !c.Ensemble() {
		return
	}
	if _, ok := p.entries["initLimit"]; !ok {
		p.missing("initLimit", "not set; it is how many ticks a server may take to join its leader, usually 10")
	}
	if _, ok := p.entries["syncLimit"]; !ok {
		p.missing("syncLimit", "not set; it is how many ticks a server may be behind its leader, usually 5")
	}
	limit := c.TickTime * time.Duration(c.SyncLimit)
	if limit == 0 || c.PeerTimeout <= limit {
		return
	}
	c.PeerTimeout = limit
	if e, ok := p.entries["peerTimeout"]; ok && !p.rejected[e.name] {
		p.warn(e, fmt.Sprintf("taken as %v: it cannot be above syncLimit ticks", limit))
	}
}

// checkQuorum settles by what servers know each other.
func (p *parser) checkQuorum() {
	p.checkTLS()
	p.checkSecrets()
	if !p.cfg.OpenQuorum() || len(p.problems) > 0 {
		return
	}
	p.warn(p.members[p.cfg.Servers[0].ID], "servers know each other by nothing but the addresses in these lines, and what they say "+
		"is not encrypted: give all of them the same secret by quorumSecretFile=, or certificates by sslQuorum=true")
}
