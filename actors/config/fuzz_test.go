package config

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// FuzzParse holds that no file makes the parser panic, that every refusal says
// why on lines of its own, and that what is accepted is within its bounds.
func FuzzParse(f *testing.F) {
	paths, err := filepath.Glob("testdata/*/*.cfg")
	if err != nil || len(paths) == 0 {
		f.Fatal(paths, err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, warnings, err := Parse(bytes.NewReader(data), "zoo.cfg")
		for _, w := range warnings {
			if strings.ContainsAny(w.String(), "\n\r") || w.Line < 1 || w.Line > len(data)+1 {
				t.Errorf("warning %q at %d", w, w.Line)
			}
		}
		if err != nil {
			checkRefusal(t, err)
			return
		}
		switch {
		case c.DataDir == "" || c.DataLogDir == "":
			t.Errorf("no directory: %+v", c)
		case c.ClientPort < 0 || c.ClientPort > 65535:
			t.Errorf("port %d", c.ClientPort)
		case c.TickTime <= 0 || c.MinSessionTimeout <= 0 || c.MinSessionTimeout > c.MaxSessionTimeout:
			t.Errorf("times: %+v", c)
		case c.MaxSessionTimeout > (1<<31-1)*time.Millisecond:
			t.Errorf("a session timeout that the protocol cannot say: %v", c.MaxSessionTimeout)
		case c.MaxClientCnxns < 0 || c.MaxCnxns < 0 || c.GlobalOutstandingLimit < 1 || c.JuteMaxBuffer < 1 || c.SnapCount < 2:
			t.Errorf("limits: %+v", c)
		case len(c.Servers) > 0 && len(c.Voters()) == 0:
			t.Errorf("nobody votes: %+v", c.Servers)
		case c.Ensemble() && (c.InitLimit < 1 || c.SyncLimit < 1 || c.PeerTimeout > time.Duration(c.SyncLimit)*c.TickTime):
			t.Errorf("limits of an ensemble: %+v", c)
		case c.Ensemble() && c.QuorumTLS != nil && len(c.QuorumSecret) > 0:
			t.Error("certificates and a secret")
		}
	})
}

func checkRefusal(t *testing.T, err error) {
	problems, ok := err.(Problems)
	if !ok {
		if !strings.HasPrefix(err.Error(), "read zoo.cfg: ") {
			t.Errorf("got %v", err)
		}
		return
	}
	if len(problems) == 0 {
		t.Error("a refusal without a reason")
	}
	for _, p := range problems {
		if s := p.String(); p.Reason == "" || strings.ContainsAny(s, "\n\r") || !strings.HasPrefix(s, "zoo.cfg:") {
			t.Errorf("problem %q", s)
		}
	}
}
