package words

import (
	"encoding/binary"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"troupe/actors/config"
	"troupe/actors/metrics"
	"troupe/actors/session"
	"troupe/actors/tree"
	"troupe/wire"
)

var _ session.Words = (*Words)(nil)

var update = flag.Bool("update", false, "write the golden files")

// apacheVersion is how the recorded original calls itself.
const apacheVersion = "3.8.0-${mvngit.commit.id}, built on 2024-12-29 17:54 UTC"

const zooCfg = `dataDir=/data
dataLogDir=/log
clientPort=2181
tickTime=2000
4lw.commands.whitelist=*
`

const recordedSession = wire.SessionID(0x100003d9a6c0001)

var everyWord = []string{"ruok", "conf", "dirs", "envi", "gtmk", "crst", "srst", "isro", "srvr", "stat", "cons", "mntr",
	"hash", "wchs", "wchc", "wchp", "dump"}

// fixture is a server that is in the state in which the original was recorded:
// one client with a session, and the connection that asks.
func fixture(t *testing.T) (*Words, *tree.Description) {
	t.Helper()
	cfg, _, err := config.Parse(strings.NewReader(zooCfg), "zoo.cfg")
	if err != nil {
		t.Fatal(err)
	}
	start := time.UnixMilli(1795388628668).UTC()
	m := metrics.NewRegistry()
	m.Started = start
	observe(&m.Latency, 423, 4, 166, 1, 0, 158)
	m.Received.Store(196)
	m.Sent.Store(195)
	asking := m.Open(1, netip.MustParseAddrPort("127.0.0.1:57978"))
	asking.Established = start.Add(9 * time.Second)
	asking.Received.Store(1)
	c := m.Open(2, netip.MustParseAddrPort("[::ffff:127.0.0.1]:40720"))
	c.Established = start
	c.Session.Store(int64(recordedSession))
	c.Timeout.Store(30000)
	c.Received.Store(7)
	c.Sent.Store(7)
	c.LastOp.Store(int32(wire.OpExists))
	c.LastXid.Store(6)
	c.LastZxid.Store(0x97)
	c.LastReply.Store(5068376)
	observe(&c.Latency, 423, 2, 150, 1, 0, 3, 1, 1)
	w := New(&cfg, m)
	w.version = apacheVersion
	w.now = func() time.Time { return start.Add(90 * time.Second) }
	w.host = func() host {
		return host{name: "localhost", osName: "Linux", osVersion: "6.1.0", user: "zk", home: "/home/zk", dir: "/srv",
			tmp: "/tmp", memoryFree: 3 << 20, memoryMax: 512 << 20, memoryTotal: 17 << 20, openFiles: 21, maxFiles: 1024, goroutines: 34,
			dataDirSize: 67109337, logDirSize: 1234}
	}
	return w, &tree.Description{Nodes: 152, Ephemerals: 1, Sessions: 1, DataSize: 1159, Watchers: 1, WatchedPaths: 3,
		Watches: 3, Applied: 0x97, Digest: 266246627324,
		SessionEphemerals: map[wire.SessionID][]string{recordedSession: {"/a/e"}},
		SessionTimeouts:   map[wire.SessionID]int32{recordedSession: 30000},
		WatchesBySession:  map[wire.SessionID][]string{recordedSession: {"/none", "/b", "/a", "/b"}},
		WatchesByPath:     map[string][]wire.SessionID{"/b": {recordedSession}, "/a": {recordedSession}, "/none": {recordedSession}},
	}
}

// observe enters pairs of milliseconds and how often.
func observe(l *metrics.Latency, pairs ...int) {
	for i := 0; i < len(pairs); i += 2 {
		l.Observe(time.Duration(pairs[i])*time.Millisecond, pairs[i+1])
	}
}

// The golden files of stat, srvr, cons, conf, isro, gtmk, ruok, crst, srst, wchs,
// wchc and wchp hold what Apache ZooKeeper 3.8.0 answered in this state, byte for
// byte but for sizes and directories; the others have answers of our own.
func TestAnswer_Golden(t *testing.T) {
	goVersion := regexp.MustCompile(`(go\.version|os\.arch)=.*`)
	for _, name := range everyWord {
		w, d := fixture(t)
		got := goVersion.ReplaceAllString(string(w.Answer(name, nil, d)), "$1=*")
		path := filepath.Join("testdata", name+".txt")
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
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
}

func TestAnswer_NotServing(t *testing.T) {
	const sentence = "This ZooKeeper instance is not currently serving requests"
	want := map[string]string{"ruok": "imok", "gtmk": "306", "isro": "null", "hash": sentence}
	for _, name := range []string{"srvr", "stat", "cons", "mntr", "wchs", "wchc", "wchp", "dump"} {
		want[name] = sentence + "\n"
	}
	for _, name := range everyWord {
		w, _ := fixture(t)
		got := string(w.Answer(name, nil, nil))
		if expected, ok := want[name]; ok && got != expected {
			t.Errorf("%s: got %q, want %q", name, got, expected)
		} else if !ok && (got == "" || strings.Contains(got, sentence)) {
			t.Errorf("%s, which needs no tree, answers %q", name, got)
		}
	}
}

func TestAnswer_Whitelist(t *testing.T) {
	w, d := fixture(t)
	w.cfg.FourLetterWords = map[string]bool{"ruok": true}
	for _, name := range append([]string{"stmk"}, everyWord...) {
		figures, lists := w.Needs(name)
		got := string(w.Answer(name, make([]byte, 8), d))
		switch want := name + " is not executed because it is not in the whitelist.\n"; {
		case name == "ruok":
			if got != "imok" {
				t.Errorf("ruok answers %q", got)
			}
		case got != want:
			t.Errorf("%s answers %q, want %q", name, got, want)
		case figures || lists:
			t.Errorf("%s, refused, bothers the tree", name)
		}
	}
	if mask := w.mask.Load(); mask != defaultTraceMask {
		t.Errorf("a refused stmk has set the mask to %d", mask)
	}
}

func TestAnswer_UnknownWordsGetNothing(t *testing.T) {
	w, d := fixture(t)
	for _, name := range []string{"abcd", "kill", "", "RUOK"} {
		if got := w.Answer(name, nil, d); len(got) != 0 {
			t.Errorf("%q answers %q", name, got)
		}
	}
}

func TestAnswer_TraceMask(t *testing.T) {
	w, d := fixture(t)
	for mask, want := range map[int64]string{511: "511", -1: "-1", 306: "306"} {
		arg := binary.BigEndian.AppendUint64(nil, uint64(mask))
		if got := string(w.Answer("stmk", arg, d)); got != want {
			t.Errorf("stmk %d answers %q", mask, got)
		}
		if got := string(w.Answer("gtmk", nil, d)); got != want {
			t.Errorf("gtmk after stmk %d answers %q", mask, got)
		}
	}
	if got := w.Answer("stmk", []byte{1, 2}, d); len(got) != 0 {
		t.Errorf("stmk with two bytes answers %q", got)
	}
}

func TestAnswer_ResetsReset(t *testing.T) {
	w, d := fixture(t)
	w.Answer("srst", nil, d)
	if got := string(w.Answer("srvr", nil, d)); !strings.Contains(got, "Latency min/avg/max: 0/0.0/0\nReceived: 0\nSent: 0\n") {
		t.Errorf("after srst: %s", got)
	}
	w.Answer("crst", nil, d)
	if got := string(w.Answer("cons", nil, d)); !strings.Contains(got, "recved=0,sent=0,sid=") || !strings.Contains(got, "maxlat=0)") {
		t.Errorf("after crst: %s", got)
	}
}

// TestAnswer_RealHost looks at this machine and process.
func TestAnswer_RealHost(t *testing.T) {
	w, d := fixture(t)
	dir := t.TempDir()
	w.cfg.DataDir, w.cfg.DataLogDir = dir, dir
	if err := os.MkdirAll(filepath.Join(w.cfg.StateDir(), "state"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.cfg.StateDir(), "state", "f"), make([]byte, 12345), 0o644); err != nil {
		t.Fatal(err)
	}
	w.host = func() host { return inspect(w.cfg) }
	if got, want := string(w.Answer("dirs", nil, nil)), "datadir_size: 12345\nlogdir_size: 12345\n"; got != want {
		t.Errorf("dirs: got %q, want %q", got, want)
	}
	envi := string(w.Answer("envi", nil, nil))
	for _, pattern := range []string{`(?m)^zookeeper\.version=3\.8\.0-`, `(?m)^host\.name=.`, `(?m)^java\.version=`,
		`(?m)^os\.name=.`, `(?m)^os\.memory\.total=[1-9]\d*MB$`, `(?m)^user\.dir=/`} {
		if !regexp.MustCompile(pattern).MatchString(envi) {
			t.Errorf("envi lacks %s:\n%s", pattern, envi)
		}
	}
	mntr := string(w.Answer("mntr", nil, d))
	for line := range strings.Lines(mntr) {
		if !regexp.MustCompile(`^zk_[a-z_]+\t\S.*\n$`).MatchString(line) {
			t.Errorf("mntr line %q", line)
		}
	}
}
