package main

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"troupe/bench/client"
	"troupe/wire"
)

// TestServer_FourLetterWords asks a server that has a client for every word. Besides
// the client and the asker, connections of earlier words may not be counted out yet.
func TestServer_FourLetterWords(t *testing.T) {
	s := foreground(t)
	ctx := within(t)
	c, err := client.Dial(ctx, client.Options{Servers: []string{s.Addr}, SessionTimeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Abandon)
	if _, err := c.Create(ctx, "/e", []byte("x"), wire.OpenACL, wire.ModeEphemeral); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Get(ctx, "/e", true); err != nil {
		t.Fatal(err)
	}
	id := c.SessionID().String()
	_, port, _ := strings.Cut(s.Addr, ":")
	for word, pattern := range map[string]string{
		"ruok": `^imok$`,
		"stat": `^Zookeeper version: \d+\.\d+\.\d+-\S+, built on .*\nClients:\n( /127\.0\.0\.1:\d+\[[01]\]\(queued=\d+,recved=\d+,sent=\d+\)\n){2,}\nLatency min/avg/max: \d+/\d+\.\d+/\d+\nReceived: \d+\nSent: \d+\nConnections: [2-9]\nOutstanding: 0\nZxid: 0x2\nMode: standalone\nNode count: 6\n$`,
		"srvr": `^Zookeeper version: \d+\.\d+\.\d+-\S+, built on .*\nLatency min(.*\n){6}Mode: standalone\nNode count: 6\n$`,
		"mntr": `^zk_version\t3\.8\.0-(.*\n)+zk_server_state\tstandalone\n(.*\n)*zk_num_alive_connections\t[2-9]\n`,
		"conf": `^clientPort=` + port + `\n`,
		"cons": `(?m)^ /127\.0\.0\.1:\d+\[1\]\(queued=0,recved=\d+,sent=\d+,sid=` + id + `,lop=GETD,est=\d+,to=10000,lcxid=0x2,lzxid=0x2,lresp=\d+,llat=\d+,minlat=\d+,avglat=\d+,maxlat=\d+\)\n(.*\n)*\n$`,
		"dump": `\nephemeral nodes dump:\nSessions with Ephemerals \(1\):\n` + id + `:\n\t/e\n`,
		"envi": `^Environment:\nzookeeper\.version=3\.8\.0-(.*\n)+java\.version=`,
		"isro": `^rw$`,
		"dirs": `^datadir_size: [1-9]\d*\nlogdir_size: [1-9]\d*\n$`,
		"wchs": `^1 connections watching 1 paths\nTotal watches:1\n$`,
		"wchc": `^` + id + `\n\t/e\n\n$`,
		"wchp": `^/e\n\t` + id + `\n\n$`,
		"hash": `^2: -?\d+\n$`,
		"gtmk": `^306$`,
		"none": `^$`,
	} {
		answer, err := s.Word(ctx, word)
		if err != nil || !regexp.MustCompile(pattern).MatchString(answer) {
			t.Errorf("%s: %v\n%s\nwant %s", word, err, answer, pattern)
		}
	}
	for _, e := range [][2]string{{"stmk\x00\x00\x00\x00\x00\x00\x01\xff", "511"}, {"gtmk", "511"},
		{"crst", "Connection stats reset.\n"}, {"srst", "Server stats reset.\n"}} {
		if answer, err := s.Word(ctx, e[0]); err != nil || answer != e[1] {
			t.Errorf("%q: %q, %v", e[0], answer, err)
		}
	}
	if answer, err := s.Word(ctx, "cons"); err != nil || !strings.Contains(answer, "recved=0,sent=0,sid="+id) {
		t.Errorf("cons after crst: %q, %v", answer, err)
	}
}

func TestServer_FourLetterWordsOutsideTheWhitelist(t *testing.T) {
	s := foreground(t, "4lw.commands.whitelist=srvr,ruok")
	for word, want := range map[string]string{"ruok": "imok", "dump": "dump is not executed because it is not in the whitelist.\n"} {
		if answer, err := s.Word(within(t), word); err != nil || answer != want {
			t.Errorf("%s: %q, %v", word, answer, err)
		}
	}
}
