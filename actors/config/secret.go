package config

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// secretVariable gives the ensemble's secret from the environment.
const secretVariable = "TROUPE_QUORUM_SECRET"

const (
	minSecret = 16      // bytes; a shorter one could be guessed
	maxSecret = 4 << 10 // bytes; what is longer is some other file
)

// Secret is the ensemble's secret. It is not shown where a Config is printed.
type Secret []byte

func (s Secret) String() string { return fmt.Sprintf("%d bytes", len(s)) }

// secret is one of the places that tell the ensemble's secret.
type secret struct {
	entry
	value string
}

// readSecrets reads the secret that the file keeps in another one, and that of
// the environment.
func (p *parser) readSecrets() {
	if e, ok := p.entries["quorumSecretFile"]; ok && !p.rejected[e.name] {
		value, err := readSecret(e.value)
		if err != nil {
			p.bad(e, err.Error())
		} else {
			p.secrets = append(p.secrets, secret{e, value})
		}
	}
	if value, ok := os.LookupEnv(secretVariable); ok {
		e := entry{property: property{key: secretVariable}, file: "environment", name: secretVariable}
		p.secrets = append(p.secrets, secret{e, value})
	}
}

// readSecret reads a file that holds a secret and may end in line ends.
func readSecret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", err
	}
	if len(data) > maxSecret {
		return "", fmt.Errorf("more than %d bytes: not a secret", maxSecret)
	}
	return strings.TrimRight(string(data), "\r\n"), nil
}

// checkSecrets takes the secret of an ensemble if all places that tell one agree.
func (p *parser) checkSecrets() {
	if !p.cfg.Ensemble() {
		return
	}
	for i, s := range p.secrets {
		switch first := p.secrets[0]; {
		case len(s.value) < minSecret:
			p.refuse(s.entry, fmt.Sprintf("the secret has %d bytes; want %d or more, such as 'openssl rand -hex 32' gives",
				len(s.value), minSecret))
		case p.sslQuorum:
			p.refuse(s.entry, "sslQuorum=true is set, too: servers know each other by certificates or by a secret; leave one")
		case s.value != first.value:
			p.refuse(s.entry, fmt.Sprintf("another secret than that of %s; leave one", first.key))
		case i == 0:
			p.cfg.QuorumSecret = Secret(s.value)
		}
	}
}
