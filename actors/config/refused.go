package config

import "fmt"

// otherQuorum is why keys that weigh votes are refused.
const otherQuorum = "something else would count as a quorum"

// refusedRules has the known keys that keep somebody out or change who
// decides. Until they are supported, a server that started without them would
// be less than its file says.
func refusedRules() map[string]rule {
	const (
		clientTLS  = "TLS for clients"
		inTheClear = "what is said would not be encrypted"
		clientAuth = "authentication of every client"
		peerAuth   = "SASL between servers"
		comeOneAll = "strangers would be let in"
	)
	return map[string]rule{
		"secureClientPort": func(p *parser, e entry) {
			if e.value != "0" { // what Apache ZooKeeper takes for "not set"
				refused(clientTLS, inTheClear)(p, e)
			}
		},
		"secureClientPortAddress":              refused(clientTLS, inTheClear),
		"client.portUnification":               refusedIf(true, clientTLS, inTheClear),
		"sessionRequireClientSASLAuth":         refusedIf(true, "SASL", comeOneAll),
		"enforce.auth.enabled":                 refusedIf(true, clientAuth, comeOneAll),
		"enforce.auth.schemes":                 refused(clientAuth, comeOneAll),
		"quorum.auth.enableSasl":               refusedIf(true, peerAuth, comeOneAll),
		"quorum.auth.learnerRequireSasl":       refusedIf(true, peerAuth, comeOneAll),
		"quorum.auth.serverRequireSasl":        refusedIf(true, peerAuth, comeOneAll),
		"DigestAuthenticationProvider.enabled": refusedIf(false, "a switch for digest", "its users would be let in"),
		"oraclePath":                           refused("a quorum oracle", otherQuorum),
	}
}

// refused is a rule for a key that no value makes harmless.
func refused(what, consequence string) rule {
	return func(p *parser, e entry) {
		p.bad(e, fmt.Sprintf("needs %s, not supported yet: %s; remove the line to start without it", what, consequence))
	}
}

// refusedIf is a rule for a key that only one value makes harmful.
func refusedIf(harmful bool, what, consequence string) rule {
	return func(p *parser, e entry) {
		if v, ok := p.boolean(e); ok && v == harmful {
			p.bad(e, fmt.Sprintf("needs %s, not supported yet: %s; set it to %t to start without it",
				what, consequence, !harmful))
		}
	}
}
