package config

import (
	"slices"
	"strings"
	"testing"

	"troupe/wire"
)

const (
	pair         = "initLimit=10\nsyncLimit=5\nserver.1=a:1:2\nserver.2=b:1:2\n"
	certificates = "sslQuorum=true\nssl.quorum.keyStore.location=/k.pem\nssl.quorum.trustStore.location=/t.pem\n"
)

func mustParse(t *testing.T, text string, id wire.ServerID) Config {
	t.Helper()
	c, _, err := parseString(enough + text)
	if err != nil {
		t.Fatal(err)
	}
	c.MyID = id
	return c
}

func TestConfig_WhoIsWho(t *testing.T) {
	const three = pair + "server.10=c:1:2\nserver.4=d:1:2:observer\n"
	for _, c := range []struct {
		name, text        string
		id                wire.ServerID
		ensemble          bool
		voters, observers []wire.ServerID
		others            int
		host              string
		observer          bool
	}{
		{"no lines", "", 0, false, []wire.ServerID{0}, nil, 0, "", false},
		{"one line", "server.5=a:1:2", 0, false, []wire.ServerID{0}, nil, 0, "", false},
		{"one line and myid", "server.5=a:1:2", 5, false, []wire.ServerID{5}, nil, 0, "a", false},
		{"one line of another", "server.5=a:1:2", 7, false, []wire.ServerID{7}, nil, 0, "", false},
		{"a voter", three, 10, true, []wire.ServerID{1, 2, 10}, []wire.ServerID{4}, 3, "c", false},
		{"an observer", three, 4, true, []wire.ServerID{1, 2, 10}, []wire.ServerID{4}, 3, "d", true},
		{"an observer of one", "initLimit=1\nsyncLimit=1\nserver.1=a:1:2\nserver.2=b:1:2:observer", 2, true,
			[]wire.ServerID{1}, []wire.ServerID{2}, 1, "b", true},
	} {
		got := mustParse(t, c.text, c.id)
		if got.Ensemble() != c.ensemble || !slices.Equal(got.Voters(), c.voters) || !slices.Equal(got.Observers(), c.observers) ||
			len(got.Others()) != c.others || got.Self().Host != c.host || got.Observer() != c.observer {
			t.Errorf("%s: ensemble %t, voters %v, observers %v, others %v, self %v", c.name, got.Ensemble(), got.Voters(),
				got.Observers(), got.Others(), got.Self())
		}
	}
	want := []wire.Member{{ID: 1, Voter: true}, {ID: 2, Voter: true}, {ID: 4}, {ID: 10, Voter: true}}
	if got := mustParse(t, three, 1).Members(); !slices.Equal(got, want) {
		t.Errorf("members %v", got)
	}
}

// TestConfigNode has what Apache ZooKeeper 3.8.0 keeps in /zookeeper/config.
func TestConfigNode(t *testing.T) {
	const limits = "initLimit=10\nsyncLimit=5\n"
	for _, c := range []struct{ name, text, want string }{
		{"alone", "server.1=a:1:2", ""},
		{"plain, and an observer",
			"server.3=127.0.0.1:21203:21303\nserver.1=127.0.0.1:21201:21301\nserver.2=localhost:21202:21302\n" +
				"server.4=127.0.0.1:21204:21304:observer\n",
			"server.1=127.0.0.1:21201:21301:participant\nserver.2=localhost:21202:21302:participant\n" +
				"server.3=127.0.0.1:21203:21303:participant\nserver.4=127.0.0.1:21204:21304:observer\nversion=0"},
		{"client ports",
			"server.1=127.0.0.1:22201:22301:participant;2181\nserver.2=localhost:22202:22302;localhost:22102\n" +
				"server.10=0.0.0.0:22203:22303;127.0.0.1:22103\n",
			"server.1=127.0.0.1:22201:22301:participant;0.0.0.0:2181\nserver.2=localhost:22202:22302:participant;localhost:22102\n" +
				"server.10=0.0.0.0:22203:22303:participant;127.0.0.1:22103\nversion=0"},
		{"IPv6",
			"server.3=[::1]:23201:23301\nserver.2=localhost:23202:23302:participant;[2001:db8::a0]:23102\n",
			"server.2=localhost:23202:23302:participant;[2001:db8:0:0:0:0:0:a0]:23102\n" +
				"server.3=[0:0:0:0:0:0:0:1]:23201:23301:participant\nversion=0"},
	} {
		if got := mustParse(t, limits+c.text, 0).ConfigNode(); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

// TestConf_Ensemble has what Apache ZooKeeper 3.8.0 answered to conf.
func TestConf_Ensemble(t *testing.T) {
	c := mustParse(t, "tickTime=2000\ninitLimit=10\nsyncLimit=5\nserver.1=127.0.0.1:21201:21301\n"+
		"server.2=localhost:21202:21302\nserver.4=127.0.0.1:21204:21304:observer\nquorumSecret=0123456789abcdef\n", 4)
	const want = `serverId=4
initLimit=10
syncLimit=5
electionAlg=3
electionPort=21304
quorumPort=21204
peerType=1
membership: 
server.1=127.0.0.1:21201:21301:participant
server.2=localhost:21202:21302:participant
server.4=127.0.0.1:21204:21304:observer
version=0`
	got := c.Conf(0, 0)
	if !strings.HasSuffix(got, "\n"+want) || strings.Contains(got, "0123456789abcdef") {
		t.Errorf("got\n%s\nwant at its end\n%s", got, want)
	}
}
