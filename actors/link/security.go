package link

import (
	"crypto/ed25519"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"os"
	"sync"
	"time"
)

// Security says how two servers know each other for what they are. The zero
// value is AddressesOnly.
type Security struct {
	certificate *tls.Certificate  // what this server shows; nil: addresses only
	pin         ed25519.PublicKey // the one key all have, which the secret gives
	roots       *x509.CertPool    // of PEM
	anyName     bool
}

// AddressesOnly takes streams from the other servers' addresses. There is no
// proof, and nothing is encrypted.
func AddressesOnly() Security { return Security{} }

// The secret is stretched with a salt of our own, so that a table made for other
// programs is of no use, and as often as makes a guess cost tens of milliseconds.
const (
	secretSalt   = "troupe ensemble secret, key of links, 1"
	secretRounds = 250_000
)

// stretched keeps keys, since stretching is slow on purpose.
var stretched sync.Map // sha256 of a secret -> ed25519.PrivateKey

// FromSecret makes all servers that have the same secret know each other: it is
// stretched to a key which both sides of a TLS connection have to prove they
// hold. The secret itself is never sent.
func FromSecret(secret []byte) (Security, error) {
	if len(secret) == 0 {
		return Security{}, errors.New("the ensemble's secret is empty")
	}
	sum := sha256.Sum256(secret)
	key, known := stretched.Load(sum)
	if !known {
		seed, err := pbkdf2.Key(sha256.New, string(secret), []byte(secretSalt), secretRounds, ed25519.SeedSize)
		if err != nil {
			return Security{}, fmt.Errorf("stretching the ensemble's secret: %w", err)
		}
		key, _ = stretched.LoadOrStore(sum, ed25519.NewKeyFromSeed(seed))
	}
	private := key.(ed25519.PrivateKey)
	public := private.Public().(ed25519.PublicKey)
	// The certificate is only what TLS carries the key in: nobody looks at more.
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		return Security{}, fmt.Errorf("certificate of the ensemble's secret: %w", err)
	}
	return Security{certificate: &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, pin: public}, nil
}

// FromPEM reads a certificate with its chain, its key, and the authorities that
// the other servers' certificates have to come from. A certificate has to be
// valid for the host in its server's address.
func FromPEM(certFile, keyFile, caFile string) (Security, error) {
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return Security{}, fmt.Errorf("quorum certificate %s and key %s: %w", certFile, keyFile, err)
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return Security{}, fmt.Errorf("quorum authorities: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return Security{}, fmt.Errorf("quorum authorities: no certificate in %s", caFile)
	}
	return Security{certificate: &cert, roots: roots}, nil
}

// AnyName takes any certificate of the authorities, whatever host it is for.
func (s Security) AnyName() Security { s.anyName = true; return s }

// proves says whether the other side has to prove something.
func (s Security) proves() bool { return s.certificate != nil }

// String names the way, for log lines.
func (s Security) String() string {
	switch {
	case s.pin != nil:
		return "secret"
	case s.roots != nil:
		return "certificates"
	}
	return "addresses"
}

var errOtherSecret = errors.New("its key is another one: compare the ensemble's secrets of the two servers")

// config is for either side of a connection. Since it demands what TLS by itself
// does not know of, it checks everything in verify. host is whom this side has
// called; an acceptor learns that later.
func (s Security) config(isDialer bool, host string) *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		Certificates:           []tls.Certificate{*s.certificate},
		ClientAuth:             tls.RequireAnyClientCert,
		InsecureSkipVerify:     true, // VerifyConnection does it
		SessionTicketsDisabled: true,
		NextProtos:             []string{"h2"},
		VerifyConnection: func(cs tls.ConnectionState) error {
			if err := s.verify(cs); err != nil || !isDialer {
				return err
			}
			return s.named(cs.PeerCertificates[0], host)
		},
	}
}

// verify checks the certificate of the other side, which by then has proved that
// it holds its key.
func (s Security) verify(cs tls.ConnectionState) error {
	if len(cs.PeerCertificates) == 0 {
		return errors.New("it shows no certificate")
	}
	leaf := cs.PeerCertificates[0]
	if s.pin != nil {
		if key, ok := leaf.PublicKey.(ed25519.PublicKey); !ok || !key.Equal(s.pin) {
			return errOtherSecret
		}
		return nil
	}
	between := x509.NewCertPool()
	for _, c := range cs.PeerCertificates[1:] {
		between.AddCert(c)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: s.roots, Intermediates: between,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
		return fmt.Errorf("its certificate is not of this server's authorities: %w", err)
	}
	return nil
}

// named checks that a certificate is for a host.
func (s Security) named(leaf *x509.Certificate, host string) error {
	if s.roots == nil || s.anyName {
		return nil
	}
	if err := leaf.VerifyHostname(host); err != nil {
		return fmt.Errorf("its certificate is not for the host of its address: %w", err)
	}
	return nil
}
