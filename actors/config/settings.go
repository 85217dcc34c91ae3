package config

import (
	"fmt"
	"maps"
	"math"
	"strings"
	"time"
)

// families has the keys known by how they begin, if table has not the whole key.
var families = []struct {
	prefix string
	rule   rule
}{
	{"server.", (*parser).server},
	{"group", refused("groups of servers", otherQuorum)},
	{"weight", refused("weights of servers", otherQuorum)},
	{"quorum.auth.", inert(noSASL)},
	{"authProvider.", inert("the schemes are world, ip, digest and auth; others cannot be added")},
	{"metricsProvider.", inert(noHTTP)},
	{"admin.", inert(noHTTP)},
	{tlsPrefix, func(p *parser, e entry) { p.tlsKeys = append(p.tlsKeys, e) }},
	{"ssl.", inert(noTLS)},
	{"X509AuthenticationProvider.", inert(noTLS)},
	{"SASLAuthenticationProvider.", inert(noSASL)},
	{"sasl.", inert(noSASL)},
	{"kerberos.", inert(noSASL)},
	{"connection_throttle_", inert(noThrottle)},
	{"netty.", inert(javaOnly)},
	{"nio.", inert(javaOnly)},
	{"jvm.", inert(javaOnly)},
	{"commitProcessor.", inert(javaOnly)},
	{"pathStats.", inert(debugOnly)},
	{"messageTracker.", inert(debugOnly)},
	{"multiAddress.", inert(oneAddress)},
	{"observer.", inert(ownPeers)},
	{"observerMaster.", inert(ownPeers)},
	{"leader.", inert(ownPeers)},
	{"learner.", inert(ownPeers)},
	{"follower.", inert(ownPeers)},
	{"fastleader.", inert(ownPeers)},
	{"snapshot.", inert(ownFiles)},
	{"audit.", inert("there is no audit log yet")},
}

// table has every key known by its whole name, with rules that set c.
func table(c *Config) map[string]rule {
	t := map[string]rule{}
	for _, part := range []map[string]rule{
		basicRules(c), limitRules(c), treeRules(c), accessRules(c), diskRules(c),
		memberRules(), quorumRules(c), refusedRules(), inertRules(),
	} {
		maps.Copy(t, part)
	}
	return t
}

// maxTick keeps 20 ticks, the longest session timeout by default, within the
// 32 bits of milliseconds that the protocol has for it.
const maxTick = math.MaxInt32 / 20

func basicRules(c *Config) map[string]rule {
	return map[string]rule{
		"dataDir":            directory(&c.DataDir),
		"dataLogDir":         directory(&c.DataLogDir),
		"dynamicConfigFile":  func(p *parser, e entry) { p.path(e) },
		"datadir.autocreate": boolean(&c.DataDirAutocreate),
		"clientPort":         number(&c.ClientPort, 0, 65535, "a port"),
		"clientPortAddress":  clientPortAddress,
		"clientTcpKeepAlive": boolean(&c.TCPKeepAlive),
		"tickTime":           millis(&c.TickTime, 1, maxTick, "the length of a tick"),
		"minSessionTimeout":  sessionTimeout(&c.MinSessionTimeout),
		"maxSessionTimeout":  sessionTimeout(&c.MaxSessionTimeout),
		fourLetterWordsKey:   fourLetterWords,
	}
}

func limitRules(c *Config) map[string]rule {
	const connections, requests = "a number of connections", "a number of requests"
	return map[string]rule{
		"maxClientCnxns":             unlimited(&c.MaxClientCnxns, connections),
		"maxCnxns":                   unlimited(&c.MaxCnxns, connections),
		"clientPortListenBacklog":    number(&c.ClientPortListenBacklog, -1, math.MaxInt32, connections),
		"nio.sessionlessCnxnTimeout": millis(&c.SessionlessTimeout, 1, math.MaxInt32, "a time"),
		"globalOutstandingLimit":     number(&c.GlobalOutstandingLimit, 1, math.MaxInt32, requests),
		"jute.maxbuffer":             number(&c.JuteMaxBuffer, 1, math.MaxInt32, "a size in bytes"),
	}
}

func treeRules(c *Config) map[string]rule {
	const most = math.MaxInt32
	return map[string]rule{
		"extendedTypesEnabled":                   boolean(&c.ExtendedTypes),
		"enforceQuota":                           boolean(&c.EnforceQuota),
		"znode.container.checkIntervalMs":        millis(&c.ContainerCheckInterval, 1, most, "a time"),
		"znode.container.maxPerMinute":           number(&c.ContainerMaxPerMinute, 1, most, "a number of nodes"),
		"znode.container.maxNeverUsedIntervalMs": millis(&c.ContainerMaxNeverUsedInterval, 0, most, "a time"),
	}
}

func accessRules(c *Config) map[string]rule {
	return map[string]rule{
		"skipACL":          yesNo(&c.SkipACL, "yes"),
		"ensembleAuthName": ensembleAuthName,
		"DigestAuthenticationProvider.superDigest": func(p *parser, e entry) { p.cfg.SuperDigest = e.value },
		"DigestAuthenticationProvider.digestAlg":   digestAlg,
	}
}

func diskRules(c *Config) map[string]rule {
	return map[string]rule{
		"forceSync":                 yesNo(&c.ForceSync, "no"),
		"snapCount":                 number(&c.SnapCount, 2, math.MaxInt32, "a number of log records"),
		"autopurge.snapRetainCount": snapRetainCount,
		"autopurge.purgeInterval":   purgeInterval,
	}
}

// clientPortAddress refuses "", which means every interface here and the
// loopback one to Apache ZooKeeper: a template left empty must not open a port.
func clientPortAddress(p *parser, e entry) {
	h, err := host(e.value)
	if err != nil {
		p.bad(e, fmt.Sprintf("%v; want a host name or an address of this machine, without a port", err))
		return
	}
	p.cfg.ClientAddress = h
}

// sessionTimeout takes -1 for "by tickTime", as Apache ZooKeeper does.
func sessionTimeout(field *time.Duration) rule {
	return func(p *parser, e entry) {
		if e.value == "-1" {
			return
		}
		millis(field, 1, math.MaxInt32, "a session timeout")(p, e)
	}
}

// yesNo is a rule for the keys that Apache ZooKeeper compares with one word,
// the one that gives up a protection. Every other spelling of that word leaves
// the protection on there, so the difference is said aloud.
func yesNo(field *bool, word string) rule {
	return func(p *parser, e entry) {
		v, ok := p.boolean(e)
		if !ok {
			return
		}
		*field = v
		if v == (word == "yes") && e.value != word {
			p.warn(e, fmt.Sprintf("taken as %s; Apache ZooKeeper knows that word only and would not have obeyed", word))
		}
	}
}

func ensembleAuthName(p *parser, e entry) {
	for name := range strings.SplitSeq(e.value, ",") {
		if name = trim(name); name != "" {
			p.cfg.EnsembleAuthNames = append(p.cfg.EnsembleAuthNames, name)
		}
	}
}

// snapRetainCount follows Apache ZooKeeper, which retains at least three.
func snapRetainCount(p *parser, e entry) {
	v, ok := p.number(e, math.MinInt32, math.MaxInt32, "a number of snapshots")
	if ok && v < 3 {
		p.warn(e, "taken as 3, the least")
	}
	if ok {
		p.cfg.AutopurgeSnapRetainCount = max(v, 3)
	}
}

func purgeInterval(p *parser, e entry) {
	const century = 1_000_000
	v, ok := p.number(e, math.MinInt32, century, "a number of hours")
	if ok && v <= 0 {
		p.warn(e, "old log is always removed; that cannot be switched off")
	}
	if ok {
		p.cfg.AutopurgePurgeInterval = time.Duration(max(v, 0)) * time.Hour
	}
}
