package config

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
)

const tlsPrefix = "ssl.quorum."

// tlsRules has the keys of certificates between servers, less tlsPrefix. They
// are looked at last, since they count only with sslQuorum=true.
var tlsRules = map[string]rule{
	"keyStore.location":               func(p *parser, e entry) { p.tls.KeyStore, _ = p.path(e) },
	"trustStore.location":             func(p *parser, e entry) { p.tls.TrustStore, _ = p.path(e) },
	"keyStore.type":                   storeType,
	"trustStore.type":                 storeType,
	"keyStore.password":               inert(plainPEM),
	"keyStore.passwordPath":           inert(plainPEM),
	"trustStore.password":             inert(plainPEM),
	"trustStore.passwordPath":         inert(plainPEM),
	"hostnameVerification":            hostnameVerification,
	"clientHostnameVerification":      inert("hostnameVerification says it for both sides", "true"),
	"crl":                             refusedIf(true, "a list of revoked certificates", "their owners would be let in"),
	"ocsp":                            refusedIf(true, "questions about revoked certificates", "their owners would be let in"),
	"context.supplier.class":          refused("classes of Java", "it may keep out whom the trust store lets in"),
	"clientAuth":                      inert("every server has to show a certificate", "need"),
	"protocol":                        inert(onlyTLS13, "tlsv1.3"),
	"enabledProtocols":                inert(onlyTLS13, "tlsv1.3"),
	"ciphersuites":                    inert(onlyTLS13),
	"handshakeDetectionTimeoutMillis": inert("who does not speak TLS is turned away"),
}

const (
	plainPEM  = "PEM files are read that are not encrypted"
	onlyTLS13 = "servers speak TLS 1.3, with the cipher suites that it has"
	wantPEM   = "want a PEM file; 'openssl pkcs12 -in store.p12 -nodes -out store.pem' makes one, " +
		"for a JKS after 'keytool -importkeystore -srckeystore store.jks -destkeystore store.p12 -deststoretype PKCS12'"
)

func storeType(p *parser, e entry) {
	if !strings.EqualFold(e.value, "PEM") {
		p.bad(e, wantPEM)
	}
}

func hostnameVerification(p *parser, e entry) {
	v, ok := p.boolean(e)
	p.tls.AnyName = ok && !v
}

// checkTLS takes the ssl.quorum keys, if servers are to know each other by
// certificates.
func (p *parser) checkTLS() {
	on := p.sslQuorum && p.cfg.Ensemble()
	for _, e := range p.tlsKeys {
		r, known := tlsRules[strings.TrimPrefix(e.name, tlsPrefix)]
		switch {
		case !known:
			unknown(p, e)
		case on:
			r(p, e)
		default:
			p.warn(e, "ignored: it takes effect in an ensemble with sslQuorum=true only")
		}
	}
	if !on {
		return
	}
	p.checkStore("keyStore.location", "this server's key and certificates", checkKeyStore)
	p.checkStore("trustStore.location", "the certificates of who signs for servers", checkTrustStore)
	p.cfg.QuorumTLS = &p.tls
}

// checkStore wants a store, and looks into it if files are looked at.
func (p *parser) checkStore(key, what string, check func(data []byte) error) {
	e, ok := p.entries[tlsPrefix+key]
	if !ok {
		p.missing(tlsPrefix+key, "not set; with sslQuorum=true it must name a PEM file with "+what)
		return
	}
	if p.rejected[e.name] || !p.onDisk {
		return
	}
	data, err := os.ReadFile(e.value)
	if err == nil {
		err = check(data)
	}
	if err != nil {
		p.bad(e, err.Error())
	}
}

func checkKeyStore(data []byte) error {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "" {
			return errors.New("its private key is encrypted; 'openssl pkey -in store.pem' prints one that is not: " +
				"keep it where only the server can read it")
		}
	}
	if !bytes.Contains(data, []byte("-----BEGIN ")) {
		return errors.New(wantPEM)
	}
	if _, err := tls.X509KeyPair(data, data); err != nil {
		return fmt.Errorf("want a private key and the certificates that go with it: %w", err)
	}
	return nil
}

func checkTrustStore(data []byte) error {
	if !bytes.Contains(data, []byte("-----BEGIN ")) {
		return errors.New(wantPEM)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(data) {
		return errors.New("there is no certificate in it")
	}
	return nil
}
