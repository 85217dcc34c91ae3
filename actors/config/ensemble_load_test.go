package config

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const threeServers = "dataDir=@/data\ninitLimit=10\nsyncLimit=5\n" +
	"server.1=zoo1:2888:3888;2181\nserver.2=zoo2:2888:3888;2182\nserver.3=zoo3:2888:3888:observer;2183\n"

const aSecret = "correct horse battery staple"

// load writes files and loads zoo.cfg of them. Both results have @ for the directory.
func load(t *testing.T, files map[string]string) (c Config, warnings, problems string) {
	t.Helper()
	dir := write(t, files)
	c, list, err := Load(filepath.Join(dir, "zoo.cfg"))
	if err != nil {
		problems = strings.ReplaceAll(err.Error(), dir, "@")
	}
	return c, strings.ReplaceAll(describeWarnings(list), dir, "@"), problems
}

func TestLoad_MyIDOfAnEnsemble(t *testing.T) {
	const want = "write the number of this server's own server.N line into it, one of 1, 2, 3"
	for myid, problem := range map[string]string{
		"2\n": "",
		"":    "@/data/myid: myid: there is no such file; " + want,
		"two": "@/data/myid:1: myid=two: a server's number must be from 1 to 254: session ids carry it in one byte, of which 0 and 255 are taken; " + want,
		" \n": `@/data/myid:1: myid="": a server's number must be from 1 to 254: session ids carry it in one byte, of which 0 and 255 are taken; ` + want,
		"7":   "@/data/myid:1: myid=7: there is no line server.7; " + want,
	} {
		files := map[string]string{"zoo.cfg": threeServers}
		if myid != "" {
			files["data/myid"] = myid
		}
		if c, _, got := load(t, files); got != problem || got == "" && (c.MyID != 2 || c.ClientPort != 2182) {
			t.Errorf("%q: got %q, want %q, %+v", myid, got, problem, c)
		}
	}
}

// TestLoad_PeerType: the server line decides, as in Apache ZooKeeper 3.8.0.
func TestLoad_PeerType(t *testing.T) {
	for _, c := range []struct {
		myid, peerType string
		observer, warn bool
	}{
		{"1", "", false, false},
		{"1", "participant", false, false},
		{"1", "observer", false, true},
		{"3", "", true, false},
		{"3", "observer", true, false},
		{"3", "participant", true, true},
	} {
		cfg := threeServers + "quorumSecret=" + aSecret + "\n"
		if c.peerType != "" {
			cfg += "peerType=" + c.peerType + "\n"
		}
		got, warnings, problems := load(t, map[string]string{"zoo.cfg": cfg, "data/myid": c.myid})
		if problems != "" || got.Observer() != c.observer || c.warn != strings.Contains(warnings, "all other servers go by that line") {
			t.Errorf("%+v: observer %t, %s%s", c, got.Observer(), warnings, problems)
		}
	}
}

func TestLoad_Secret(t *testing.T) {
	const other = "another secret altogether"
	for _, c := range []struct{ name, lines, file, environment, want, problem string }{
		{name: "none"},
		{name: "line", lines: "quorumSecret=" + aSecret, want: aSecret},
		{name: "file", lines: "quorumSecretFile=@/secret", file: aSecret + "\r\n", want: aSecret},
		{name: "environment", environment: aSecret, want: aSecret},
		{name: "all the same", lines: "quorumSecret=" + aSecret + "\nquorumSecretFile=@/secret", file: aSecret, environment: aSecret, want: aSecret},
		{name: "two", lines: "quorumSecret=" + aSecret + "\nquorumSecretFile=@/secret", file: other,
			problem: "@/zoo.cfg:8: quorumSecretFile: another secret than that of quorumSecret; leave one"},
		{name: "line and environment", lines: "quorumSecret=" + aSecret, environment: other,
			problem: "environment: TROUPE_QUORUM_SECRET: another secret than that of quorumSecret; leave one"},
		{name: "no file", lines: "quorumSecretFile=@/secret",
			problem: "@/zoo.cfg:7: quorumSecretFile=@/secret: open @/secret: no such file or directory"},
		{name: "short file", lines: "quorumSecretFile=@/secret", file: "0123456789abcde\n",
			problem: "@/zoo.cfg:7: quorumSecretFile: the secret has 15 bytes; want 16 or more, such as 'openssl rand -hex 32' gives"},
		{name: "empty environment", environment: "-",
			problem: "environment: TROUPE_QUORUM_SECRET: the secret has 1 bytes; want 16 or more, such as 'openssl rand -hex 32' gives"},
		{name: "not a secret", lines: "quorumSecretFile=@/secret", file: strings.Repeat("x", maxSecret+1),
			problem: "@/zoo.cfg:7: quorumSecretFile=@/secret: more than 4096 bytes: not a secret"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.environment != "" {
				t.Setenv(secretVariable, c.environment)
			}
			files := map[string]string{"zoo.cfg": threeServers + c.lines + "\n", "data/myid": "1"}
			if c.file != "" {
				files["secret"] = c.file
			}
			got, warnings, problems := load(t, files)
			if string(got.QuorumSecret) != c.want || shortened(problems) != c.problem {
				t.Errorf("secret %q, problems\n%s", string(got.QuorumSecret), problems)
			}
			if open := c.want == "" && c.problem == ""; open != strings.Contains(warnings, "by nothing but the addresses") ||
				open != (problems == "" && got.OpenQuorum()) {
				t.Errorf("warnings %s", warnings)
			}
			if said := warnings + problems + fmt.Sprintf("%v %+v %s", got, got, got.QuorumSecret); strings.Contains(said, aSecret) {
				t.Errorf("the secret is shown: %s", said)
			}
		})
	}
}

// shortened puts @ for a test's directory whose name was too long to be shown whole.
func shortened(s string) string {
	before, after, cut := strings.Cut(s, "...:")
	if !cut {
		return s
	}
	key, _, _ := strings.Cut(before, "=")
	return key + "=@/secret:" + after
}

// stores makes PEM files: a key with its certificate, and one with an encrypted key.
func stores(t *testing.T) (key, certificate, encrypted string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"zoo1"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(kind string, der []byte) string {
		var b bytes.Buffer
		if err := pem.Encode(&b, &pem.Block{Type: kind, Bytes: der}); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	return encode("PRIVATE KEY", keyDER), encode("CERTIFICATE", der), encode("ENCRYPTED PRIVATE KEY", keyDER)
}

func TestLoad_Certificates(t *testing.T) {
	key, certificate, encrypted := stores(t)
	const lines = "sslQuorum=true\nssl.quorum.keyStore.location=@/key.pem\nssl.quorum.trustStore.location=@/ca.pem\n"
	for _, c := range []struct{ name, key, trust, problem string }{
		{"good", key + certificate, certificate, ""},
		{"chain first", certificate + key, certificate, ""},
		{"encrypted", encrypted + certificate, certificate, "its private key is encrypted; 'openssl pkey"},
		{"no key", certificate, certificate, "want a private key and the certificates that go with it"},
		{"no certificate", key, certificate, "want a private key and the certificates that go with it"},
		{"a JKS", "\xfe\xed\xfe\xed\x00\x00", certificate, "want a PEM file; 'openssl pkcs12"},
		{"trust in a JKS", key + certificate, "\xfe\xed\xfe\xed\x00\x00", "want a PEM file; 'openssl pkcs12"},
		{"trust in a key", key + certificate, key, "there is no certificate in it"},
	} {
		files := map[string]string{"zoo.cfg": threeServers + lines, "data/myid": "1", "key.pem": c.key, "ca.pem": c.trust}
		got, warnings, problems := load(t, files)
		if c.problem != "" {
			if !strings.Contains(problems, c.problem) || strings.Count(problems, "\n") > 0 {
				t.Errorf("%s: %s", c.name, problems)
			}
			continue
		}
		if problems != "" || warnings != "" || got.QuorumTLS == nil || !filepath.IsAbs(got.QuorumTLS.KeyStore) || got.OpenQuorum() {
			t.Errorf("%s: %+v\n%s%s", c.name, got.QuorumTLS, warnings, problems)
		}
	}
	_, _, problems := load(t, map[string]string{"zoo.cfg": threeServers + lines, "data/myid": "1"})
	if strings.Count(problems, "no such file") != 2 {
		t.Errorf("missing files: %s", problems)
	}
}
