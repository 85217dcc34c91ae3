package config

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// describe lists the fields in which c differs from from, one a line.
func describe(c, from Config) string {
	var b strings.Builder
	v, w := reflect.ValueOf(c), reflect.ValueOf(from)
	for i := range v.NumField() {
		if reflect.DeepEqual(v.Field(i).Interface(), w.Field(i).Interface()) {
			continue
		}
		value := fmt.Sprintf("%+v", reflect.Indirect(v.Field(i)).Interface())
		if set, ok := v.Field(i).Interface().(map[string]bool); ok {
			value = strings.Join(sortedKeys(set), " ")
		}
		fmt.Fprintf(&b, "%s: %s\n", v.Type().Field(i).Name, value)
	}
	return b.String()
}

func sortedKeys(set map[string]bool) []string {
	var keys []string
	for k := range set {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

func describeWarnings(warnings []Warning) string {
	var b strings.Builder
	for _, w := range warnings {
		fmt.Fprintf(&b, "warning: %v\n", w)
	}
	return b.String()
}

// golden compares got with the file beside path.
func golden(t *testing.T, path, got string) {
	t.Helper()
	path += ".golden"
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// eachFile runs test on every configuration in a directory of testdata.
func eachFile(t *testing.T, dir string, test func(t *testing.T, path string, data []byte)) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, path := range paths {
		if filepath.Ext(path) == ".golden" {
			continue
		}
		n++
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(path), func(t *testing.T) { test(t, path, data) })
	}
	if n == 0 {
		t.Fatalf("no files in testdata/%s", dir)
	}
}

func TestParse_Good(t *testing.T) {
	eachFile(t, "good", func(t *testing.T, path string, data []byte) {
		c, warnings, err := Parse(bytes.NewReader(data), "zoo.cfg")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, path, describe(c, Config{})+describeWarnings(warnings))
	})
}

func TestParse_Bad(t *testing.T) {
	eachFile(t, "bad", func(t *testing.T, path string, data []byte) {
		_, warnings, err := Parse(bytes.NewReader(data), "zoo.cfg")
		var problems Problems
		if !errors.As(err, &problems) || len(problems) == 0 {
			t.Fatalf("got %v, want problems", err)
		}
		golden(t, path, err.Error()+"\n"+describeWarnings(warnings))
	})
}

const enough = "dataDir=/data\nclientPort=2181\n"

func parseString(text string) (Config, []Warning, error) {
	return Parse(strings.NewReader(text), "zoo.cfg")
}

// TestParse_Key sets one key in a file that is complete without it.
func TestParse_Key(t *testing.T) {
	base, _, err := parseString(enough)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ line, want string }{
		{"clientPort=0", "ClientPort: 0\nwarning: zoo.cfg:2: clientPort: ignored: line 3 sets it again\n"},
		{"clientPortAddress=db-1.example.com", "ClientAddress: db-1.example.com\n"},
		{"clientPortAddress=[fe80::1]", "ClientAddress: fe80::1\n"},
		{"clientPortAddress=::1", "ClientAddress: ::1\n"},
		{"clientPortListenBacklog=1024", "ClientPortListenBacklog: 1024\n"},
		{"clientTcpKeepAlive=true", "TCPKeepAlive: true\n"},
		{"datadir.autocreate=false", "DataDirAutocreate: false\n"},
		{"tickTime=500", "TickTime: 500ms\nMinSessionTimeout: 1s\nMaxSessionTimeout: 10s\n"},
		{"tickTime=+500", "TickTime: 500ms\nMinSessionTimeout: 1s\nMaxSessionTimeout: 10s\n"},
		{"minSessionTimeout=1", "MinSessionTimeout: 1ms\n"},
		{"minSessionTimeout=-1", ""},
		{"maxSessionTimeout=2147483647", "MaxSessionTimeout: 596h31m23.647s\n"},
		{"maxClientCnxns=-5", "MaxClientCnxns: 0\n"},
		{"maxCnxns=100", "MaxCnxns: 100\n"},
		{"globalOutstandingLimit=1", "GlobalOutstandingLimit: 1\n"},
		{"jute.maxbuffer=0x400000", "JuteMaxBuffer: 4194304\n"},
		{"extendedTypesEnabled=false", "ExtendedTypes: false\n"},
		{"extendedTypesEnabled=true", ""},
		{"enforceQuota=TRUE", "EnforceQuota: true\n"},
		{"skipACL=yes", "SkipACL: true\n"},
		{"skipACL=false", ""},
		{"forceSync=no", "ForceSync: false\n"},
		{"forceSync=true", ""},
		{"snapCount=2", "SnapCount: 2\n"},
		{"autopurge.purgeInterval=24", "AutopurgePurgeInterval: 24h0m0s\n"},
		{"ensembleAuthName=a, b", "EnsembleAuthNames: [a b]\n"},
		{"DigestAuthenticationProvider.digestAlg=sha-256", "DigestAlg: SHA-256\n"},
		{"DigestAuthenticationProvider.digestAlg=SHA3-256", "DigestAlg: SHA3-256\n"},
		{"DigestAuthenticationProvider.digestAlg=SHA-1", ""},
		{"DigestAuthenticationProvider.enabled=true", ""},
		{"4lw.commands.whitelist=", "FourLetterWords: \n"},
		{"4lw.commands.whitelist=ruok", "FourLetterWords: ruok\n"},
		{"4lw.commands.whitelist=*", "FourLetterWords: conf cons crst dirs dump envi gtmk hash isro mntr ruok srst srvr stat stmk wchc wchp wchs\n"},
		{"peerType=participant", ""},
		{"electionAlg=3", ""},
		{"secureClientPort=0", ""},
		{"sslQuorum=false", ""},
		{"sslQuorum=true", ""},
		{"peerTimeout=250", "PeerTimeout: 250ms\n"},
		{"quorumListenOnAllIPs=true", "QuorumListenOnAllIPs: true\n"},
		{"trustEmptyServers=false", ""},
		{"quorumSecret=short", ""},
		{"ssl.quorum.keyStore.location=/x", "warning: zoo.cfg:3: ssl.quorum.keyStore.location: ignored: it takes effect in an ensemble with sslQuorum=true only\n"},
		{"ssl.quorum.crl=true", "warning: zoo.cfg:3: ssl.quorum.crl: ignored: it takes effect in an ensemble with sslQuorum=true only\n"},
		{"ssl.quorum.nonsense=1", "warning: zoo.cfg:3: ssl.quorum.nonsense: unknown key, ignored\n"},
		{"leaderServes=no", "warning: zoo.cfg:3: leaderServes: ignored: the leader serves clients, too\n"},
		{"reconfigEnabled=false", ""},
		{"server.7=h:1:2", "Servers: [{ID:7 Host:h QuorumPort:1 ElectionPort:2 Role:participant ClientAddress: ClientPort:0}]\n"},
		{"server.7=h:1:2;", "Servers: [{ID:7 Host:h QuorumPort:1 ElectionPort:2 Role:participant ClientAddress: ClientPort:0}]\n"},
		{"server.7=h:1:2;127.0.0.1:2181", "ClientAddress: 127.0.0.1\n" +
			"Servers: [{ID:7 Host:h QuorumPort:1 ElectionPort:2 Role:participant ClientAddress:127.0.0.1 ClientPort:2181}]\n"},
		{"authProvider.1=x", "warning: zoo.cfg:3: authProvider.1: ignored: the schemes are world, ip, digest and auth; others cannot be added\n"},
		{"zookeeper.maxCnxns=9\nmaxCnxns=8", "MaxCnxns: 8\nwarning: zoo.cfg:3: zookeeper.maxCnxns: ignored: line 4 sets it again\n"},
		{"nonsense", "warning: zoo.cfg:3: nonsense: unknown key, ignored\n"},
		{"ExtendedTypesEnabled=false", "warning: zoo.cfg:3: ExtendedTypesEnabled: unknown key, ignored; did you mean extendedTypesEnabled?\n"},
	} {
		got, warnings, err := parseString(enough + c.line + "\n")
		if err != nil {
			t.Errorf("%s: %v", c.line, err)
			continue
		}
		if d := describe(got, base) + describeWarnings(warnings); d != c.want {
			t.Errorf("%s: got\n%swant\n%s", c.line, d, c.want)
		}
	}
}

// TestParse_Restrictions lists every key that must not be passed over, alone.
func TestParse_Restrictions(t *testing.T) {
	for _, line := range []string{
		"secureClientPort=2281", "secureClientPortAddress=127.0.0.1", "client.portUnification=true",
		"sessionRequireClientSASLAuth=true", "zookeeper.sessionRequireClientSASLAuth=true",
		"-Dzookeeper.sessionRequireClientSASLAuth=true", "enforce.auth.enabled=true", "enforce.auth.schemes=digest",
		"quorum.auth.enableSasl=true", "quorum.auth.learnerRequireSasl=true", "quorum.auth.serverRequireSasl=true",
		"group.1=1:2", "weight.1=2", "oraclePath=/x", "DigestAuthenticationProvider.enabled=false", "peerType=observer",
		"server.1=a:1:2:observer", pair + "sslQuorum=true", pair + certificates + "ssl.quorum.crl=true",
		pair + certificates + "ssl.quorum.ocsp=true", pair + certificates + "ssl.quorum.context.supplier.class=x",
		pair + certificates + "ssl.quorum.keyStore.type=JKS", pair + certificates + "quorumSecret=0123456789abcdef",
		pair + "quorumSecret=0123456789abcde",
	} {
		if _, _, err := parseString(enough + line + "\n"); err == nil {
			t.Errorf("%s: accepted", line)
		}
	}
}

func TestParse_NotAConfiguration(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"too long", strings.Repeat("#\n", maxFileSize), "read zoo.cfg: more than 1048576 bytes: not a zoo.cfg"},
		{"UTF-16", "\xff\xfet\x00", "read zoo.cfg: it is UTF-16; save it as UTF-8"},
	} {
		if _, _, err := parseString(c.data); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}

func TestParse_SecretsStayOut(t *testing.T) {
	text := enough + `DigestAuthenticationProvider.superDigest=hunter2
ssl.keyStore.password=hunter2
zookeeper.ssl.trustStore.password=hunter2\uzzzz
SASLAuthenticationProvider.superPassword=hunter2
`
	_, warnings, err := parseString(text)
	if err == nil || len(warnings) != 3 {
		t.Fatalf("got %v and %v", warnings, err)
	}
	if said := describeWarnings(warnings) + err.Error(); strings.Contains(said, "hunter2") {
		t.Errorf("a secret is shown:\n%s", said)
	}
}

func TestRules_OneSpellingEach(t *testing.T) {
	seen := map[string]string{}
	for name := range newParser("zoo.cfg").rules {
		if other, ok := seen[strings.ToLower(name)]; ok {
			t.Errorf("%s and %s differ in case only", name, other)
		}
		seen[strings.ToLower(name)] = name
		if keyName(name) != name {
			t.Errorf("%s can never be found", name)
		}
	}
}

func TestDefault(t *testing.T) {
	c := Default()
	file := "tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir=./troupe-data\nclientPort=2181\nclientPortAddress=127.0.0.1\n"
	want, warnings, err := parseString(file)
	if err != nil || len(warnings) > 0 {
		t.Fatal(warnings, err)
	}
	if d := describe(c, want); d != "" {
		t.Errorf("differs from the sample file in\n%s", d)
	}
	if c.Ensemble() || c.FourLetterWords["wchp"] || !c.FourLetterWords["srvr"] {
		t.Errorf("got %+v", c)
	}
}

// TestLines has what Apache ZooKeeper 3.8.0 answered to conf, with its version-2.
func TestLines(t *testing.T) {
	c, _, err := parseString("tickTime=2000\ndataDir=/srv/data\ndataLogDir=/srv/log\nclientPort=38141\n" +
		"clientPortListenBacklog=77\nserver.5=localhost:2888:3888\nminSessionTimeout=5000\n")
	if err != nil {
		t.Fatal(err)
	}
	c.MyID = 5
	const want = `clientPort=38141
secureClientPort=-1
dataDir=/srv/data/troupe
dataDirSize=0
dataLogDir=/srv/log/troupe
dataLogSize=457
tickTime=2000
maxClientCnxns=60
minSessionTimeout=5000
maxSessionTimeout=40000
clientPortListenBacklog=77
serverId=0`
	if got := c.Conf(0, 457); got != want+"\n" {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
