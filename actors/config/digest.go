package config

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// The values of Config.DigestAlg.
const (
	SHA1    = "SHA1"
	SHA256  = "SHA-256"
	SHA3256 = "SHA3-256"
)

// digestNames has what Java calls these, in lower case.
var digestNames = map[string]string{
	"sha1": SHA1, "sha-1": SHA1, "sha": SHA1,
	"sha-256": SHA256, "sha256": SHA256,
	"sha3-256": SHA3256,
}

func digestAlg(p *parser, e entry) {
	name, ok := digestNames[strings.ToLower(e.value)]
	if !ok {
		p.bad(e, fmt.Sprintf("want %s, %s or %s", SHA1, SHA256, SHA3256))
		return
	}
	p.cfg.DigestAlg = name
}

// checkSuperDigest warns of a digest that no password has; a password written
// in its place is the usual mistake.
func (p *parser) checkSuperDigest() {
	e, ok := p.entries["DigestAuthenticationProvider.superDigest"]
	if !ok {
		return
	}
	size := 32
	if p.cfg.DigestAlg == SHA1 {
		size = 20
	}
	user, hash, ok := strings.Cut(e.value, ":")
	sum, err := base64.StdEncoding.DecodeString(hash)
	if !ok || user == "" || err != nil || len(sum) != size {
		p.warn(e, fmt.Sprintf("nobody can become super by it: "+
			"it is not super: and the %s hash of super:password in base64", p.cfg.DigestAlg))
	}
}
