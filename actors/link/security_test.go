package link

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"troupe/wire"
)

func secret(t testing.TB, s string) Security {
	t.Helper()
	security, err := FromSecret([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return security
}

// authority makes certificates.
type authority struct {
	t    testing.TB
	dir  string
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t testing.TB) *authority {
	a := &authority{t: t, dir: t.TempDir()}
	a.key, a.cert = a.make("ca", nil, nil)
	return a
}

func (a *authority) make(name string, ip net.IP, by *authority) (*ecdsa.PrivateKey, *x509.Certificate) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		BasicConstraintsValid: true, IsCA: by == nil, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	parent, signer := template, key
	if by != nil {
		template.IPAddresses, template.ExtKeyUsage = []net.IP{ip}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	a.write(name+".pem", "CERTIFICATE", der)
	a.write(name+".key", "PRIVATE KEY", private)
	return key, cert
}

func (a *authority) write(name, kind string, b []byte) {
	if err := os.WriteFile(filepath.Join(a.dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600); err != nil {
		a.t.Fatal(err)
	}
}

// server makes the security of a server whose certificate is for an address.
func (a *authority) server(name, ip string) Security {
	a.t.Helper()
	a.make(name, net.ParseIP(ip), a)
	s, err := FromPEM(filepath.Join(a.dir, name+".pem"), filepath.Join(a.dir, name+".key"), filepath.Join(a.dir, "ca.pem"))
	if err != nil {
		a.t.Fatal(err)
	}
	return s
}

func TestSecurity_TheRightOnesMeet(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	for name, of := range map[string][2]Security{
		"secret":      {secret(t, "open sesame"), secret(t, "open sesame")},
		"PEM":         {ca.server("one", "127.0.0.1"), ca.server("two", "127.0.0.1")},
		"PEM, any":    {ca.server("three", "10.0.0.3").AnyName(), ca.server("four", "10.0.0.4").AnyName()},
		"PEM, shared": {ca.server("five", "127.0.0.1"), ca.server("five", "127.0.0.1")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newField()
			a := f.stand(t, 1, []wire.ServerID{2}, setup{security: of[0]})
			b := f.stand(t, 2, []wire.ServerID{1}, setup{security: of[1]})
			meet(t, a, b)
			exchange(t, a, b)
			if strings.Contains(a.log.String(), `"warn"`) && strings.Contains(a.log.String(), "not encrypted") {
				t.Error(a.log.String())
			}
		})
	}
}

// TestSecurity_TheWrongOnesDoNot, and both logs name the other and say what to
// look at, a few times at most.
func TestSecurity_TheWrongOnesDoNot(t *testing.T) {
	t.Parallel()
	ca, other := newAuthority(t), newAuthority(t)
	for name, c := range map[string]struct {
		a, b         Security
		first, again []string
	}{
		"two secrets": {secret(t, "one"), secret(t, "another"), []string{"secrets"}, []string{"secrets"}},
		"secret and none": {secret(t, "one"), AddressesOnly(), []string{"does not speak TLS"},
			[]string{"speaks TLS", "this server has neither"}},
		"PEM and none":        {ca.server("one", "127.0.0.1"), AddressesOnly(), []string{"does not speak TLS"}, []string{"speaks TLS"}},
		"PEM and secret":      {ca.server("two", "127.0.0.1"), secret(t, "one"), []string{"authorities"}, []string{"secrets"}},
		"two authorities":     {ca.server("three", "127.0.0.1"), other.server("three", "127.0.0.1"), []string{"authorities"}, []string{"authorities"}},
		"another host's name": {ca.server("four", "127.0.0.1"), ca.server("five", "10.0.0.7"), []string{"not for the host"}, []string{"hosts", "compare"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newField()
			a := f.listen(t, 1, []wire.ServerID{2}, setup{security: c.a})
			b := f.listen(t, 2, []wire.ServerID{1}, setup{security: c.b})
			a.place()
			b.place()
			a.link(2, setup{})
			b.link(1, setup{})
			a.log.has(t, append(c.first, `"warn"`, `"from":"127.0.0.1`, "address of server 2")...)
			b.log.has(t, append(c.again, `"warn"`, `"from":"127.0.0.1`, "address of server 1")...)
			a.log.has(t, `"peer":2`, `"address":"127.0.0.1:`, "cannot be reached")
			b.log.has(t, `"peer":1`, `"address":"127.0.0.1:`, "server") // cannot be reached, or refuses this one
			eventually(t, "many attempts", func() bool {
				return a.net.Counters().DialFailures.Load() > 3 && b.net.Counters().Strangers.Load() > 3
			})
			for _, s := range []*station{a, b} {
				if log := s.log.String(); strings.Contains(log, "link up") || strings.Count(log, "\n") > 8 {
					t.Errorf("it says\n%s", log)
				}
			}
		})
	}
}

// TestSecurity_StrangersGetNothing without the proof, whatever TLS they speak.
func TestSecurity_StrangersGetNothing(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	foreign := ca.server("foreign", "127.0.0.1")
	for name, how := range map[string]credentials.TransportCredentials{
		"plain":          insecure.NewCredentials(),
		"no certificate": credentials.NewTLS(&tls.Config{InsecureSkipVerify: true}),
		"TLS 1.2": credentials.NewTLS(&tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12,
			Certificates: []tls.Certificate{*foreign.certificate}}),
		"its own certificate": credentials.NewTLS(&tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{*foreign.certificate}}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, a, b := pair(t, setup{security: secret(t, "open sesame")})
			x := attack(t, a.net.Addr().String(), how)
			if x.stream != nil {
				if st := x.refused(connectRequest(), framed(validHello(), nil)); strings.Contains(st.Message(), "in use") {
					t.Error("its hello was looked at")
				}
			}
			eventually(t, "somebody is counted", func() bool { return a.net.Counters().Strangers.Load() > 0 })
			exchange(t, a, b)
		})
	}
}

// TestSecurity_TheSecretIsNeverSent: what goes over the wire does not contain
// it, nor anything of the messages.
func TestSecurity_TheSecretIsNeverSent(t *testing.T) {
	t.Parallel()
	const word = "correct horse battery staple"
	spy := &spied{}
	f := newField()
	o := setup{security: secret(t, word), change: func(o *NetworkOptions) { o.Dial = spy.dialer(o.Dial) }}
	a, b := f.stand(t, 1, []wire.ServerID{2}, o), f.stand(t, 2, []wire.ServerID{1}, o)
	meet(t, a, b)
	a.send(2, one(Message{Body: []byte("a telling message")}))
	receive(t, "the message", b.links[1].got)
	if s := spy.String(); len(s) < 1000 || strings.Contains(s, word) || strings.Contains(s, "telling") {
		t.Errorf("%d bytes were sent", len(s))
	}
}

func TestSecurity_RefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	if _, err := FromSecret(nil); err == nil {
		t.Error("an empty secret is taken")
	}
	ca := newAuthority(t)
	ca.make("s", net.ParseIP("127.0.0.1"), ca)
	file := func(name string) string { return filepath.Join(ca.dir, name) }
	for _, c := range [][3]string{{"none.pem", "s.key", "ca.pem"}, {"s.pem", "ca.key", "ca.pem"}, {"s.pem", "s.key", "none.pem"}, {"s.pem", "s.key", "s.key"}} {
		if _, err := FromPEM(file(c[0]), file(c[1]), file(c[2])); err == nil || !strings.Contains(err.Error(), "quorum") {
			t.Errorf("%v: %v", c, err)
		}
	}
	if s, other := secret(t, "x"), secret(t, "x"); !s.pin.Equal(other.pin) {
		t.Error("one secret gives two keys")
	}
}

// TestSecurity_AddressesOnly takes streams from the other servers' addresses as
// they are at this moment, and no others.
func TestSecurity_AddressesOnly(t *testing.T) {
	t.Parallel()
	f := newField()
	f.place(2, "127.0.0.1:1")
	f.place(3, "192.0.2.7:1")
	a := f.listen(t, 1, []wire.ServerID{2, 3}, setup{}) // without links: nothing is sent to these addresses
	x := attack(t, a.net.Addr().String(), insecure.NewCredentials())
	if st := x.refused(connectRequest(), framed([]byte{200}, nil)); !strings.Contains(st.Message(), "no hello") {
		t.Errorf("from the address of server 2: %v", st)
	}
	f.place(2, "192.0.2.8:1")
	eventually(t, "strangers are refused", func() bool {
		c, err := net.Dial("tcp", a.net.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		_, err = c.Read(make([]byte, 1))
		return err != nil && (err == io.EOF || strings.Contains(err.Error(), "reset"))
	})
	a.log.has(t, "connection refused", "not from the address of a server")
}
